//! When a worker closes the files of a partition, and how it hands them over.

use std::sync::Arc;

use sluicebox_types::TopicPartition;

use super::Worker;
use crate::commit::commit;
use crate::inbox::ToWorker;
use crate::ports::RecordQueue;
use crate::seat::report;
use crate::topic::RollCause;

impl<Q: RecordQueue> Worker<Q> {
    pub(super) fn cut_what_is_due(&mut self) {
        let now = self.env.clock.monotonic();
        let due: Vec<_> = self
            .seats
            .iter()
            .filter_map(|(partition, seat)| Some((partition.clone(), seat.lane.due(now)?)))
            .collect();
        for (partition, cause) in due {
            self.cut(&partition, cause);
        }
    }

    pub(super) fn relieve_memory(&mut self) {
        if !self.env.memory.under_pressure() {
            return;
        }
        let largest = self
            .seats
            .iter()
            .filter(|(_, seat)| !seat.lane.committing && seat.lane.has_uncommitted())
            .max_by_key(|(_, seat)| seat.lane.open_bytes())
            .map(|(partition, _)| partition.clone());
        if let Some(partition) = largest {
            self.cut(&partition, RollCause::Memory);
        }
    }

    pub(super) fn cut(&mut self, partition: &TopicPartition, cause: RollCause) {
        let Some(seat) = self.seats.get_mut(partition) else {
            return;
        };
        let cut = seat.lane.cut(&self.env, cause);
        seat.lane.account(&self.env);
        report(&self.env, &seat.lane);
        match cut {
            Ok(cut) => {
                let (env, control) = (self.env.clone(), Arc::clone(&self.control));
                let (answers, partition) = (self.answers.clone(), partition.clone());
                let task = self.runtime.spawn(async move {
                    let epoch = cut.epoch;
                    let outcome = commit(&env, &control, cut).await;
                    let answer = ToWorker::Outcome(partition, epoch, outcome);
                    if answers.send(answer).await.is_err() {
                        tracing::debug!("a commit was answered after its worker had gone");
                    }
                });
                seat.commit = Some(task.abort_handle());
            }
            Err(error) => self.halt(partition, &error.to_string()),
        }
    }
}
