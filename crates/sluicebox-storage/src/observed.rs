use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sluicebox_pipeline::ports::{Class, LakeObject, LakeStore, ProbeError, Published, StoreError};
use sluicebox_types::{Clock, Staged};

use crate::Operation;

/// Counts and times every call to a store: `store_requests_total{operation,status}` and
/// `store_request_duration_seconds{operation}`. The status is `ok`, or the class of the failure.
#[derive(Debug)]
pub struct Observed {
    store: Arc<dyn LakeStore>,
    clock: Arc<dyn Clock>,
}

impl Observed {
    /// `store`, observed by `clock`.
    #[must_use]
    pub fn new(store: Arc<dyn LakeStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    async fn call<T, E: Status>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let started = self.clock.monotonic();
        let answer = call.await;
        let took = self.clock.monotonic().saturating_sub(started);
        record(
            operation,
            answer.as_ref().err().map_or("ok", Status::status),
            took,
        );
        answer
    }
}

fn record(operation: Operation, status: &'static str, took: Duration) {
    let operation = operation.as_str();
    metrics::counter!("sluicebox_store_requests_total", "operation" => operation, "status" => status)
        .increment(1);
    metrics::histogram!("sluicebox_store_request_duration_seconds", "operation" => operation)
        .record(took.as_secs_f64());
}

trait Status {
    fn status(&self) -> &'static str;
}

impl Status for StoreError {
    fn status(&self) -> &'static str {
        match self.class {
            Class::Retry => "retry",
            Class::Fatal => "fatal",
        }
    }
}

impl Status for ProbeError {
    fn status(&self) -> &'static str {
        match self {
            Self::Store(error) => error.status(),
            Self::Lies { .. } => "fatal",
        }
    }
}

#[async_trait]
impl LakeStore for Observed {
    async fn list_control(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.call(
            Operation::List,
            self.store.list_control(prefix, after, limit),
        )
        .await
    }

    async fn get_control(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.call(Operation::Get, self.store.get_control(path))
            .await
    }

    async fn create_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.call(Operation::Create, self.store.create_control(path, bytes))
            .await
    }

    async fn put_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.call(Operation::Put, self.store.put_control(path, bytes))
            .await
    }

    async fn stage(&self, path: &str, bytes: Bytes) -> Result<Staged, StoreError> {
        self.call(Operation::Stage, self.store.stage(path, bytes))
            .await
    }

    async fn publish(
        &self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Published, StoreError> {
        self.call(Operation::Publish, self.store.publish(path, bytes, staged))
            .await
    }

    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), StoreError> {
        self.call(Operation::Abandon, self.store.abandon(path, staged))
            .await
    }

    async fn list_files(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError> {
        self.call(
            Operation::ListFiles,
            self.store.list_files(prefix, after, limit),
        )
        .await
    }

    async fn read_file(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.call(Operation::ReadFile, self.store.read_file(path))
            .await
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        self.call(Operation::Probe, self.store.probe()).await
    }

    fn lake_url(&self) -> String {
        self.store.lake_url()
    }

    fn control_url(&self) -> String {
        self.store.control_url()
    }
}
