use std::sync::Arc;

use sluicebox_types::TopicPartition;
use tokio::runtime::Handle;

use crate::assignment::Assigner;
use crate::driver::Parts;
use crate::environment::Environment;
use crate::ports::{RecordQueue, SourceControl, StartAt};
use crate::topic::TopicCatalog;
use crate::worker::Worker;

/// The data plane of [`Driver`](crate::Driver) without its threads: whoever holds it decides what
/// happens next. On a runtime of one thread, with [`Blocking::InPlace`](crate::Blocking::InPlace)
/// and ports and clocks of a simulation, the same decisions lead to the same end.
pub struct Stepped<Q> {
    assigner: Arc<Assigner>,
    workers: Vec<Worker<Q>>,
}

impl<Q> std::fmt::Debug for Stepped<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stepped")
            .field("workers", &self.workers.len())
            .finish_non_exhaustive()
    }
}

impl<Q: RecordQueue> Stepped<Q> {
    /// One worker per queue; `runtime` gets what they do beside reading.
    #[must_use]
    pub fn new(
        env: &Environment,
        catalog: Arc<dyn TopicCatalog>,
        control: Arc<dyn SourceControl>,
        queues: Vec<Q>,
        runtime: Handle,
    ) -> Self {
        let Parts {
            assigner, workers, ..
        } = Parts::new(env, catalog, control, queues, runtime);
        Self { assigner, workers }
    }

    /// One turn of a worker: its messages, one poll, what is due to be committed. Not from inside
    /// the runtime. Without such a worker nothing happens.
    pub fn turn(&mut self, worker: usize) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.turn();
        }
    }

    /// What [`AssignmentHandler::assigned`](crate::ports::AssignmentHandler::assigned) does; its
    /// workers have to be given turns meanwhile.
    pub fn assigned(
        &self,
        partitions: Vec<TopicPartition>,
    ) -> impl Future<Output = Vec<StartAt>> + Send + use<Q> {
        let assigner = Arc::clone(&self.assigner);
        async move { assigner.assigned(&partitions).await }
    }

    /// What [`AssignmentHandler::revoked`](crate::ports::AssignmentHandler::revoked) does.
    pub fn revoked(
        &self,
        partitions: Vec<TopicPartition>,
        lost: bool,
    ) -> impl Future<Output = ()> + Send + use<Q> {
        let assigner = Arc::clone(&self.assigner);
        async move { assigner.let_go(&partitions, lost).await }
    }
}
