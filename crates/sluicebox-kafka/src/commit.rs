use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset as ClientOffset, TopicPartitionList};
use sluicebox_types::{Offset, TopicPartition};

use crate::native::{CommitAnswer, Consumer, NativeQueue};

/// How long one look at the queue lasts while [`Commits::flush`] waits: the polling thread may take
/// the last answer meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Commits under way. Their answers come to a queue of their own, so that they can be awaited
/// inside the rebalance callback, where the consumer's queue is not served.
#[derive(Debug)]
pub(crate) struct Commits {
    answers: NativeQueue,
    unanswered: AtomicUsize,
    /// The last commit of each partition, until the group has taken it: offset and metadata.
    untaken: Mutex<BTreeMap<TopicPartition, (Offset, String)>>,
}

impl Commits {
    pub(crate) fn new(client: &Arc<Consumer>) -> Option<Self> {
        Some(Self {
            answers: NativeQueue::new(client)?,
            unanswered: AtomicUsize::new(0),
            untaken: Mutex::default(),
        })
    }

    /// Sends one commit.
    pub(crate) fn send(&self, partition: &TopicPartition, offset: Offset, metadata: &str) {
        let mut offsets = TopicPartitionList::with_capacity(1);
        let mut element = offsets.add_partition(&partition.topic, partition.partition);
        if element.set_offset(ClientOffset::Offset(offset)).is_err() {
            tracing::warn!(%partition, offset, "a negative offset was not committed");
            return;
        }
        element.set_metadata(metadata);
        let untaken = (offset, metadata.to_owned());
        self.untaken.lock().insert(partition.clone(), untaken);
        self.unanswered.fetch_add(1, Ordering::AcqRel);
        if let Err(error) = self.answers.commit(&offsets) {
            self.settle(&CommitAnswer {
                partitions: format!("{partition}={offset}"),
                error: Some(error),
            });
        }
    }

    /// Sends again what fell into a rebalance: on a partition that has gone quiet no later commit
    /// would make up for it, and the group would show a lag for ever.
    pub(crate) fn again(&self, is_ours: impl Fn(&TopicPartition) -> bool) {
        if self.unanswered.load(Ordering::Acquire) > 0 {
            return;
        }
        let untaken = std::mem::take(&mut *self.untaken.lock());
        for (partition, (offset, metadata)) in untaken {
            if is_ours(&partition) {
                self.send(&partition, offset, &metadata);
            }
        }
    }

    /// Forgets what was not taken of partitions that go: their next owner may be further by now.
    pub(crate) fn forget(&self, revoked: &TopicPartitionList) {
        let mut untaken = self.untaken.lock();
        for element in revoked.elements() {
            untaken.remove(&TopicPartition::new(element.topic(), element.partition()));
        }
    }

    /// Takes the answers that are there.
    pub(crate) fn serve(&self) {
        while let Some(answer) = self.answers.commit_answer(Duration::ZERO) {
            self.settle(&answer);
        }
    }

    /// Waits until every commit is answered, about `timeout` at most.
    pub(crate) fn flush(&self, timeout: Duration) {
        let mut left = timeout;
        while self.unanswered.load(Ordering::Acquire) > 0 && !left.is_zero() {
            let look = left.min(LOOK);
            match self.answers.commit_answer(look) {
                Some(answer) => self.settle(&answer),
                None => left = left.saturating_sub(look),
            }
        }
    }

    fn settle(&self, answer: &CommitAnswer) {
        self.unanswered.fetch_sub(1, Ordering::AcqRel);
        let outcome = if answer.error.is_some() {
            "failed"
        } else {
            "ok"
        };
        metrics::counter!("sluicebox_offset_commits_total", "outcome" => outcome).increment(1);
        let CommitAnswer { partitions, error } = answer;
        match error {
            None => {
                self.taken(partitions);
                tracing::debug!(%partitions, "committed");
            }
            // The group moves on; the next commit carries a larger offset, or this one is repeated.
            Some(
                error @ (RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::RebalanceInProgress
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::StaleMemberEpoch),
            ) => tracing::debug!(%partitions, %error, "commit fell into a rebalance"),
            Some(error) => {
                self.taken(partitions);
                tracing::warn!(
                    %partitions,
                    %error,
                    "the group's offset was not committed; the lake's own chain is the truth, only \
                     the lag shown for the group is stale"
                );
            }
        }
    }

    /// Nothing more is to be done for what was answered, unless something newer was sent since.
    fn taken(&self, answered: &str) {
        self.untaken
            .lock()
            .retain(|partition, (offset, _)| format!("{partition}={offset}") != answered);
    }
}
