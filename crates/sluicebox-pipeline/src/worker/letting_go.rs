//! How a partition goes on after a commit, and how it leaves its worker.

use sluicebox_types::TopicPartition;

use super::Worker;
use crate::assignment::FromWorker;
use crate::commit::CommitOutcome;
use crate::inbox::Ending;
use crate::ports::RecordQueue;
use crate::seat::{Seat, halt_partition};
use crate::topic::RollCause;

impl<Q: RecordQueue> Worker<Q> {
    pub(super) fn is_ending(&self, partition: &TopicPartition) -> bool {
        let seat = self.seats.get(partition);
        seat.is_some_and(|seat| seat.ending.is_some())
    }

    pub(super) fn end(&mut self, partition: &TopicPartition, ending: Ending) {
        match self.seats.get_mut(partition) {
            Some(seat) => {
                seat.ending = Some(ending);
                self.finish_ending(partition);
            }
            None => ending.done(),
        }
    }

    /// A seat that ends commits what it has read, then goes.
    pub(super) fn finish_ending(&mut self, partition: &TopicPartition) {
        let Some(seat) = self.seats.get(partition) else {
            return;
        };
        if seat.ending.is_none() || seat.lane.committing {
            return;
        }
        if seat.lane.has_uncommitted() {
            self.cut(partition, RollCause::Drain);
            return;
        }
        let epoch = seat.lane.epoch;
        match self.drop_seat(partition).and_then(|seat| seat.ending) {
            Some(Ending::LookUpAgain) => self.look_up_again(partition, epoch),
            Some(revoked) => revoked.done(),
            None => {}
        }
    }

    pub(super) fn settle(
        &mut self,
        partition: &TopicPartition,
        epoch: u64,
        outcome: CommitOutcome,
    ) {
        let Some(seat) = self
            .seats
            .get_mut(partition)
            .filter(|seat| seat.lane.epoch == epoch)
        else {
            return;
        };
        seat.commit = None;
        match outcome {
            CommitOutcome::Committed(committed) => {
                self.env
                    .status
                    .update(partition, |status| committed.tell(status));
                seat.lane.committed(committed.tail);
                self.finish_ending(partition);
            }
            CommitOutcome::Overtaken => match self.drop_seat(partition).and_then(|s| s.ending) {
                Some(Ending::Revoked(done)) => done.done(),
                Some(Ending::LookUpAgain) | None => self.look_up_again(partition, epoch),
            },
            CommitOutcome::Halted(halt) => self.halt(partition, &halt.to_string()),
        }
    }

    pub(super) fn look_up_again(&self, partition: &TopicPartition, epoch: u64) {
        let message = FromWorker::LookUpAgain(partition.clone(), epoch);
        if self.assigner.blocking_send(message).is_err() {
            tracing::debug!(%partition, "the assigner is gone: shutting down");
        }
    }

    pub(super) fn halt(&mut self, partition: &TopicPartition, why: &str) {
        halt_partition(&self.env, self.control.as_ref(), partition, why);
        if let Some(ending) = self.drop_seat(partition).and_then(|seat| seat.ending) {
            ending.done();
        }
    }

    /// What the lane holds is forgotten; a commit on its way is left to whoever comes next.
    pub(super) fn drop_seat(&mut self, partition: &TopicPartition) -> Option<Seat> {
        let mut seat = self.seats.remove(partition)?;
        seat.lane.release(&self.env);
        if let Some(commit) = seat.commit.take() {
            commit.abort();
        }
        Some(seat)
    }
}
