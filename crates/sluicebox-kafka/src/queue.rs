use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use sluicebox_pipeline::ports::{RecordQueue, SourceBatch, SourceError, SourceEvent};
use sluicebox_types::{Offset, SourceRecord, TopicPartition};

use crate::doubt::Doubt;
use crate::native::{Message, Messages, NativeQueue};

/// One worker's records. librdkafka's threads fetch, check and decompress; this end only takes
/// pointers, so that a record costs a fraction of what a poll by itself costs.
#[derive(Debug)]
pub struct KafkaQueue {
    queue: Arc<NativeQueue>,
    /// Names seen so far: as many as topics are read, so that a record needs no allocation.
    topics: HashSet<Arc<str>>,
    doubt: Doubt,
}

impl KafkaQueue {
    pub(crate) fn new(queue: Arc<NativeQueue>) -> Self {
        Self {
            queue,
            topics: HashSet::new(),
            doubt: Doubt::default(),
        }
    }

    fn partition_of(&mut self, message: &Message) -> TopicPartition {
        let name = message.topic();
        let topic = self.topics.get(name.as_ref()).cloned().unwrap_or_else(|| {
            let topic: Arc<str> = Arc::from(name.as_ref());
            self.topics.insert(Arc::clone(&topic));
            topic
        });
        TopicPartition::new(topic, message.partition())
    }

    fn doubt_of(&mut self, partition: &TopicPartition, message: &Message) -> Option<Offset> {
        if is_record(message) {
            self.doubt.pass(partition, message.offset())
        } else {
            self.doubt.tell(partition, message.offset())
        }
    }
}

impl RecordQueue for KafkaQueue {
    type Batch = KafkaBatch;

    fn poll(&mut self, records_max: usize, timeout: Duration) -> KafkaBatch {
        let messages = self.queue.messages(records_max, timeout);
        let mut partitions = Vec::new();
        let mut partition_of = Vec::with_capacity(messages.len());
        let mut in_doubt = BTreeMap::new();
        let mut previous: Option<&Message> = None;
        for (index, message) in messages.iter().enumerate() {
            let same = previous.filter(|previous| previous.same_partition(message));
            if same.is_none() {
                partitions.push(self.partition_of(message));
            }
            partition_of.push(partitions.len() - 1);
            // Between two records of one run nothing was told.
            if (!is_record(message) || !same.is_some_and(is_record))
                && let Some(partition) = partitions.last()
                && let Some(expected) = self.doubt_of(partition, message)
            {
                in_doubt.insert(index, expected);
            }
            previous = Some(message);
        }
        KafkaBatch {
            messages,
            partitions,
            partition_of,
            in_doubt,
        }
    }
}

/// Records borrowed from librdkafka's fetch buffers.
pub struct KafkaBatch {
    messages: Messages,
    /// The partition of each run of messages.
    partitions: Vec<TopicPartition>,
    /// Index into `partitions`, for each message.
    partition_of: Vec<usize>,
    /// By index: the offset that was left out before this message, as it seems.
    in_doubt: BTreeMap<usize, Offset>,
}

impl std::fmt::Debug for KafkaBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaBatch")
            .field("len", &self.messages.len())
            .finish_non_exhaustive()
    }
}

impl SourceBatch for KafkaBatch {
    fn len(&self) -> usize {
        self.messages.len()
    }

    fn event(&self, index: usize) -> Option<SourceEvent<'_>> {
        let message = self.messages.get(index)?;
        let partition = self.partitions.get(*self.partition_of.get(index)?)?;
        if let Some(expected) = self.in_doubt.get(&index) {
            let why = format!(
                "{partition} went on at offset {} and left {expected} out: asking for it again",
                message.offset()
            );
            let doubt = SourceError::OffsetOutOfRange(why);
            return Some(SourceEvent::Failed(partition, doubt));
        }
        Some(match message.code() {
            RDKafkaErrorCode::NoError => SourceEvent::Record(partition, record(message)),
            RDKafkaErrorCode::PartitionEOF => {
                SourceEvent::EndOfPartition(partition, message.offset())
            }
            code => SourceEvent::Failed(partition, failure(partition, message, code)),
        })
    }
}

fn is_record(message: &Message) -> bool {
    message.code() == RDKafkaErrorCode::NoError
}

fn record(message: &Message) -> SourceRecord<'_> {
    let (timestamp_millis, timestamp_type) = message.timestamp();
    SourceRecord {
        offset: message.offset(),
        timestamp_millis,
        timestamp_type,
        key: message.key(),
        value: message.value(),
        headers: message,
    }
}

fn failure(partition: &TopicPartition, message: &Message, code: RDKafkaErrorCode) -> SourceError {
    let text = message.error_text();
    match code {
        RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange => {
            SourceError::OffsetOutOfRange(format!(
                "{partition} has no offset {}: retention has passed it, or the topic was made anew \
                 ({text})",
                message.offset()
            ))
        }
        RDKafkaErrorCode::TopicAuthorizationFailed => SourceError::Forbidden(format!(
            "reading {partition} is not allowed: grant READ on the topic to this user ({text})"
        )),
        RDKafkaErrorCode::BadMessage | RDKafkaErrorCode::BadCompression => {
            SourceError::Permanent(format!(
                "{partition} is damaged near offset {}: compare its replicas on the brokers ({text})",
                message.offset()
            ))
        }
        _ => SourceError::Transient(format!("{partition} cannot be fetched now: {text}")),
    }
}
