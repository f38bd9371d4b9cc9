use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sluicebox_pipeline::ports::{Class, LakeObject, LakeStore, ProbeError, Published, StoreError};
use sluicebox_storage::memory::MemoryStore;
use sluicebox_types::{FileBytes, Staged};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::chains::ChainReader;
use super::dice::Dice;
use super::process::Process;
use super::reader::GlobReader;
use super::trace::Trace;

/// The way to the store, which all processes share.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) store: MemoryStore,
    pub(super) reader: GlobReader,
    pub(super) chains: ChainReader,
    pub(super) dice: Dice,
    pub(super) trace: Trace,
    pub(super) runtime: Handle,
    /// Nothing fails any more.
    pub(super) calm: Arc<AtomicBool>,
    /// Every create succeeds.
    pub(super) lying: bool,
}

/// Operations after which there is nothing new to be seen.
const READING: [&str; 6] = [
    "get_control",
    "list_control",
    "list_files",
    "list_staged",
    "read_file",
    "read_range",
];

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    /// It never arrives.
    Lost,
    /// It is done; the answer is an error (a 500 or a 409 after the write, a reply that is lost).
    DoneUnanswered,
    /// Its sender has given up when it is done.
    Late(Duration),
}

impl Network {
    /// One request of a process: it is sent, goes its way, and is answered or not.
    pub(super) async fn request<T: Send + 'static>(
        &self,
        process: &Process,
        operation: &'static str,
        path: &str,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        process.runs().await;
        let network = self.clone();
        let (fate, there, back) = (network.fate(), network.delay(), network.delay());
        let failure = network.failure(operation, path);
        network
            .trace
            .note(operation, format_args!("{path}: {fate:?}"));
        let (answer, answered) = oneshot::channel();
        let sent = async move {
            tokio::time::sleep(there).await;
            let told = match fate {
                Fate::Answered => work_seen(&network, operation, work).await,
                Fate::Lost => Err(failure),
                Fate::DoneUnanswered => {
                    work_seen(&network, operation, work).await.and(Err(failure))
                }
                Fate::Late(by) => {
                    drop(answer.send(Err(failure)));
                    tokio::time::sleep(by).await;
                    drop(work_seen(&network, operation, work).await);
                    return;
                }
            };
            // The sender may be gone.
            drop(answer.send(told));
        };
        drop(self.runtime.spawn(sent));
        let answer = answered.await.expect("every request has an answer");
        tokio::time::sleep(back).await;
        process.runs().await;
        answer
    }

    fn fate(&self) -> Fate {
        if self.calm.load(Ordering::Relaxed) {
            return Fate::Answered;
        }
        match self.dice.within(0..=39) {
            0 | 1 => Fate::Lost,
            2 | 3 => Fate::DoneUnanswered,
            4 => Fate::Late(self.dice.millis(1..=500)),
            5 => Fate::Late(self.dice.millis(1..=60_000)),
            _ => Fate::Answered,
        }
    }

    fn delay(&self) -> Duration {
        match self.dice.within(0..=19) {
            0 if !self.calm.load(Ordering::Relaxed) => self.dice.millis(100..=5_000),
            _ => self.dice.millis(0..=20),
        }
    }

    fn failure(&self, operation: &'static str, path: &str) -> StoreError {
        let class = match self.dice.once_in(4) {
            true => Class::Fatal,
            false => Class::Retry,
        };
        StoreError {
            operation,
            path: path.to_owned(),
            message: "injected".to_owned(),
            class,
        }
    }
}

/// The store as one process sees it. A request that was sent goes its way, whatever becomes of its
/// sender.
#[derive(Debug)]
pub(super) struct RemoteStore {
    pub(super) network: Network,
    pub(super) process: Arc<Process>,
}

impl RemoteStore {
    async fn request<T: Send + 'static>(
        &self,
        operation: &'static str,
        path: &str,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let request = self.network.request(&self.process, operation, path, work);
        request.await
    }
}

/// The reader looks at what a request has changed.
async fn work_seen<T>(
    network: &Network,
    operation: &str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let answer = work.await;
    if !READING.contains(&operation) {
        network.reader.look().await;
    }
    answer
}

/// Sends one request with copies of what it is about.
macro_rules! request {
    ($self:ident, $operation:ident, $path:ident $(, $more:ident)*) => {{
        let store = $self.network.store.clone();
        let path = $path.to_owned();
        $(let $more = $more.clone();)*
        let work = async move { store.$operation(&path $(, $more)*).await };
        $self.request(stringify!($operation), $path, work).await
    }};
}

#[async_trait]
impl LakeStore for RemoteStore {
    async fn list_control(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let store = self.network.store.clone();
        let (within, behind) = (prefix.to_owned(), after.map(str::to_owned));
        let work = async move { store.list_control(&within, behind.as_deref(), limit).await };
        self.request("list_control", prefix, work).await
    }

    async fn get_control(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        request!(self, get_control, path)
    }

    async fn create_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        match self.network.lying {
            true => request!(self, put_control, path, bytes),
            false => request!(self, create_control, path, bytes),
        }
    }

    async fn put_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        request!(self, put_control, path, bytes)
    }

    async fn stage(
        &self,
        record: &str,
        path: &str,
        bytes: FileBytes,
    ) -> Result<Staged, StoreError> {
        let store = self.network.store.clone();
        let (record, at) = (record.to_owned(), path.to_owned());
        let work = async move { store.stage(&record, &at, bytes).await };
        self.request("stage", path, work).await
    }

    async fn publish(
        &self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Published, StoreError> {
        let store = self.network.store.clone();
        let (at, staged) = (path.to_owned(), staged.clone());
        let work = async move { store.publish(&at, bytes, &staged).await };
        self.request("publish", path, work).await
    }

    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), StoreError> {
        let store = self.network.store.clone();
        let (at, staged) = (path.to_owned(), staged.clone());
        let work = async move { store.abandon(&at, &staged).await };
        self.request("abandon", path, work).await
    }

    async fn sweep(&self, prefix: &str, record: &str) -> Result<(), StoreError> {
        let store = self.network.store.clone();
        let (within, last) = (prefix.to_owned(), record.to_owned());
        let work = async move { store.sweep(&within, &last).await };
        self.request("sweep", record, work).await
    }

    async fn list_staged(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Option<Vec<LakeObject>>, StoreError> {
        let store = self.network.store.clone();
        let (within, behind) = (prefix.to_owned(), after.map(str::to_owned));
        let work = async move { store.list_staged(&within, behind.as_deref(), limit).await };
        self.request("list_staged", prefix, work).await
    }

    async fn list_files(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError> {
        let store = self.network.store.clone();
        let (within, behind) = (prefix.to_owned(), after.map(str::to_owned));
        let work = async move { store.list_files(&within, behind.as_deref(), limit).await };
        self.request("list_files", prefix, work).await
    }

    async fn read_file(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        request!(self, read_file, path)
    }

    async fn read_range(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        request!(self, read_range, path, range)
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        self.network.store.probe().await
    }

    fn lake_url(&self) -> String {
        self.network.store.lake_url()
    }

    fn control_url(&self) -> String {
        self.network.store.control_url()
    }
}
