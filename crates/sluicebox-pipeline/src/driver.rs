use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::appetite::Appetite;
use crate::assignment::Assigner;
use crate::environment::Environment;
use crate::inbox::ToWorker;
use crate::ports::{AssignmentHandler, RecordQueue, SourceControl};
use crate::topic::TopicCatalog;
use crate::worker::Worker;

/// Messages that may wait for a worker or for the assigner; senders wait when it is full.
const INBOX_CAPACITY: usize = 1_024;
/// What `/readyz` says until the group has answered.
const GROUP: &str = "consumer group";

/// The running data plane: workers, and the assigner that gives them partitions.
pub struct Driver {
    assigner: Arc<Assigner>,
    inboxes: Vec<mpsc::Sender<ToWorker>>,
    threads: Vec<JoinHandle<()>>,
    env: Environment,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("workers", &self.threads.len())
            .finish_non_exhaustive()
    }
}

impl Driver {
    /// Starts one worker thread per queue. Nothing is read before the group assigns something
    /// through [`handler`](Self::handler).
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start<Q: RecordQueue + 'static>(
        env: Environment,
        catalog: Arc<dyn TopicCatalog>,
        control: Arc<dyn SourceControl>,
        queues: Vec<Q>,
        runtime: Handle,
    ) -> std::io::Result<Self> {
        let Parts {
            assigner,
            inboxes,
            workers,
        } = Parts::new(&env, catalog, control, queues, runtime);
        let mut threads = Vec::new();
        for (index, worker) in workers.into_iter().enumerate() {
            let thread = std::thread::Builder::new().name(format!("worker-{index}"));
            threads.push(thread.spawn(move || worker.run())?);
        }
        Ok(Self {
            assigner,
            inboxes,
            threads,
            env,
        })
    }

    /// The side that the source tells of rebalances.
    #[must_use]
    pub fn handler(&self) -> Arc<dyn AssignmentHandler> {
        Arc::new(Arc::clone(&self.assigner))
    }

    /// For how long nobody has polled the group: what `/livez` judges by.
    #[must_use]
    pub fn unpolled_for(&self) -> Duration {
        self.env
            .clock
            .monotonic()
            .saturating_sub(self.assigner.last_polled())
    }

    /// Ends the workers. Call it after the source has let go of every partition.
    pub fn stop(self) {
        for inbox in &self.inboxes {
            if inbox.blocking_send(ToWorker::Stop).is_err() {
                tracing::debug!("a worker had ended before it was told to");
            }
        }
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker panicked");
            }
        }
    }
}

/// The data plane before anything runs it.
pub(crate) struct Parts<Q> {
    pub(crate) assigner: Arc<Assigner>,
    pub(crate) inboxes: Vec<mpsc::Sender<ToWorker>>,
    pub(crate) workers: Vec<Worker<Q>>,
}

impl<Q: RecordQueue> Parts<Q> {
    pub(crate) fn new(
        env: &Environment,
        catalog: Arc<dyn TopicCatalog>,
        control: Arc<dyn SourceControl>,
        queues: Vec<Q>,
        runtime: Handle,
    ) -> Self {
        env.readiness
            .down(GROUP, "no partition has been assigned yet");
        let (wishes, wishes_of_workers) = mpsc::channel(INBOX_CAPACITY);
        let mut inboxes = Vec::new();
        let mut workers = Vec::new();
        for queue in queues {
            let (answers, inbox) = mpsc::channel(INBOX_CAPACITY);
            inboxes.push(answers.clone());
            workers.push(Worker {
                env: env.clone(),
                control: Arc::clone(&control),
                runtime: runtime.clone(),
                queue,
                inbox,
                answers,
                assigner: wishes.clone(),
                seats: BTreeMap::new(),
                tools: BTreeMap::new(),
                outbox: VecDeque::new(),
                appetite: Appetite::new(),
                stopped: false,
            });
        }
        let told = inboxes.clone();
        let assigner = Assigner::new(env.clone(), catalog, control, told, runtime.clone());
        let assigner = Arc::new(assigner);
        // Ends when the last worker drops its end of the channel.
        drop(runtime.spawn(Arc::clone(&assigner).serve(wishes_of_workers)));
        Self {
            assigner,
            inboxes,
            workers,
        }
    }
}

/// The group has answered: the service is as ready as its dependencies.
pub(crate) fn group_answered(env: &Environment) {
    env.readiness.up(GROUP);
}
