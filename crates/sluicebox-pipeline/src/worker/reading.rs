//! What a worker does with the events of a batch.

use sluicebox_types::{Offset, SourceRecord, TopicPartition};

use super::Worker;
use crate::inbox::Ending;
use crate::ports::{RecordQueue, SourceBatch, SourceError, SourceEvent};
use crate::seat::{count_consumed, report, tools_of};

impl<Q: RecordQueue> Worker<Q> {
    pub(super) fn take(&mut self, batch: &Q::Batch) {
        let mut run: Vec<SourceRecord<'_>> = Vec::with_capacity(batch.len());
        let mut bytes = 0;
        let mut of: Option<&TopicPartition> = None;
        for index in 0..batch.len() {
            match batch.event(index) {
                Some(SourceEvent::Record(partition, record)) => {
                    if of != Some(partition) {
                        self.ingest(of, &run);
                        run.clear();
                        of = Some(partition);
                    }
                    bytes += record.bytes();
                    run.push(record);
                }
                Some(SourceEvent::EndOfPartition(partition, offset)) => {
                    self.ingest(of.take(), &run);
                    run.clear();
                    self.reach_end(partition, offset);
                }
                Some(SourceEvent::Failed(partition, error)) => {
                    self.ingest(of.take(), &run);
                    run.clear();
                    self.fail(partition, &error);
                }
                None => {}
            }
        }
        self.ingest(of, &run);
        self.appetite.learn(batch.len(), bytes);
    }

    /// Records of a partition that is not ours (any more) fall through.
    fn ingest(&mut self, partition: Option<&TopicPartition>, records: &[SourceRecord<'_>]) {
        let Some(partition) = partition.filter(|_| !records.is_empty()) else {
            return;
        };
        let now = self.env.clock.monotonic();
        let Some(seat) = self
            .seats
            .get_mut(partition)
            .filter(|seat| seat.ending.is_none())
        else {
            return;
        };
        seat.permit(&self.env);
        count_consumed(partition, records);
        let taken = tools_of(&mut self.tools, &seat.lane)
            .and_then(|tools| seat.lane.ingest(tools, records, now, &mut self.outbox));
        seat.lane.account(&self.env);
        report(&self.env, &seat.lane);
        if let Err(error) = taken {
            self.halt(&partition.clone(), &error.to_string());
        }
    }

    fn reach_end(&mut self, partition: &TopicPartition, offset: Offset) {
        let now = self.env.clock.monotonic();
        let seat = self
            .seats
            .get_mut(partition)
            .filter(|seat| seat.ending.is_none());
        if let Some(seat) = seat {
            seat.permit(&self.env);
            seat.lane.reach_end(offset, now);
            report(&self.env, &seat.lane);
        }
    }

    fn fail(&mut self, partition: &TopicPartition, error: &SourceError) {
        match error {
            SourceError::Transient(why) => tracing::warn!(%partition, why, "source"),
            SourceError::OffsetOutOfRange(why) if self.is_ending(partition) => {
                tracing::debug!(%partition, why, "it is let go already");
            }
            SourceError::OffsetOutOfRange(why) => {
                tracing::warn!(%partition, why, "looking up the partition again");
                self.end(&partition.clone(), Ending::LookUpAgain);
            }
            SourceError::Forbidden(why) => {
                if let Some(seat) = self.seats.get_mut(partition) {
                    seat.forbid(&self.env, why);
                }
            }
            // The client may go on behind the damage, and take its records for absent.
            SourceError::Permanent(why) => self.halt(partition, why),
        }
    }
}
