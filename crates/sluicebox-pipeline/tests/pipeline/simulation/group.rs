use std::sync::Arc;

use parking_lot::Mutex;
use sluicebox_pipeline::ports::Committed;

/// The consumer group: who owns which partition, and what was committed.
#[derive(Debug)]
pub(super) struct Group(Mutex<Vec<Seat>>);

#[derive(Clone, Debug, Default)]
struct Seat {
    owner: Owner,
    committed: Option<Committed>,
}

/// Whose a partition is, as the group sees it. What a member believes may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Owner {
    #[default]
    Nobody,
    Member(u64),
    /// It was asked to give the partition back, and has not yet.
    Leaving(u64),
}

impl Group {
    pub(super) fn new(partitions: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(vec![Seat::default(); partitions])))
    }

    pub(super) fn owner(&self, partition: usize) -> Owner {
        self.0.lock()[partition].owner
    }

    pub(super) fn give(&self, partition: usize, owner: Owner) {
        self.0.lock()[partition].owner = owner;
    }

    /// A member has given back what it was asked for.
    pub(super) fn returned(&self, partition: usize, member: u64) {
        let seat = &mut self.0.lock()[partition];
        if seat.owner == Owner::Leaving(member) {
            seat.owner = Owner::Nobody;
        }
    }

    /// What this member owns or is to give back.
    pub(super) fn owned_by(&self, member: u64) -> Vec<usize> {
        let seats = self.0.lock();
        let owned = seats.iter().enumerate().filter(|(_, seat)| {
            seat.owner == Owner::Member(member) || seat.owner == Owner::Leaving(member)
        });
        owned.map(|(partition, _)| partition).collect()
    }

    pub(super) fn committed(&self, partition: usize) -> Option<Committed> {
        self.0.lock()[partition].committed.clone()
    }

    /// Kafka fences by generation, not by ownership: a member that has lost the partition may get
    /// its commit through.
    pub(super) fn commit(&self, partition: usize, committed: Committed) {
        self.0.lock()[partition].committed = Some(committed);
    }

    /// The group's offsets have expired, or somebody has deleted them.
    pub(super) fn forget_offsets(&self) {
        for seat in self.0.lock().iter_mut() {
            seat.committed = None;
        }
    }
}
