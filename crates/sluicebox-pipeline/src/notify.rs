//! Tells the world of commits. The chain is the outbox: what is told is read from its records, so an
//! event exists if and only if its files do, and nothing of the data plane waits for a target.
//!
//! ```text
//! take-over, commits ──watch──▶ one task per (target, Kafka partition):
//!     record after the cursor ─▶ events, by partition date ─▶ target, until taken ─▶ cursor
//! ```
//!
//! 1. Only records whose files are visible are told: the relay never runs ahead of what its own
//!    process knows to be published.
//! 2. The cursor moves when every event of a record is taken (or given up for good, which it
//!    remembers): a crash repeats events, with the same bytes, and loses none.
//! 3. A task holds one record at a time; what waits for a target waits in the chain.
//! 4. A partition is sealed when every chain of its topic has passed its end by the allowed lateness.
//!    Seals are objects of their own, made once by conditional create, and told in their order.
//! 5. A record must not be removed from its chain before every cursor has passed it.

mod outbox;
mod delivery;
mod backoff;
mod cursor;
mod record_events;
mod columns;
mod sealer;
mod seal;
mod seal_outbox;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sluicebox_chain::{ChainId, Tail};
use sluicebox_events::EventType;
use sluicebox_parquet::TableSpec;
use sluicebox_types::{Clock, TopicPartition};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};

use self::columns::Columns;
use self::delivery::Delivery;
use self::outbox::Outbox;
use self::seal_outbox::SealOutbox;
pub(crate) use self::sealer::Kafka;
use self::sealer::Sealer;
use crate::ports::{LakeStore, NotifyTarget};

/// Events that may be on their way to one target at the same time.
const SENDS_MAX: usize = 16;
/// How long a partition that was let go is still told about, so that its last commits need not wait
/// for its next owner.
const PARTING: Duration = Duration::from_secs(5);

/// Who is told, and by what rules.
#[derive(Debug)]
pub struct NotifySettings {
    /// The targets; their names are unique.
    pub targets: Vec<NotifyTo>,
    /// How much later than its partition's end a row is not yet called late, and a partition not
    /// yet sealed.
    pub allowed_lateness: Duration,
    /// How often to look whether partitions can be sealed; only if a target wants to know.
    pub seal_every: Duration,
    /// Whether sealed partitions get a file `_SUCCESS`; then they are sealed even if no target
    /// wants to know.
    pub success_file: bool,
}

/// One target.
#[derive(Debug)]
pub struct NotifyTo {
    /// Its name: in metrics, logs and the names of its cursors. 1 to 64 of `a-z 0-9 - _ .`, a letter
    /// first.
    pub name: String,
    /// Where events go.
    pub target: Arc<dyn NotifyTarget>,
    /// Which types it is told.
    pub events: BTreeSet<EventType>,
    /// Where a target without a cursor begins.
    pub start: NotifyStart,
}

/// Where a target begins in a chain that it was never told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotifyStart {
    /// With the first record that there is.
    #[default]
    Earliest,
    /// Behind the newest one.
    Latest,
}

/// Follows the chains of this process's Kafka partitions on behalf of every target.
pub struct Relay {
    shared: Option<Arc<Shared>>,
    followed: Mutex<BTreeMap<TopicPartition, Followed>>,
    tasks: Mutex<JoinSet<()>>,
}

/// What all tasks share.
pub(crate) struct Shared {
    store: Arc<dyn LakeStore>,
    clock: Arc<dyn Clock>,
    runtime: Handle,
    allowed_lateness: Duration,
    seal_every: Duration,
    success_file: bool,
    columns: Columns,
    targets: Vec<Arc<Delivery>>,
}

/// A partition of ours, or one that was ours until a moment ago.
struct Followed {
    /// The newest record whose files are visible; none when the partition was let go.
    published: Option<watch::Sender<u64>>,
    tasks: Vec<AbortHandle>,
    /// Per target: the first record that it was not told of.
    progress: Vec<(Arc<Delivery>, Arc<AtomicU64>)>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

impl Relay {
    /// A relay to `settings.targets`. `jitter` gives numbers from 0 to 1, by which pauses are drawn.
    #[must_use]
    pub fn new(
        settings: NotifySettings,
        store: Arc<dyn LakeStore>,
        clock: Arc<dyn Clock>,
        jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
        runtime: Handle,
    ) -> Self {
        let delivery = |to: NotifyTo| {
            Arc::new(Delivery {
                to,
                jitter: Arc::clone(&jitter),
                sends: Semaphore::new(SENDS_MAX),
            })
        };
        let shared = Shared {
            store,
            clock,
            runtime,
            allowed_lateness: settings.allowed_lateness,
            seal_every: settings.seal_every,
            success_file: settings.success_file,
            columns: Columns::default(),
            targets: settings.targets.into_iter().map(delivery).collect(),
        };
        Self {
            shared: Some(Arc::new(shared)),
            ..Self::off()
        }
    }

    /// A relay that tells nobody.
    #[must_use]
    pub fn off() -> Self {
        Self {
            shared: None,
            followed: Mutex::default(),
            tasks: Mutex::default(),
        }
    }

    /// A partition was taken over: its chain is told up to `tail`, which is published.
    pub(crate) fn follow(
        &self,
        partition: &TopicPartition,
        chain: ChainId,
        table: Arc<TableSpec>,
        tail: &Tail,
        kafka: impl FnOnce() -> Kafka,
    ) {
        let Some(shared) = &self.shared else { return };
        let mut followed = self.followed.lock();
        if let Some(earlier) = followed.get_mut(partition) {
            if let Some(published) = &earlier.published {
                published.send_replace(tail.seq);
                return;
            }
            earlier.tasks.iter().for_each(AbortHandle::abort);
        }
        let (published, news) = watch::channel(tail.seq);
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        let mut now = Followed {
            published: Some(published),
            tasks: Vec::new(),
            progress: Vec::new(),
        };
        for delivery in &shared.targets {
            let next = Arc::new(AtomicU64::new(tail.seq + 1));
            let outbox = Outbox {
                shared: Arc::clone(shared),
                delivery: Arc::clone(delivery),
                chain: chain.clone(),
                table: Arc::clone(&table),
                tail: tail.clone(),
                next: Arc::clone(&next),
            };
            let task = outbox.run(news.clone(), PARTING);
            now.tasks.push(tasks.spawn_on(task, &shared.runtime));
            now.progress.push((Arc::clone(delivery), next));
        }
        if partition.partition == 0 {
            let seals = Self::seal(shared, &chain, kafka(), &news, &mut tasks);
            now.tasks.extend(seals);
        }
        followed.insert(partition.clone(), now);
    }

    /// The owner of Kafka partition 0 seals for the whole topic, if anybody wants to know.
    fn seal(
        shared: &Arc<Shared>,
        chain: &ChainId,
        kafka: Kafka,
        ours: &watch::Receiver<u64>,
        tasks: &mut JoinSet<()>,
    ) -> Vec<AbortHandle> {
        let wants = |delivery: &&Arc<Delivery>| delivery.to.events.contains(&EventType::Sealed);
        let mut targets = shared.targets.iter().filter(wants).peekable();
        if targets.peek().is_none() && !shared.success_file {
            return Vec::new();
        }
        let (seals, told) = watch::channel(None);
        let sealer = Sealer {
            shared: Arc::clone(shared),
            chain: chain.clone(),
            kafka,
        };
        let outbox = |delivery: &Arc<Delivery>| SealOutbox {
            shared: Arc::clone(shared),
            delivery: Arc::clone(delivery),
            chain: chain.clone(),
        };
        let mut handles = vec![tasks.spawn_on(sealer.run(ours.clone(), seals), &shared.runtime)];
        for delivery in targets {
            let task = outbox(delivery).run(told.clone());
            handles.push(tasks.spawn_on(task, &shared.runtime));
        }
        handles
    }

    /// The files of record `seq` are visible.
    pub(crate) fn published(&self, partition: &TopicPartition, seq: u64) {
        if let Some(followed) = self.followed.lock().get(partition)
            && let Some(published) = &followed.published
        {
            published.send_replace(seq);
        }
    }

    /// The partition is no longer ours. Its tasks tell what they can within a moment.
    pub(crate) fn let_go(&self, partition: &TopicPartition) {
        if let Some(followed) = self.followed.lock().get_mut(partition) {
            followed.published = None;
        }
    }

    /// Records that each target was not told of, in the partitions of this process.
    #[must_use]
    pub fn backlogs(&self) -> BTreeMap<String, u64> {
        let targets = self.shared.iter().flat_map(|shared| &shared.targets);
        let mut backlogs: BTreeMap<_, _> = targets.map(|to| (to.to.name.clone(), 0)).collect();
        for followed in self.followed.lock().values() {
            let Some(published) = &followed.published else {
                continue;
            };
            let end = *published.borrow() + 1;
            for (delivery, next) in &followed.progress {
                let behind = end.saturating_sub(next.load(Ordering::Relaxed));
                *backlogs.entry(delivery.to.name.clone()).or_default() += behind;
            }
        }
        backlogs
    }

    /// Waits until the tasks of partitions that were let go have ended, which they do within a few
    /// seconds. For the end of the process.
    pub async fn finish(&self) {
        self.followed.lock().clear();
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        while tasks.join_next().await.is_some() {}
    }
}
