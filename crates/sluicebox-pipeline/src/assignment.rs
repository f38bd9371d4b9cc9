//! Taking partitions over and letting them go: what happens inside a rebalance.

mod look_up;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use parking_lot::Mutex;
use sluicebox_types::TopicPartition;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::oneshot::Receiver;
use tokio::task::AbortHandle;

use self::look_up::NotNow;
use crate::driver::group_answered;
use crate::environment::Environment;
use crate::inbox::{Done, Ending, ToWorker};
use crate::lane::LaneStart;
use crate::notify::Kafka;
use crate::ports::{AssignmentHandler, PartitionState, SourceControl, StartAt};
use crate::seat::halt_partition;
use crate::status::Phase;
use crate::topic::TopicCatalog;

/// Chains that are looked up at the same time.
const LOOK_UP_CONCURRENCY: usize = 32;
/// How long a rebalance waits for the chains; what is not found by then is parked, and looked up
/// while the group goes on.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the last commits of a rebalance may take to reach Kafka.
const OFFSETS_TIMEOUT: Duration = Duration::from_secs(5);

/// What a worker asks of the assigner.
#[derive(Debug)]
pub(crate) enum FromWorker {
    /// This assignment of the partition lost its place in the log: find it again.
    LookUpAgain(TopicPartition, u64),
}

/// Knows which worker reads which partition, and finds out where.
pub(crate) struct Assigner {
    env: Environment,
    catalog: Arc<dyn TopicCatalog>,
    control: Arc<dyn SourceControl>,
    workers: Vec<mpsc::Sender<ToWorker>>,
    runtime: Handle,
    owned: Mutex<BTreeMap<TopicPartition, Owned>>,
    epochs: AtomicU64,
    polled_millis: AtomicU64,
}

#[derive(Debug)]
struct Owned {
    worker: usize,
    epoch: u64,
    look_up: Option<AbortHandle>,
}

impl Assigner {
    pub(crate) fn new(
        env: Environment,
        catalog: Arc<dyn TopicCatalog>,
        control: Arc<dyn SourceControl>,
        workers: Vec<mpsc::Sender<ToWorker>>,
        runtime: Handle,
    ) -> Self {
        Self {
            env,
            catalog,
            control,
            workers,
            runtime,
            owned: Mutex::new(BTreeMap::new()),
            epochs: AtomicU64::new(0),
            polled_millis: AtomicU64::new(0),
        }
    }

    /// When polling was last seen, on the monotonic clock.
    pub(crate) fn last_polled(&self) -> Duration {
        Duration::from_millis(self.polled_millis.load(Ordering::Relaxed))
    }

    /// Serves the workers' wishes until they are gone.
    pub(crate) async fn serve(self: Arc<Self>, mut wishes: mpsc::Receiver<FromWorker>) {
        while let Some(FromWorker::LookUpAgain(partition, epoch)) = wishes.recv().await {
            let still_ours = self
                .owned
                .lock()
                .get(&partition)
                .is_some_and(|o| o.epoch == epoch);
            if still_ours {
                self.control.pause(std::slice::from_ref(&partition));
                self.look_up_later(&partition);
            }
        }
    }

    /// The worker with the fewest partitions.
    fn seat(&self, partition: &TopicPartition) -> (usize, u64) {
        let mut owned = self.owned.lock();
        let load = |worker: &usize| owned.values().filter(|o| o.worker == *worker).count();
        let worker = (0..self.workers.len()).min_by_key(load).unwrap_or(0);
        let epoch = self.epochs.fetch_add(1, Ordering::Relaxed);
        self.env
            .status
            .update(partition, |status| status.phase = Phase::Assigning);
        owned.insert(
            partition.clone(),
            Owned {
                worker,
                epoch,
                look_up: None,
            },
        );
        (worker, epoch)
    }

    async fn start(&self, state: Option<PartitionState>, worker: usize, epoch: u64) -> StartAt {
        let parked = StartAt::Parked { worker };
        let Some(state) = state else {
            return parked;
        };
        match tokio::time::timeout(LOOK_UP_TIMEOUT, self.look_up(&state, epoch)).await {
            Ok(Ok(start)) => {
                let offset = start.read_from;
                self.install(start, worker).await;
                return StartAt::Offset { offset, worker };
            }
            Ok(Err(NotNow::Halted(why))) => {
                halt_partition(&self.env, self.control.as_ref(), &state.partition, &why);
            }
            Ok(Err(NotNow::Later(why))) => {
                self.env
                    .readiness
                    .down(&format!("partition {}", state.partition), why);
            }
            Err(_elapsed) => {
                let waiting = "its chain is still being looked up";
                self.env
                    .readiness
                    .down(&format!("partition {}", state.partition), waiting);
            }
        }
        parked
    }

    /// Puts a lane on its worker and waits until it sits there: no record may come before.
    async fn install(&self, start: LaneStart, worker: usize) {
        let partition = start.partition.clone();
        self.env
            .status
            .update(&partition, |status| status.committed = start.tail.end);
        self.env.status.take_back(&partition);
        let followed = Arc::clone(&start.spec.golden);
        let chain = start.chain.clone();
        let kafka = || Kafka {
            control: Arc::clone(&self.control),
            blocking: self.env.blocking,
        };
        self.env
            .relay
            .follow(&partition, chain, followed, &start.tail, kafka);
        let (done, installed) = Done::pair();
        self.tell(worker, ToWorker::Start(Box::new(start), done))
            .await;
        wait(installed).await;
        self.env.readiness.up(&format!("partition {partition}"));
    }

    async fn tell(&self, worker: usize, message: ToWorker) {
        if let Some(worker) = self.workers.get(worker)
            && worker.send(message).await.is_err()
        {
            tracing::debug!("a worker has ended already");
        }
    }

    /// What a rebalance brings: a start for each partition, in the same order.
    pub(crate) async fn assigned(self: &Arc<Self>, partitions: &[TopicPartition]) -> Vec<StartAt> {
        let starts = self.look_up_all(partitions).await;
        group_answered(&self.env);
        for (partition, start) in partitions.iter().zip(&starts) {
            let halted = self.env.status.is_halted(partition);
            if matches!(start, StartAt::Parked { .. }) && !halted {
                self.look_up_later(partition);
            }
        }
        starts
    }

    async fn look_up_all(&self, partitions: &[TopicPartition]) -> Vec<StartAt> {
        let seats: Vec<_> = partitions
            .iter()
            .map(|partition| self.seat(partition))
            .collect();
        let (control, asked) = (Arc::clone(&self.control), partitions.to_vec());
        let describe = move || control.describe(&asked);
        let described = self.env.blocking.call(describe).await;
        let states: Vec<_> = match described {
            Ok(Ok(states)) => states.into_iter().map(Some).collect(),
            Ok(Err(error)) => self.all_unknown(partitions, &error.to_string()),
            Err(error) => self.all_unknown(partitions, &error.to_string()),
        };
        let starts = states.into_iter().zip(seats);
        let each: Vec<_> = starts
            .map(|(state, (worker, epoch))| self.start(state, worker, epoch))
            .collect();
        stream::iter(each)
            .buffered(LOOK_UP_CONCURRENCY)
            .collect()
            .await
    }

    fn all_unknown(&self, partitions: &[TopicPartition], why: &str) -> Vec<Option<PartitionState>> {
        for partition in partitions {
            self.env
                .readiness
                .down(&format!("partition {partition}"), why);
        }
        vec![None; partitions.len()]
    }

    /// What a rebalance takes: when it returns, nothing more is done for these partitions.
    pub(crate) async fn let_go(&self, partitions: &[TopicPartition], lost: bool) {
        let mut waiting = Vec::new();
        for partition in partitions {
            let Some(owned) = self.owned.lock().remove(partition) else {
                continue;
            };
            if let Some(look_up) = owned.look_up {
                look_up.abort();
            }
            let (done, ended) = Done::pair();
            let message = if lost {
                ToWorker::Drop(partition.clone(), done)
            } else {
                ToWorker::End(partition.clone(), Ending::Revoked(done))
            };
            self.tell(owned.worker, message).await;
            waiting.push((partition, owned.worker, ended));
        }
        let deadline = tokio::time::Instant::now() + self.env.drain_timeout;
        for (partition, worker, ended) in waiting {
            if tokio::time::timeout_at(deadline, wait(ended))
                .await
                .is_err()
            {
                tracing::warn!(%partition, "not committed in time: its next owner reads it again");
                let (done, dropped) = Done::pair();
                self.tell(worker, ToWorker::Drop(partition.clone(), done))
                    .await;
                wait(dropped).await;
                let why = "its last records were not committed in time";
                self.env.status.leave_behind(partition, why);
            } else if self.env.status.is_halted(partition) {
                self.env.status.leave_behind(partition, "it is halted");
            }
            self.env.readiness.up(&format!("partition {partition}"));
            self.env.relay.let_go(partition);
            self.env.status.remove(partition);
        }
    }
}

impl AssignmentHandler for Arc<Assigner> {
    fn assigned(&self, partitions: &[TopicPartition]) -> Vec<StartAt> {
        self.runtime.block_on(Assigner::assigned(self, partitions))
    }

    fn revoked(&self, partitions: &[TopicPartition], lost: bool) {
        self.runtime.block_on(self.let_go(partitions, lost));
        if !lost {
            self.control.flush_commits(OFFSETS_TIMEOUT);
        }
    }

    fn polled(&self) {
        let now = u64::try_from(self.env.clock.monotonic().as_millis()).unwrap_or(u64::MAX);
        self.polled_millis.store(now, Ordering::Relaxed);
        let control = &self.control;
        self.env
            .status
            .note_log_ends(|partition| control.log_end(partition));
    }
}

/// Waits for a worker. One that has ended drops its end, which counts as done.
async fn wait(done: Receiver<()>) {
    drop(done.await);
}
