use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::FairMutex;
use rdkafka::Offset as ClientOffset;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataPartition;
use rdkafka::topic_partition_list::{TopicPartitionList, TopicPartitionListElem};
use sluicebox_config::{StartPosition, TopicSelector};
use sluicebox_pipeline::ports::{Committed, PartitionState, SourceControl, SourceError};
use sluicebox_types::{Offset, TopicPartition};

use crate::commit::Commits;
use crate::error::code_of;
use crate::first_sight::FirstSight;
use crate::native::{self, Consumer};
use crate::quiet::Quiet;
use crate::rebalance::Assignment;
use crate::selection::for_topic;

/// How long the brokers may take for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long they may take where it can be done without an answer: a drain may be waiting.
const OPTIONAL_ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The driver's handle on the consumer.
pub struct KafkaControl {
    pub(crate) consumer: Arc<Consumer>,
    /// Asks about topics, on connections of its own. A broker answers what comes over one connection
    /// in order, and holds back a fetch for `fetch.wait.max.ms` while there is nothing to read: so
    /// long would a question of the consumer's wait.
    pub(crate) onlooker: BaseConsumer<Quiet>,
    pub(crate) assignment: Arc<Assignment>,
    /// Held by the polling thread during each of its turns.
    pub(crate) turn: Arc<FairMutex<()>>,
    pub(crate) commits: Arc<Commits>,
    pub(crate) topics: Vec<(TopicSelector, StartPosition)>,
    pub(crate) first_sight: FirstSight,
}

impl fmt::Debug for KafkaControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaControl")
            .field("topics", &self.topics)
            .finish_non_exhaustive()
    }
}

impl SourceControl for KafkaControl {
    fn describe(&self, partitions: &[TopicPartition]) -> Result<Vec<PartitionState>, SourceError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        self.look_at_first(ANSWER_TIMEOUT)?;
        let committed = self.committed(partitions)?;
        let lows = self.offsets_at(partitions, |_| ClientOffset::Beginning)?;
        let highs = self.offsets_at(partitions, |_| ClientOffset::End)?;
        let by_time = self.starts_by_time(partitions)?;
        let topic_ids = self.topic_ids(partitions)?;
        let states = partitions
            .iter()
            .zip(committed)
            .zip(lows)
            .zip(highs)
            .zip(by_time);
        Ok(states
            .map(|((((partition, committed), low), high), by_time)| {
                let low = low.unwrap_or(0);
                let high = high.unwrap_or(low);
                let configured_start = match self.start_of(partition) {
                    StartPosition::Earliest => low,
                    StartPosition::Latest if self.first_sight.saw(partition) => high,
                    StartPosition::Latest => low,
                    StartPosition::Timestamp(_) => by_time.unwrap_or(high),
                    StartPosition::Offsets(topics) => topics
                        .get(partition.topic.as_ref())
                        .and_then(|offsets| offsets.get(&partition.partition))
                        .copied()
                        .unwrap_or(low),
                };
                let partition = partition.clone();
                PartitionState {
                    topic_id: topic_ids.get(partition.topic.as_ref()).cloned(),
                    partition,
                    committed,
                    low,
                    high,
                    configured_start,
                }
            })
            .collect())
    }

    fn partitions(&self) -> Result<Vec<TopicPartition>, SourceError> {
        let metadata = self.onlooker.client().fetch_metadata(None, ANSWER_TIMEOUT);
        let metadata = metadata.map_err(|error| unanswered("topics", &error))?;
        let topics = metadata.topics().iter();
        let read = topics.filter(|topic| for_topic(&self.topics, topic.name()).is_some());
        let partitions = read.flat_map(|topic| {
            let numbers = topic.partitions().iter().map(MetadataPartition::id);
            numbers.map(|number| TopicPartition::new(topic.name(), number))
        });
        Ok(partitions.collect())
    }

    fn topic_id(&self, topic: &str) -> Option<String> {
        let told = native::topic_ids(self.onlooker.client(), &[topic], OPTIONAL_ANSWER_TIMEOUT);
        let told = told.inspect_err(|why| tracing::debug!(topic, why, "no id of the topic"));
        told.ok()?.remove(topic)
    }

    fn commit(&self, partition: &TopicPartition, offset: Offset, metadata: &str) {
        self.commits.send(partition, offset, metadata);
    }

    fn flush_commits(&self, timeout: Duration) {
        self.commits.flush(timeout);
    }

    fn resume_at(&self, partition: &TopicPartition, offset: Offset) -> Result<(), SourceError> {
        let refuse = |why: String| {
            SourceError::Transient(format!(
                "{partition} cannot be read from {offset} on: {why}"
            ))
        };
        match self.seek(partition, offset) {
            Ok(()) => {}
            Err(error) if code_of(&error) == Some(RDKafkaErrorCode::State) => {
                let turn = self.turn.try_lock_for(ANSWER_TIMEOUT);
                let _turn = turn.ok_or_else(|| refuse("a rebalance is going on".to_owned()))?;
                let ours = self.assignment.restart(partition, offset);
                if !ours.map_err(|error| refuse(error.to_string()))? {
                    return Err(refuse("it is not ours any more".to_owned()));
                }
            }
            Err(error) => return Err(refuse(error.to_string())),
        }
        let resumed = list([(partition, ClientOffset::Invalid)])
            .and_then(|resumed| self.consumer.resume(&resumed));
        resumed.map_err(|error| refuse(error.to_string()))
    }

    fn log_end(&self, partition: &TopicPartition) -> Option<Offset> {
        native::fetched_log_end(&self.consumer, partition)
    }

    fn pause(&self, partitions: &[TopicPartition]) {
        let mut paused = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            paused.add_partition(&partition.topic, partition.partition);
        }
        if let Err(error) = self.consumer.pause(&paused) {
            tracing::warn!(?partitions, %error, "partitions were not paused");
        }
    }
}

impl KafkaControl {
    /// Lets the client that asks do what it has to, such as to fetch a token.
    pub(crate) fn serve(&self) {
        // It reads nothing, and its errors have been told to its context.
        let _nothing = self.onlooker.poll(Duration::ZERO);
    }

    /// Sees which partitions there are before any can be added, where that makes a difference.
    pub(crate) fn look_at_first(&self, timeout: Duration) -> Result<(), SourceError> {
        let at_end = |(_, start): &(_, _)| matches!(start, StartPosition::Latest);
        if !self.topics.iter().any(at_end) {
            return Ok(());
        }
        let looked = self.first_sight.look(self.onlooker.client(), timeout);
        looked.map_err(|error| unanswered("topics", &error))
    }

    /// The client makes everything outdated that it has fetched of this partition before it
    /// answers, wherever it is queued.
    fn seek(&self, partition: &TopicPartition, offset: Offset) -> Result<(), ClientError> {
        let target = list([(partition, ClientOffset::Offset(offset))])?;
        let answer = self.consumer.seek_partitions(target, ANSWER_TIMEOUT)?;
        answer
            .elements()
            .iter()
            .try_for_each(TopicPartitionListElem::error)
    }

    fn start_of(&self, partition: &TopicPartition) -> &StartPosition {
        for_topic(&self.topics, &partition.topic).unwrap_or(&StartPosition::Earliest)
    }

    fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, SourceError> {
        let wanted = list(
            partitions
                .iter()
                .map(|partition| (partition, ClientOffset::Invalid)),
        )
        .map_err(|error| unanswered("committed offsets", &error))?;
        let found = self
            .consumer
            .committed_offsets(wanted, ANSWER_TIMEOUT)
            .map_err(|error| unanswered("committed offsets", &error))?;
        let metadata = native::committed_metadata(&found);
        let elements = found.elements();
        elements
            .iter()
            .zip(metadata)
            .map(|(element, metadata)| {
                element
                    .error()
                    .map_err(|error| unanswered("committed offsets", &error))?;
                Ok(match element.offset() {
                    ClientOffset::Offset(offset) => Some(Committed { offset, metadata }),
                    _ => None,
                })
            })
            .collect()
    }

    fn topic_ids(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<String, String>, SourceError> {
        let topics: BTreeSet<&str> = partitions
            .iter()
            .map(|partition| partition.topic.as_ref())
            .collect();
        let topics: Vec<&str> = topics.into_iter().collect();
        native::topic_ids(self.onlooker.client(), &topics, ANSWER_TIMEOUT).map_err(|why| {
            SourceError::Transient(format!("the brokers do not describe the topics: {why}"))
        })
    }

    /// The offset at a moment of each partition, in one request to each leader; `None` where no
    /// record is as young. Kafka's ListOffsets takes "earliest" and "latest" as moments too, as
    /// -2 and -1, and with `read_committed` the latest is the last stable offset.
    fn offsets_at(
        &self,
        partitions: &[TopicPartition],
        moment: impl Fn(&TopicPartition) -> ClientOffset,
    ) -> Result<Vec<Option<Offset>>, SourceError> {
        let wanted = list(
            partitions
                .iter()
                .map(|partition| (partition, moment(partition))),
        )
        .map_err(|error| unanswered("offsets", &error))?;
        let found = self
            .onlooker
            .offsets_for_times(wanted, ANSWER_TIMEOUT)
            .map_err(|error| unanswered("offsets", &error))?;
        let elements = found.elements();
        elements
            .iter()
            .map(|element| {
                element
                    .error()
                    .map_err(|error| unanswered("offsets", &error))?;
                Ok(match element.offset() {
                    ClientOffset::Offset(offset) => Some(offset),
                    _ => None,
                })
            })
            .collect()
    }

    /// Asks only where a start is given as a moment.
    fn starts_by_time(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Offset>>, SourceError> {
        let moment = |partition: &TopicPartition| match self.start_of(partition) {
            StartPosition::Timestamp(moment) => Some(moment.as_millis().max(0)),
            _ => None,
        };
        if partitions
            .iter()
            .all(|partition| moment(partition).is_none())
        {
            return Ok(vec![None; partitions.len()]);
        }
        self.offsets_at(partitions, |partition| {
            moment(partition).map_or(ClientOffset::End, ClientOffset::Offset)
        })
    }
}

fn list<'a>(
    partitions: impl IntoIterator<Item = (&'a TopicPartition, ClientOffset)>,
) -> Result<TopicPartitionList, ClientError> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in partitions {
        list.add_partition_offset(&partition.topic, partition.partition, offset)?;
    }
    Ok(list)
}

fn unanswered(what: &str, error: &ClientError) -> SourceError {
    SourceError::Transient(format!("the brokers do not tell the {what}: {error}"))
}
