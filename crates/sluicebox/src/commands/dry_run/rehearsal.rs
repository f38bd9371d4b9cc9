use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sluicebox_config::{Config, LakeUrl, StartPosition};
use sluicebox_pipeline::ports::{
    PartitionState, RecordQueue, SourceBatch, SourceControl, SourceError, SourceEvent,
};
use sluicebox_types::{Offset, TopicPartition};

use crate::commands::throwaway_group;
use crate::service::Stop;
use crate::wiring::Pipeline;

/// The same config with another lake and another group. What begins at the end of a topic begins
/// at its start here, for else there would be nothing to see.
pub(super) fn config(config: &Config, folder: &Path) -> Config {
    let mut config = config.clone();
    config.kafka.group_id = throwaway_group(&config);
    config.lake.url = LakeUrl::File(folder.join("lake"));
    config.lake.control = LakeUrl::File(folder.join("control"));
    config.notify = Vec::new();
    config.catalog = None;
    for topic in &mut config.topics {
        topic.dead_letter = None;
        if topic.start == StartPosition::Latest {
            topic.start = StartPosition::Earliest;
        }
    }
    config
}

/// The same pipeline, which hands out `limit` records, then stops; and commits nothing to Kafka.
pub(super) fn limited<Q: RecordQueue>(
    pipeline: Pipeline<Q>,
    limit: u64,
    stop: &Arc<Stop>,
) -> Pipeline<LimitedQueue<Q>> {
    let Pipeline {
        source,
        queues,
        control,
        catalog,
        env,
    } = pipeline;
    let budget = Arc::new(Budget {
        limit,
        reserved: AtomicU64::new(0),
        read: AtomicU64::new(0),
    });
    let limited = |queue| LimitedQueue {
        queue,
        budget: Arc::clone(&budget),
        stop: Arc::clone(stop),
    };
    Pipeline {
        source,
        queues: queues.into_iter().map(limited).collect(),
        control: Arc::new(OnlyReading(control)),
        catalog,
        env,
    }
}

/// How many records may be read, by all workers together.
#[derive(Debug)]
struct Budget {
    limit: u64,
    reserved: AtomicU64,
    read: AtomicU64,
}

impl Budget {
    /// Takes up to `wanted` of what is left, so that workers never read too much together.
    fn reserve(&self, wanted: u64) -> u64 {
        let take = |reserved: u64| Some(reserved.saturating_add(wanted).min(self.limit));
        let before = self
            .reserved
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        wanted.min(self.limit.saturating_sub(before.unwrap_or(self.limit)))
    }

    /// Gives back what was not read. Answers whether everything has been read.
    fn settle(&self, reserved: u64, read: u64) -> bool {
        self.reserved
            .fetch_sub(reserved.saturating_sub(read), Ordering::AcqRel);
        self.read
            .fetch_add(read, Ordering::AcqRel)
            .saturating_add(read)
            >= self.limit
    }
}

/// Hands out records within the budget, and ends the work with it.
pub(super) struct LimitedQueue<Q> {
    queue: Q,
    budget: Arc<Budget>,
    stop: Arc<Stop>,
}

impl<Q: RecordQueue> RecordQueue for LimitedQueue<Q> {
    type Batch = Q::Batch;

    fn poll(&mut self, records_max: usize, timeout: Duration) -> Q::Batch {
        let reserved = self
            .budget
            .reserve(u64::try_from(records_max).unwrap_or(u64::MAX));
        let batch = self
            .queue
            .poll(usize::try_from(reserved).unwrap_or(records_max), timeout);
        let is_record =
            |index: &usize| matches!(batch.event(*index), Some(SourceEvent::Record(..)));
        let read = (0..batch.len()).filter(is_record).count();
        if self
            .budget
            .settle(reserved, u64::try_from(read).unwrap_or(u64::MAX))
        {
            self.stop.request();
        }
        batch
    }
}

/// Reads, and leaves no trace in the group.
#[derive(Debug)]
struct OnlyReading(Arc<dyn SourceControl>);

impl SourceControl for OnlyReading {
    fn describe(&self, partitions: &[TopicPartition]) -> Result<Vec<PartitionState>, SourceError> {
        self.0.describe(partitions)
    }

    fn partitions(&self) -> Result<Vec<TopicPartition>, SourceError> {
        self.0.partitions()
    }

    fn topic_id(&self, topic: &str) -> Option<String> {
        self.0.topic_id(topic)
    }

    fn commit(&self, _partition: &TopicPartition, _offset: Offset, _metadata: &str) {}

    fn flush_commits(&self, _timeout: Duration) {}

    fn resume_at(&self, partition: &TopicPartition, offset: Offset) -> Result<(), SourceError> {
        self.0.resume_at(partition, offset)
    }

    fn log_end(&self, partition: &TopicPartition) -> Option<Offset> {
        self.0.log_end(partition)
    }

    fn pause(&self, partitions: &[TopicPartition]) {
        self.0.pause(partitions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Workers together read no more than the limit, and the last one to read ends the work.
    #[test]
    fn a_budget_is_spent_once() {
        let budget = Budget {
            limit: 10,
            reserved: AtomicU64::new(0),
            read: AtomicU64::new(0),
        };
        assert_eq!(budget.reserve(8), 8);
        assert_eq!(budget.reserve(8), 2);
        assert_eq!(budget.reserve(8), 0);
        assert!(!budget.settle(0, 0));
        assert!(!budget.settle(8, 3));
        assert_eq!(budget.reserve(8), 5);
        assert!(!budget.settle(2, 2));
        assert!(budget.settle(5, 5));
        assert_eq!(budget.reserve(1), 0);
    }
}
