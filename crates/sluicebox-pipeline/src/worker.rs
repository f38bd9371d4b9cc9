//! A worker thread: takes the records of the partitions that were routed to it, passes them through
//! the hops and closes files when it is time. All branching of the data plane is here and in
//! `worker/`.

mod reading;
mod cutting;
mod letting_go;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use sluicebox_types::TopicPartition;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::appetite::Appetite;
use crate::assignment::FromWorker;
use crate::environment::Environment;
use crate::inbox::ToWorker;
use crate::lane::{Lane, TopicTools};
use crate::ports::{DeadLetter, QueueFull, RecordQueue, SourceControl};
use crate::seat::{Seat, report};

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
            if !self.turn() {
                self.wait_for_message();
            }
        }
    }

    /// Messages are served only here, between two batches: so no record fetched for an earlier
    /// assignment can meet a later one. Answers whether it may read.
    pub(crate) fn turn(&mut self) -> bool {
        while let Ok(message) = self.inbox.try_recv() {
            self.serve(message);
        }
        self.send_dead_letters();
        let may_read = self.outbox.is_empty() && !self.env.memory.is_exhausted();
        if may_read {
            self.env.readiness.up(MEMORY);
            let batch = self.queue.poll(self.appetite.records(), POLL_TIMEOUT);
            self.take(&batch);
        }
        self.cut_what_is_due();
        self.relieve_memory();
        may_read
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

    fn send_dead_letters(&mut self) {
        while let Some(letter) = self.outbox.pop_front() {
            if let Err(QueueFull(letter)) = self.env.dead_letters.send(letter) {
                self.outbox.push_front(*letter);
                return;
            }
        }
    }
}
