use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use sluicebox_pipeline::ports::{Class, LakeObject, LakeStore, ProbeError, Published, StoreError};
use sluicebox_types::{Clock, FileBytes, Staged};

use crate::relative_path::check;
use crate::{Failure, Operation, Tree, probe};

/// A lake and its control tree in two [`Tree`]s: the port's one implementation, so that each kind
/// of store checks paths, names errors and shows itself in metrics in the same way.
///
/// Every call counts in `sluicebox_store_requests_total{operation,status}` and is timed in
/// `sluicebox_store_request_duration_seconds{operation}`. The status is `ok`, or the class of the
/// failure. The calls that a probe makes count as well.
#[derive(Clone, Debug)]
pub struct Store<T> {
    pub(crate) lake: T,
    pub(crate) control: T,
    pub(crate) clock: Arc<dyn Clock>,
}

impl<T: Tree> Store<T> {
    /// A store of these trees, whose calls are timed by `clock`.
    pub fn new(lake: T, control: T, clock: Arc<dyn Clock>) -> Self {
        Self {
            lake,
            control,
            clock,
        }
    }

    /// Does `work` on a path of `tree`, if it is one that any store may hold.
    async fn call<A: Send>(
        &self,
        operation: Operation,
        tree: &T,
        path: &str,
        work: impl Future<Output = Result<A, Failure>> + Send,
    ) -> Result<A, StoreError> {
        let checked = async {
            check(path)?;
            work.await
        };
        self.observe(operation, tree, path, checked).await
    }

    async fn list(
        &self,
        tree: &T,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError> {
        let list = async {
            match prefix.strip_suffix('/').unwrap_or(prefix) {
                "" => tree.list("", after, limit).await,
                folder => {
                    check(folder)?;
                    tree.list(&format!("{folder}/"), after, limit).await
                }
            }
        };
        self.observe(Operation::List, tree, prefix, list).await
    }

    async fn observe<A>(
        &self,
        operation: Operation,
        tree: &T,
        path: &str,
        work: impl Future<Output = Result<A, Failure>> + Send,
    ) -> Result<A, StoreError> {
        let operation = operation.as_str();
        let started = self.clock.monotonic();
        let answer = work.await;
        let took = self.clock.monotonic().saturating_sub(started);
        let status = answer
            .as_ref()
            .map_or_else(|failure| status(failure.class), |_| "ok");
        metrics::counter!("sluicebox_store_requests_total", "operation" => operation, "status" => status)
            .increment(1);
        metrics::histogram!("sluicebox_store_request_duration_seconds", "operation" => operation)
            .record(took.as_secs_f64());
        answer.map_err(|Failure { class, message }| StoreError {
            operation,
            path: format!("{}/{}", tree.url(), path.escape_debug()),
            message,
            class,
        })
    }
}

const fn status(class: Class) -> &'static str {
    match class {
        Class::Retry => "retry",
        Class::Fatal => "fatal",
    }
}

#[async_trait]
impl<T: Tree> LakeStore for Store<T> {
    async fn list_control(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let objects = self.list(&self.control, prefix, after, limit).await?;
        Ok(objects.into_iter().map(|object| object.path).collect())
    }

    async fn get_control(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        let tree = &self.control;
        self.call(Operation::Get, tree, path, tree.get(path)).await
    }

    async fn create_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let tree = &self.control;
        let create = tree.create(path, bytes);
        self.call(Operation::Create, tree, path, create).await
    }

    async fn put_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let tree = &self.control;
        self.call(Operation::Put, tree, path, tree.put(path, bytes))
            .await
    }

    async fn stage(
        &self,
        record: &str,
        path: &str,
        bytes: FileBytes,
    ) -> Result<Staged, StoreError> {
        let tree = &self.lake;
        let stage = async {
            check(record)?;
            tree.stage(record, path, bytes).await
        };
        self.call(Operation::Stage, tree, path, stage).await
    }

    async fn publish(
        &self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Published, StoreError> {
        let tree = &self.lake;
        let publish = async {
            match tree.publish(path, bytes, staged).await? {
                None => Ok(Published::StagedDataGone),
                Some(visible) if visible == bytes => Ok(Published::Done),
                Some(visible) => Err(Failure::fatal(format!(
                    "the file there has {visible} bytes instead of {bytes}; it is not ours"
                ))),
            }
        };
        self.call(Operation::Publish, tree, path, publish).await
    }

    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), StoreError> {
        let tree = &self.lake;
        let abandon = tree.abandon(path, staged);
        self.call(Operation::Abandon, tree, path, abandon).await
    }

    async fn sweep(&self, prefix: &str, record: &str) -> Result<(), StoreError> {
        for tree in [&self.lake, &self.control] {
            self.call(Operation::Sweep, tree, record, tree.sweep(prefix, record))
                .await?;
        }
        Ok(())
    }

    async fn list_staged(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Option<Vec<LakeObject>>, StoreError> {
        let tree = &self.lake;
        let folder = prefix.strip_suffix('/').unwrap_or(prefix);
        let below = format!("{folder}/");
        let list = tree.list_staged(&below, after, limit);
        self.call(Operation::List, tree, folder, list).await
    }

    async fn list_files(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError> {
        self.list(&self.lake, prefix, after, limit).await
    }

    async fn read_file(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        let tree = &self.lake;
        self.call(Operation::Get, tree, path, tree.get(path)).await
    }

    async fn read_range(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        let tree = &self.lake;
        let (start, end) = (range.start, range.end);
        let read = async {
            let bytes = match range.is_empty() {
                true => Some(Bytes::new()),
                false => tree.get_range(path, range).await?,
            };
            let short = |bytes: &Bytes| bytes.len() as u64 != end.saturating_sub(start);
            match bytes {
                Some(bytes) if short(&bytes) => Err(Failure::fatal(format!(
                    "the file ends before byte {end}; it is not the one that was listed"
                ))),
                bytes => Ok(bytes),
            }
        };
        self.call(Operation::Get, tree, path, read).await
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        let folder = probe::folder();
        let verdict = probe::prove(self, &folder).await;
        // Tidiness only: a store that may not delete is still fit to hold a chain.
        let tree = &self.control;
        let remove = tree.remove_folder(&folder);
        if let Err(error) = self.call(Operation::Probe, tree, &folder, remove).await {
            tracing::warn!(%error, "the probe could not remove its objects");
        }
        verdict
    }

    fn lake_url(&self) -> String {
        self.lake.url()
    }

    fn control_url(&self) -> String {
        self.control.url()
    }
}

#[cfg(test)]
mod tests;
