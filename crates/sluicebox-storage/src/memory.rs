//! A lake in memory with faults on demand, for tests of whatever drives a [`LakeStore`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use sluicebox_pipeline::ports::{Class, LakeObject, LakeStore, ProbeError, Published, StoreError};
use sluicebox_types::Staged;

use crate::Operation;
use crate::probe;
use crate::relative_path::{check, check_prefix};

const ROOT: &str = "memory://lake";

/// A handle on a lake in memory. Clones and [`MemoryStore::with_faults`] share the lake, as
/// processes share a bucket; each handle has its own faults.
#[derive(Clone)]
pub struct MemoryStore {
    contents: Arc<Mutex<Contents>>,
    faults: Arc<FaultHook>,
}

/// Asked twice per call: before the work, and after it was done.
type FaultHook = dyn Fn(&Call<'_>) -> Option<Fault> + Send + Sync;

/// One call, as a fault hook sees it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What is called.
    pub operation: Operation,
    /// The path or prefix it is called with.
    pub path: &'a str,
    /// Before or after the work.
    pub moment: Moment,
}

/// When a hook is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing has been done yet.
    Before,
    /// The work is done and the answer is on its way.
    After,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The caller gets this error. After the work, that is a lost reply.
    Error(StoreError),
    /// The caller never gets an answer.
    Hang,
}

impl Call<'_> {
    /// A fault that answers this call with an error.
    #[must_use]
    pub fn fail(&self, class: Class) -> Fault {
        Fault::Error(
            self.operation
                .error(url(self.path), class, "injected fault"),
        )
    }
}

#[derive(Debug, Default)]
struct Contents {
    control: BTreeMap<String, Bytes>,
    files: BTreeMap<String, Bytes>,
    staged: BTreeMap<String, Bytes>,
    staged_ever: u64,
}

impl MemoryStore {
    /// An empty lake without faults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            contents: Arc::default(),
            faults: Arc::new(|_: &Call<'_>| None),
        }
    }

    /// Another handle on the same lake, with these faults.
    #[must_use]
    pub fn with_faults(
        &self,
        faults: impl Fn(&Call<'_>) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            contents: Arc::clone(&self.contents),
            faults: Arc::new(faults),
        }
    }

    /// Loses all staged data, as a bucket's lifecycle rule does.
    pub fn expire_staged(&self) {
        self.contents.lock().staged.clear();
    }

    /// How many staged files wait for their publication.
    #[must_use]
    pub fn staged_count(&self) -> usize {
        self.contents.lock().staged.len()
    }

    /// Removes a control object, as a person or a restore from a backup does; whether it was there.
    pub fn remove_control(&self, path: &str) -> bool {
        self.contents.lock().control.remove(path).is_some()
    }

    /// Removes a visible file, as a person or a retention job does; whether it was there.
    pub fn remove_file(&self, path: &str) -> bool {
        self.contents.lock().files.remove(path).is_some()
    }

    /// Every control object's path and bytes.
    #[must_use]
    pub fn control_objects(&self) -> BTreeMap<String, Bytes> {
        self.contents.lock().control.clone()
    }

    async fn call<T: Send>(
        &self,
        operation: Operation,
        path: &str,
        work: impl FnOnce(&mut Contents) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        self.strike(Call {
            operation,
            path,
            moment: Moment::Before,
        })
        .await?;
        let answer = work(&mut self.contents.lock());
        self.strike(Call {
            operation,
            path,
            moment: Moment::After,
        })
        .await?;
        answer
    }

    /// A call about one object.
    async fn object<T: Send>(
        &self,
        operation: Operation,
        path: &str,
        work: impl FnOnce(&mut Contents) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        check(operation, ROOT, path)?;
        self.call(operation, path, work).await
    }

    async fn strike(&self, call: Call<'_>) -> Result<(), StoreError> {
        match (self.faults)(&call) {
            None => Ok(()),
            Some(Fault::Error(error)) => Err(error),
            Some(Fault::Hang) => std::future::pending().await,
        }
    }
}

#[async_trait]
impl LakeStore for MemoryStore {
    async fn list_control(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let prefix = check_prefix(Operation::List, ROOT, prefix)?;
        self.call(Operation::List, &prefix, |contents| {
            let objects = below(&contents.control, &prefix, after);
            Ok(objects.take(limit).map(|(path, _)| path.clone()).collect())
        })
        .await
    }

    async fn get_control(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.object(Operation::Get, path, |contents| {
            Ok(contents.control.get(path).cloned())
        })
        .await
    }

    async fn create_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.object(Operation::Create, path, |contents| {
            if contents.control.contains_key(path) {
                return Err(Operation::Create.error(url(path), Class::Retry, "exists already"));
            }
            contents.control.insert(path.to_owned(), bytes);
            Ok(())
        })
        .await
    }

    async fn put_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.object(Operation::Put, path, |contents| {
            contents.control.insert(path.to_owned(), bytes);
            Ok(())
        })
        .await
    }

    async fn stage(&self, path: &str, bytes: Bytes) -> Result<Staged, StoreError> {
        self.object(Operation::Stage, path, |contents| {
            contents.staged_ever += 1;
            let staged = format!("{}-{path}", contents.staged_ever);
            contents.staged.insert(staged.clone(), bytes);
            Ok(Staged::File { path: staged })
        })
        .await
    }

    async fn publish(
        &self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Published, StoreError> {
        self.object(Operation::Publish, path, |contents| {
            contents.publish(path, bytes, staged)
        })
        .await
    }

    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), StoreError> {
        self.object(Operation::Abandon, path, |contents| {
            contents.staged.remove(staged_name(staged));
            Ok(())
        })
        .await
    }

    async fn list_files(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError> {
        let prefix = check_prefix(Operation::ListFiles, ROOT, prefix)?;
        self.call(Operation::ListFiles, &prefix, |contents| {
            let files = below(&contents.files, &prefix, after);
            Ok(files
                .take(limit)
                .map(|(path, bytes)| LakeObject {
                    path: path.clone(),
                    bytes: size(bytes),
                })
                .collect())
        })
        .await
    }

    async fn read_file(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.object(Operation::ReadFile, path, |contents| {
            Ok(contents.files.get(path).cloned())
        })
        .await
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        let folder = probe::folder();
        let verdict = probe::prove(self, &folder).await;
        self.contents
            .lock()
            .control
            .retain(|path, _| !path.starts_with(&folder));
        verdict
    }

    fn lake_url(&self) -> String {
        ROOT.to_owned()
    }

    fn control_url(&self) -> String {
        "memory://control".to_owned()
    }
}

impl Contents {
    fn publish(
        &mut self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Published, StoreError> {
        match self.files.get(path).map(size) {
            Some(visible) if visible == bytes => return Ok(Published::Done),
            Some(visible) => {
                let message = format!("the file there has {visible} bytes instead of {bytes}");
                return Err(Operation::Publish.error(url(path), Class::Fatal, message));
            }
            None => {}
        }
        let Some(data) = self.staged.remove(staged_name(staged)) else {
            return Ok(Published::StagedDataGone);
        };
        self.files.insert(path.to_owned(), data);
        Ok(Published::Done)
    }
}

/// The entries below `prefix` and after `after`, ascending.
fn below<'a>(
    objects: &'a BTreeMap<String, Bytes>,
    prefix: &'a str,
    after: Option<&'a str>,
) -> impl Iterator<Item = (&'a String, &'a Bytes)> {
    objects
        .range(prefix.to_owned()..)
        .take_while(move |(path, _)| path.starts_with(prefix))
        .filter(move |(path, _)| after.is_none_or(|after| path.as_str() > after))
}

fn staged_name(staged: &Staged) -> &str {
    match staged {
        Staged::File { path } => path,
        Staged::Multipart { upload, .. } => upload,
    }
}

fn size(bytes: &Bytes) -> u64 {
    bytes.len() as u64
}

fn url(path: &str) -> String {
    format!("{ROOT}/{path}")
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("contents", &self.contents)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::Subject;

    impl Subject for MemoryStore {
        fn open(&self) -> Arc<dyn LakeStore> {
            Arc::new(self.clone())
        }
    }

    mod conformance {
        crate::conformance_tests!(async { super::MemoryStore::new() });
        crate::conformance_tests! {
            async { super::MemoryStore::new() };
            files_are_listed_in_byte_order_of_their_paths
        }
    }

    /// A lost reply: the work is done, the caller gets an error.
    #[tokio::test]
    async fn a_fault_after_the_work_hides_a_success() {
        let store = MemoryStore::new();
        let faulty = store.with_faults(|call| {
            let lost = call.operation == Operation::Create && call.moment == Moment::After;
            lost.then(|| call.fail(Class::Retry))
        });
        faulty
            .create_control("p/c/1", "x".into())
            .await
            .expect_err("the reply is lost");
        assert_eq!(
            store.get_control("p/c/1").await.expect("get"),
            Some("x".into())
        );
    }

    /// A store that lets two creates win cannot hold a chain.
    #[tokio::test]
    async fn a_lying_store_fails_the_probe() {
        let store = MemoryStore::new();
        let deleting = store.clone();
        let lying = store.with_faults(move |call| {
            let create = call.operation == Operation::Create && call.moment == Moment::Before;
            create.then(|| deleting.remove_control(call.path));
            None
        });
        let error = lying.probe().await.expect_err("two creates won");
        assert!(matches!(error, ProbeError::Lies { .. }), "{error}");
    }
}
