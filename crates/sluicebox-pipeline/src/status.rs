use std::collections::BTreeMap;
use std::time::Duration;

use dashmap::DashMap;
use sluicebox_chain::Counts;
use sluicebox_types::{Offset, TopicPartition};

/// Where every partition of this process stands; written by workers, read by the console, by
/// metrics and by whoever waits for the end of a bounded pass.
#[derive(Debug, Default)]
pub struct StatusBoard {
    partitions: DashMap<TopicPartition, PartitionStatus>,
    left_behind: DashMap<TopicPartition, &'static str>,
}

/// One partition's state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionStatus {
    /// What it is doing.
    pub phase: Phase,
    /// The next offset to read.
    pub position: Offset,
    /// The first offset that is not committed.
    pub committed: Offset,
    /// The offset after the last record that the brokers were heard to hold, once they were.
    pub log_end: Option<Offset>,
    /// Kafka's timestamp of the last record read, milliseconds since 1970-01-01 UTC.
    pub read_timestamp_millis: Option<i64>,
    /// Latest event time in the files published since the partition was taken over, microseconds
    /// since 1970-01-01 UTC.
    pub watermark_micros: Option<i64>,
    /// What it keeps in memory.
    pub holding: Holding,
    /// Whether the end of the partition was reached since it was assigned.
    pub caught_up: bool,
    /// Fates since this process took the partition over, committed ones only.
    pub counts: Counts,
}

/// What a partition keeps in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Files that are open, golden and quarantine.
    pub files: usize,
    /// Bytes that these hold in memory.
    pub file_bytes: usize,
    /// When the oldest record in them was read, on the monotonic clock.
    pub since: Option<Duration>,
    /// Keys in the dedup window.
    pub window_entries: usize,
    /// Bytes of the dedup window.
    pub window_bytes: usize,
}

/// What a partition is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Its chain is being looked up.
    #[default]
    Assigning,
    /// It is read.
    Reading,
    /// It must not be touched until a person has looked; the reason is on `/readyz`.
    Halted,
}

impl PartitionStatus {
    /// Records that the brokers hold and that were not read yet, as far as is known.
    #[must_use]
    pub fn lag_records(&self) -> u64 {
        let end = self.log_end.unwrap_or(self.position);
        u64::try_from(end.saturating_sub(self.position)).unwrap_or(0)
    }

    /// How long ago Kafka stamped the last record read, while there are others to read; none at the
    /// end of the partition, and before the first record.
    #[must_use]
    pub fn lag_time(&self, now_millis: i64) -> Option<Duration> {
        let read = self
            .read_timestamp_millis
            .filter(|_| self.lag_records() > 0)?;
        let millis = u64::try_from(now_millis.saturating_sub(read)).unwrap_or(0);
        Some(Duration::from_millis(millis))
    }
}

impl StatusBoard {
    /// Changes one partition's entry, making it if it is new.
    pub fn update(&self, partition: &TopicPartition, change: impl FnOnce(&mut PartitionStatus)) {
        if let Some(mut entry) = self.partitions.get_mut(partition) {
            change(&mut entry);
            return;
        }
        let mut status = PartitionStatus::default();
        change(&mut status);
        self.partitions.insert(partition.clone(), status);
    }

    /// Notes where the log of each partition ends, by what `log_end` knows.
    pub fn note_log_ends(&self, log_end: impl Fn(&TopicPartition) -> Option<Offset>) {
        for mut entry in self.partitions.iter_mut() {
            if let Some(end) = log_end(entry.key()) {
                entry.log_end = Some(end);
            }
        }
    }

    /// Whether a partition waits for a person.
    #[must_use]
    pub fn is_halted(&self, partition: &TopicPartition) -> bool {
        self.partitions
            .get(partition)
            .is_some_and(|entry| entry.phase == Phase::Halted)
    }

    /// A partition went away without being committed to where it was read, and why.
    pub fn leave_behind(&self, partition: &TopicPartition, why: &'static str) {
        self.left_behind.insert(partition.clone(), why);
    }

    /// A partition is read again, from where it was committed: nothing of it is left behind.
    pub fn take_back(&self, partition: &TopicPartition) {
        self.left_behind.remove(partition);
    }

    /// What went away uncommitted, ordered: a bounded pass that left something behind has failed.
    #[must_use]
    pub fn left_behind(&self) -> BTreeMap<TopicPartition, &'static str> {
        self.left_behind
            .iter()
            .map(|entry| (entry.key().clone(), *entry.value()))
            .collect()
    }

    /// Forgets a partition that went away.
    pub fn remove(&self, partition: &TopicPartition) {
        self.partitions.remove(partition);
    }

    /// A copy of everything, ordered.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<TopicPartition, PartitionStatus> {
        self.partitions
            .iter()
            .map(|entry| (entry.key().clone(), entry.value().clone()))
            .collect()
    }

    /// Whether there are partitions, and all were read to their end (or are halted).
    #[must_use]
    pub fn all_caught_up(&self) -> bool {
        let mut any = false;
        for entry in &self.partitions {
            any = true;
            if !entry.caught_up && entry.phase != Phase::Halted {
                return false;
            }
        }
        any
    }
}
