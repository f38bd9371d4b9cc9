//! Taking partitions over and letting them go: what happens inside a rebalance.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::Receiver;
use futures::stream::{self, StreamExt};
use parking_lot::Mutex;
use sluicebox_chain::{ChainId, Halt, Hint};
use sluicebox_types::TopicPartition;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::chain_io::take_over;
use crate::driver::group_answered;
use crate::environment::Environment;
use crate::inbox::{Done, Ending, ToWorker};
use crate::lane::LaneStart;
use crate::ports::{AssignmentHandler, PartitionState, SourceControl, SourceError, StartAt};
use crate::status::Phase;
use crate::topic::TopicCatalog;
use crate::worker::halt_partition;

/// Chains that are looked up at the same time.
const LOOK_UP_CONCURRENCY: usize = 32;
/// How long a rebalance waits for the chains; what is not found by then is parked, and looked up
/// while the group goes on.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(20);
/// Pause before a failed look-up is tried again.
const LOOK_UP_PAUSE: Duration = Duration::from_secs(1);
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

/// Why a partition cannot be read right now.
#[derive(Debug)]
enum NotNow {
    Halted(String),
    Later(String),
}

impl From<Halt> for NotNow {
    fn from(halt: Halt) -> Self {
        Self::Halted(halt.to_string())
    }
}

impl From<SourceError> for NotNow {
    fn from(error: SourceError) -> Self {
        Self::Later(error.to_string())
    }
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

    /// Finds the chain's tail and the offset to read from.
    async fn look_up(&self, state: &PartitionState, epoch: u64) -> Result<LaneStart, NotNow> {
        let partition = &state.partition;
        let spec = self
            .catalog
            .spec(&partition.topic)
            .map_err(NotNow::Halted)?;
        let chain = ChainId {
            pipeline: self.env.pipeline.to_string(),
            topic: partition.topic.to_string(),
            partition: partition.partition,
        };
        let committed = state.committed.as_ref();
        let hint = committed.and_then(|committed| Hint::parse(&committed.metadata));
        let start = committed.map_or(state.configured_start, |committed| committed.offset);
        let ownership = take_over(&self.env, &chain, hint, start).await?;
        let gap = match ownership.check(&chain, state.low, state.high) {
            Ok(gap) => gap,
            // Somebody may have committed after the watermarks were read.
            Err(_stale) => {
                let state = self.describe(partition).await?;
                ownership.check(&chain, state.low, state.high)?
            }
        };
        let tail = ownership.tail;
        if let Some(gap) = gap.filter(|_| !self.env.skip_retention_gaps) {
            let (end, low) = (gap.start, gap.end);
            return Err(Halt::RetentionGap { chain, end, low }.into());
        }
        let rebuild_from = match (&spec.dedup, tail.dedup) {
            (Some(_), Some(resume)) => resume.window_start.min(tail.end),
            _ => tail.end,
        };
        let read_from = rebuild_from.max(state.low);
        Ok(LaneStart {
            partition: partition.clone(),
            epoch,
            spec,
            chain,
            tail,
            read_from,
            gap,
        })
    }

    async fn describe(&self, partition: &TopicPartition) -> Result<PartitionState, SourceError> {
        let (control, asked) = (Arc::clone(&self.control), vec![partition.clone()]);
        let described = self
            .runtime
            .spawn_blocking(move || control.describe(&asked))
            .await;
        let states = described.map_err(|error| SourceError::Transient(error.to_string()))??;
        let unknown = || SourceError::Transient(format!("{partition} is not known to Kafka"));
        states.into_iter().next().ok_or_else(unknown)
    }

    /// Puts a lane on its worker and waits until it sits there: no record may come before.
    async fn install(&self, start: LaneStart, worker: usize) {
        let partition = start.partition.clone();
        self.env
            .status
            .update(&partition, |status| status.committed = start.tail.end);
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

    fn look_up_later(self: &Arc<Self>, partition: &TopicPartition) {
        let assigner = Arc::clone(self);
        let parked = partition.clone();
        let task = self
            .runtime
            .spawn(async move { assigner.look_up_parked(&parked).await });
        if let Some(owned) = self.owned.lock().get_mut(partition) {
            owned.look_up = Some(task.abort_handle());
        }
    }

    /// A parked partition is paused: nothing of it is fetched until its lane sits.
    async fn look_up_parked(&self, partition: &TopicPartition) {
        let Some((worker, epoch)) = self
            .owned
            .lock()
            .get(partition)
            .map(|owned| (owned.worker, owned.epoch))
        else {
            return;
        };
        loop {
            match self.resume(partition, worker, epoch).await {
                Ok(()) => return,
                Err(NotNow::Halted(why)) => {
                    halt_partition(&self.env, self.control.as_ref(), partition, &why);
                    return;
                }
                Err(NotNow::Later(why)) => {
                    self.env
                        .readiness
                        .down(&format!("partition {partition}"), why);
                    tokio::time::sleep(LOOK_UP_PAUSE).await;
                }
            }
        }
    }

    async fn resume(
        &self,
        partition: &TopicPartition,
        worker: usize,
        epoch: u64,
    ) -> Result<(), NotNow> {
        let state = self.describe(partition).await?;
        let start = self.look_up(&state, epoch).await?;
        let offset = start.read_from;
        self.install(start, worker).await;
        let (control, parked) = (Arc::clone(&self.control), partition.clone());
        let resumed = self
            .runtime
            .spawn_blocking(move || control.resume_at(&parked, offset))
            .await;
        resumed.map_err(|error| NotNow::Later(error.to_string()))??;
        Ok(())
    }

    async fn assign(self: &Arc<Self>, partitions: &[TopicPartition]) -> Vec<StartAt> {
        let seats: Vec<_> = partitions
            .iter()
            .map(|partition| self.seat(partition))
            .collect();
        let (control, asked) = (Arc::clone(&self.control), partitions.to_vec());
        let described = self
            .runtime
            .spawn_blocking(move || control.describe(&asked))
            .await;
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

    async fn let_go(&self, partitions: &[TopicPartition], lost: bool) {
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
            }
            self.env.readiness.up(&format!("partition {partition}"));
            self.env.status.remove(partition);
        }
    }
}

impl AssignmentHandler for Arc<Assigner> {
    fn assigned(&self, partitions: &[TopicPartition]) -> Vec<StartAt> {
        let starts = self.runtime.block_on(self.assign(partitions));
        group_answered(&self.env);
        for (partition, start) in partitions.iter().zip(&starts) {
            let halted = self.env.status.is_halted(partition);
            if matches!(start, StartAt::Parked { .. }) && !halted {
                self.look_up_later(partition);
            }
        }
        starts
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
    }
}

/// Waits for a worker without blocking the runtime.
async fn wait(done: Receiver<()>) {
    // A worker that has ended drops its end, which counts as done.
    drop(tokio::task::spawn_blocking(move || done.recv()).await);
}
