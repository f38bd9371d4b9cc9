use std::collections::BTreeMap;

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
    /// Whether the end of the partition was reached since it was assigned.
    pub caught_up: bool,
    /// Fates since this process took the partition over, committed ones only.
    pub counts: Counts,
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
