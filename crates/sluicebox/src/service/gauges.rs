use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use sluicebox_pipeline::{MemoryLimit, PartitionStatus, Phase};
use sluicebox_types::TopicPartition;

use super::observer::distance;

/// The gauges that add up, or take the worst of, the partitions of a topic.
#[derive(Debug, Default)]
pub(crate) struct TopicGauges {
    topics: BTreeMap<Arc<str>, TopicState>,
}

/// What is told of one topic.
#[derive(Clone, Debug, Default, PartialEq)]
struct TopicState {
    lag_records: u64,
    lag: Duration,
    uncommitted: u64,
    files: usize,
    file_bytes: usize,
    oldest_unflushed: Duration,
    window_entries: usize,
    window_bytes: usize,
    watermark_micros: Option<i64>,
}

impl TopicGauges {
    /// Sets all gauges. A topic whose partitions all went away is told as nothing, not as it was.
    pub(crate) fn set(
        &mut self,
        partitions: &BTreeMap<TopicPartition, PartitionStatus>,
        now_millis: i64,
        now: Duration,
    ) {
        set_phases(partitions);
        for state in self.topics.values_mut() {
            *state = TopicState::default();
        }
        for (partition, status) in partitions {
            let state = self.topics.entry(Arc::clone(&partition.topic)).or_default();
            state.add(status, now_millis, now);
        }
        for (topic, state) in &self.topics {
            state.set(topic);
        }
    }
}

/// Sets what is told of the memory limit. It moves within seconds, so it is asked for at each scrape.
pub(crate) fn set_memory(memory: &MemoryLimit) {
    gauge!("sluicebox_memory_limit_bytes").set(as_gauge(memory.limit_bytes()));
    gauge!("sluicebox_memory_used_bytes").set(as_gauge(memory.used_bytes()));
}

fn set_phases(partitions: &BTreeMap<TopicPartition, PartitionStatus>) {
    for (label, phase) in [
        ("assigning", Phase::Assigning),
        ("reading", Phase::Reading),
        ("halted", Phase::Halted),
    ] {
        let count = partitions
            .values()
            .filter(|status| status.phase == phase)
            .count();
        gauge!("sluicebox_partitions", "phase" => label).set(as_gauge(count));
    }
}

impl TopicState {
    fn add(&mut self, status: &PartitionStatus, now_millis: i64, now: Duration) {
        let holding = &status.holding;
        self.lag_records += status.lag_records();
        self.lag = self
            .lag
            .max(status.lag_time(now_millis).unwrap_or_default());
        self.uncommitted += distance(status.committed, status.position);
        self.files += holding.files;
        self.file_bytes += holding.file_bytes;
        let unflushed = holding.since.map(|since| now.saturating_sub(since));
        self.oldest_unflushed = self.oldest_unflushed.max(unflushed.unwrap_or_default());
        self.window_entries += holding.window_entries;
        self.window_bytes += holding.window_bytes;
        self.watermark_micros = match (self.watermark_micros, status.watermark_micros) {
            (Some(topic), Some(partition)) => Some(topic.min(partition)),
            (topic, partition) => topic.or(partition),
        };
    }

    fn set(&self, topic: &str) {
        let labels = [("topic", topic.to_owned())];
        let (lag_records, uncommitted) = (self.lag_records, self.uncommitted);
        gauge!("sluicebox_consumer_lag_records", &labels).set(as_gauge(lag_records));
        gauge!("sluicebox_consumer_lag_seconds", &labels).set(self.lag.as_secs_f64());
        gauge!("sluicebox_uncommitted_records", &labels).set(as_gauge(uncommitted));
        gauge!("sluicebox_files_open", &labels).set(as_gauge(self.files));
        gauge!("sluicebox_files_buffered_bytes", &labels).set(as_gauge(self.file_bytes));
        gauge!("sluicebox_files_oldest_unflushed_seconds", &labels)
            .set(self.oldest_unflushed.as_secs_f64());
        gauge!("sluicebox_dedup_window_entries", &labels).set(as_gauge(self.window_entries));
        gauge!("sluicebox_dedup_window_bytes", &labels).set(as_gauge(self.window_bytes));
        if let Some(micros) = self.watermark_micros {
            gauge!("sluicebox_event_time_watermark_timestamp_seconds", &labels)
                .set(as_gauge(micros / 1_000_000));
        }
    }
}

/// A gauge is floating point: a count beyond 2^53 loses its last digits.
pub(crate) fn as_gauge(count: impl TryInto<i64>) -> f64 {
    let count = count.try_into().unwrap_or(i64::MAX);
    #[expect(clippy::cast_precision_loss, reason = "a gauge has no more digits")]
    let gauge = count as f64;
    gauge
}

#[cfg(test)]
mod tests {
    use sluicebox_pipeline::Holding;

    use super::*;

    /// A topic is as far behind as its worst partition, and holds what all of them hold.
    #[test]
    fn a_topic_adds_up_its_partitions() {
        let behind = PartitionStatus {
            position: 70,
            committed: 50,
            log_end: Some(100),
            read_timestamp_millis: Some(4_000),
            watermark_micros: Some(3),
            holding: Holding {
                files: 2,
                file_bytes: 10,
                since: Some(Duration::from_secs(1)),
                window_entries: 5,
                window_bytes: 80,
            },
            ..PartitionStatus::default()
        };
        let at_the_end = PartitionStatus {
            position: 100,
            read_timestamp_millis: Some(0),
            watermark_micros: Some(9),
            ..behind.clone()
        };
        let mut state = TopicState::default();
        for status in [&behind, &at_the_end] {
            state.add(status, 10_000, Duration::from_secs(5));
        }
        let expected = TopicState {
            lag_records: 30,
            lag: Duration::from_secs(6),
            uncommitted: 70,
            files: 4,
            file_bytes: 20,
            oldest_unflushed: Duration::from_secs(4),
            window_entries: 10,
            window_bytes: 160,
            watermark_micros: Some(3),
        };
        assert_eq!(state, expected);
    }

    /// A topic that went away to another instance is not told as it was when it went.
    #[test]
    fn a_topic_that_went_away_is_behind_by_nothing() {
        let partition = TopicPartition::new("t", 0);
        let status = PartitionStatus {
            log_end: Some(9),
            ..PartitionStatus::default()
        };
        let mut gauges = TopicGauges::default();
        gauges.set(&BTreeMap::from([(partition, status)]), 0, Duration::ZERO);
        assert_eq!(gauges.topics["t"].lag_records, 9);
        gauges.set(&BTreeMap::new(), 0, Duration::ZERO);
        assert_eq!(gauges.topics["t"], TopicState::default());
    }
}
