//! A worker thread: takes the records of the partitions that were routed to it, passes them through
//! the hops and closes files when it is time. All branching of the data plane is here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use sluicebox_types::{Offset, SourceRecord, TopicPartition};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::appetite::Appetite;
use crate::assignment::FromWorker;
use crate::commit::{CommitOutcome, commit};
use crate::environment::Environment;
use crate::inbox::{Ending, ToWorker};
use crate::lane::{Lane, TopicTools};
use crate::ports::{
    DeadLetter, QueueFull, RecordQueue, SourceBatch, SourceControl, SourceError, SourceEvent,
};
use crate::seat::{Seat, count_consumed, halt_partition, report, tools_of};
use crate::topic::RollCause;

/// How long a worker without records waits before it looks at its inbox and its deadlines.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a worker that may not read waits for its inbox.
const STALL_TIMEOUT: Duration = Duration::from_millis(20);

/// What `/readyz` calls the memory limit.
const MEMORY: &str = "memory";

/// One worker: the partitions it reads and what it shares with the rest.
pub(crate) struct Worker<Q> {
    pub(crate) env: Environment,
    pub(crate) control: Arc<dyn SourceControl>,
    pub(crate) runtime: Handle,
    pub(crate) queue: Q,
    pub(crate) inbox: mpsc::Receiver<ToWorker>,
    /// The other end of the inbox, for commits to answer to.
    pub(crate) answers: mpsc::Sender<ToWorker>,
    pub(crate) assigner: mpsc::Sender<FromWorker>,
    pub(crate) seats: BTreeMap<TopicPartition, Seat>,
    pub(crate) tools: BTreeMap<Arc<str>, TopicTools>,
    pub(crate) outbox: VecDeque<DeadLetter>,
    pub(crate) appetite: Appetite,
    pub(crate) stopped: bool,
}

impl<Q: RecordQueue> Worker<Q> {
    /// Works until it is told to stop.
    pub(crate) fn run(mut self) {
        while !self.stopped {
            self.turn();
        }
    }

    /// Messages are served only here, between two batches: so no record fetched for an earlier
    /// assignment can meet a later one.
    fn turn(&mut self) {
        while let Ok(message) = self.inbox.try_recv() {
            self.serve(message);
        }
        self.send_dead_letters();
        if self.may_read() {
            self.env.readiness.up(MEMORY);
            let batch = self.queue.poll(self.appetite.records(), POLL_TIMEOUT);
            self.take(&batch);
        } else {
            self.wait_for_message();
        }
        self.cut_what_is_due();
        self.relieve_memory();
    }

    fn may_read(&self) -> bool {
        self.outbox.is_empty() && !self.env.memory.is_exhausted()
    }

    fn wait_for_message(&mut self) {
        let can_free = |seat: &Seat| seat.lane.committing || seat.lane.has_uncommitted();
        if self.env.memory.is_exhausted() && !self.seats.values().any(can_free) {
            let why = "dedup windows fill the memory limit, and nothing is evicted from them: raise \
                       `limits.memory`, shorten `dedup.window`, or add instances";
            self.env.readiness.down(MEMORY, why);
        }
        // A timer is made inside the runtime that drives it.
        let runtime = self.runtime.clone();
        let _inside = runtime.enter();
        let next = tokio::time::timeout(STALL_TIMEOUT, self.inbox.recv());
        if let Ok(Some(message)) = runtime.block_on(next) {
            self.serve(message);
        }
    }

    fn serve(&mut self, message: ToWorker) {
        match message {
            ToWorker::Start(start, installed) => {
                let partition = start.partition.clone();
                self.drop_seat(&partition);
                let seat = Seat {
                    lane: Lane::new(*start),
                    ending: None,
                    commit: None,
                    forbidden: false,
                };
                report(&self.env, &seat.lane);
                self.seats.insert(partition, seat);
                installed.done();
            }
            ToWorker::End(partition, ending) => self.end(&partition, ending),
            ToWorker::Drop(partition, done) => {
                self.drop_seat(&partition);
                done.done();
            }
            ToWorker::Outcome(partition, epoch, outcome) => {
                self.settle(&partition, epoch, outcome);
            }
            ToWorker::Stop => self.stopped = true,
        }
    }

    fn take(&mut self, batch: &Q::Batch) {
        let mut run: Vec<SourceRecord<'_>> = Vec::new();
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

    fn is_ending(&self, partition: &TopicPartition) -> bool {
        let seat = self.seats.get(partition);
        seat.is_some_and(|seat| seat.ending.is_some())
    }

    fn end(&mut self, partition: &TopicPartition, ending: Ending) {
        match self.seats.get_mut(partition) {
            Some(seat) => {
                seat.ending = Some(ending);
                self.finish_ending(partition);
            }
            None => ending.done(),
        }
    }

    /// A seat that ends commits what it has read, then goes.
    fn finish_ending(&mut self, partition: &TopicPartition) {
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

    fn look_up_again(&self, partition: &TopicPartition, epoch: u64) {
        let message = FromWorker::LookUpAgain(partition.clone(), epoch);
        if self.assigner.blocking_send(message).is_err() {
            tracing::debug!(%partition, "the assigner is gone: shutting down");
        }
    }

    fn settle(&mut self, partition: &TopicPartition, epoch: u64, outcome: CommitOutcome) {
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

    fn halt(&mut self, partition: &TopicPartition, why: &str) {
        halt_partition(&self.env, self.control.as_ref(), partition, why);
        if let Some(ending) = self.drop_seat(partition).and_then(|seat| seat.ending) {
            ending.done();
        }
    }

    /// What the lane holds is forgotten; a commit on its way is left to whoever comes next.
    fn drop_seat(&mut self, partition: &TopicPartition) -> Option<Seat> {
        let mut seat = self.seats.remove(partition)?;
        seat.lane.release(&self.env);
        if let Some(commit) = seat.commit.take() {
            commit.abort();
        }
        Some(seat)
    }

    fn cut_what_is_due(&mut self) {
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

    fn relieve_memory(&mut self) {
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

    fn cut(&mut self, partition: &TopicPartition, cause: RollCause) {
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

    fn send_dead_letters(&mut self) {
        while let Some(letter) = self.outbox.pop_front() {
            if let Err(QueueFull(letter)) = self.env.dead_letters.send(letter) {
                self.outbox.push_front(*letter);
                return;
            }
        }
    }
}
