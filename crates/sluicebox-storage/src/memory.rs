//! A lake in memory with faults on demand, for tests of whatever drives a
//! [`LakeStore`](sluicebox_pipeline::ports::LakeStore).

mod contents;
mod fault;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use sluicebox_pipeline::ports::LakeObject;
use sluicebox_types::{FileBytes, ManualClock, Staged};

use crate::{Failure, Operation, Store, Tree};

use self::contents::Contents;
pub use self::fault::{Call, Fault, Moment};
use self::fault::{FaultHook, strike};

/// A handle on a lake in memory. Clones and [`MemoryStore::with_faults`] share the lake, as
/// processes share a bucket; each handle has its own faults.
pub type MemoryStore = Store<MemoryTree>;

/// An empty lake without faults.
impl Default for MemoryStore {
    fn default() -> Self {
        let (lake, control) = ("memory://lake", "memory://control");
        let clock = Arc::new(ManualClock::default());
        Self::new(MemoryTree::new(lake), MemoryTree::new(control), clock)
    }
}

impl MemoryStore {
    /// Another handle on the same lake, with these faults.
    #[must_use]
    pub fn with_faults(
        &self,
        faults: impl Fn(&Call<'_>) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let faults: Arc<FaultHook> = Arc::new(faults);
        Self {
            lake: self.lake.with_faults(Arc::clone(&faults)),
            control: self.control.with_faults(faults),
            ..self.clone()
        }
    }

    /// Another handle on the same lake, whose listings give at most `names` names at a time.
    #[must_use]
    pub fn with_pages_of(&self, names: usize) -> Self {
        let mut paged = self.clone();
        (paged.lake.page_max, paged.control.page_max) = (names, names);
        paged
    }

    /// How many staged files wait for their publication.
    #[must_use]
    pub fn staged_count(&self) -> usize {
        self.lake.contents.lock().staged.len()
    }

    /// Removes a control object, as a person or a restore from a backup does; whether it was there.
    pub fn remove_control(&self, path: &str) -> bool {
        self.control.contents.lock().objects.remove(path).is_some()
    }

    /// Removes a visible file, as a person or a life-cycle rule does; its bytes, if it was there.
    pub fn remove_file(&self, path: &str) -> Option<Bytes> {
        self.lake.contents.lock().objects.remove(path)
    }

    /// Makes a file visible, whatever was there, as a person does with a copy.
    pub fn put_file(&self, path: &str, bytes: Bytes) {
        let path = path.to_owned();
        self.lake.contents.lock().objects.insert(path, bytes);
    }

    /// Every control object's path and bytes.
    #[must_use]
    pub fn control_objects(&self) -> BTreeMap<String, Bytes> {
        self.control.contents.lock().objects.clone()
    }
}

/// One tree of a lake in memory.
#[derive(Clone)]
pub struct MemoryTree {
    url: &'static str,
    /// The most names that a listing gives.
    page_max: usize,
    contents: Arc<Mutex<Contents>>,
    faults: Arc<FaultHook>,
}

impl MemoryTree {
    pub(crate) fn new(url: &'static str) -> Self {
        Self {
            url,
            page_max: usize::MAX,
            contents: Arc::default(),
            faults: Arc::new(|_: &Call<'_>| None),
        }
    }

    pub(crate) fn with_faults(&self, faults: Arc<FaultHook>) -> Self {
        Self {
            faults,
            ..self.clone()
        }
    }

    async fn call<T: Send>(
        &self,
        operation: Operation,
        path: &str,
        work: impl FnOnce(&mut Contents) -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        let call = |moment| Call {
            operation,
            path,
            moment,
        };
        strike(&*self.faults, &call(Moment::Before)).await?;
        let answer = work(&mut self.contents.lock());
        strike(&*self.faults, &call(Moment::After)).await?;
        answer
    }
}

#[async_trait]
impl Tree for MemoryTree {
    fn url(&self) -> String {
        self.url.to_owned()
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, Failure> {
        let list = |contents: &mut Contents| {
            Ok(contents::list(
                &contents.objects,
                folder,
                after,
                limit.min(self.page_max),
            ))
        };
        self.call(Operation::List, folder, list).await
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, Failure> {
        let get = |contents: &mut Contents| Ok(contents.objects.get(path).cloned());
        self.call(Operation::Get, path, get).await
    }

    async fn get_range(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>, Failure> {
        let part = |bytes: &Bytes| {
            let position = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            bytes.slice(position(range.start)..position(range.end))
        };
        let get = |contents: &mut Contents| Ok(contents.objects.get(path).map(part));
        self.call(Operation::Get, path, get).await
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        let create = |contents: &mut Contents| contents.create(path, bytes);
        self.call(Operation::Create, path, create).await
    }

    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        let put = |contents: &mut Contents| {
            contents.objects.insert(path.to_owned(), bytes);
            Ok(())
        };
        self.call(Operation::Put, path, put).await
    }

    async fn stage(&self, record: &str, path: &str, bytes: FileBytes) -> Result<Staged, Failure> {
        let stage = |contents: &mut Contents| Ok(contents.stage(record, bytes.to_bytes()));
        self.call(Operation::Stage, path, stage).await
    }

    async fn publish(
        &self,
        path: &str,
        _bytes: u64,
        staged: &Staged,
    ) -> Result<Option<u64>, Failure> {
        let publish = |contents: &mut Contents| contents.publish(path, staged);
        self.call(Operation::Publish, path, publish).await
    }

    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), Failure> {
        let abandon = |contents: &mut Contents| contents.take_staged(staged).map(drop);
        self.call(Operation::Abandon, path, abandon).await
    }

    async fn sweep(&self, folder: &str, record: &str) -> Result<(), Failure> {
        let sweep = |contents: &mut Contents| {
            contents.sweep(folder, record);
            Ok(())
        };
        self.call(Operation::Sweep, record, sweep).await
    }

    async fn list_staged(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Option<Vec<LakeObject>>, Failure> {
        let list = |contents: &mut Contents| {
            Ok(Some(contents::list(
                &contents.staged,
                folder,
                after,
                limit.min(self.page_max),
            )))
        };
        self.call(Operation::List, folder, list).await
    }

    async fn remove_folder(&self, folder: &str) -> Result<(), Failure> {
        let inside = format!("{folder}/");
        let mut contents = self.contents.lock();
        contents
            .objects
            .retain(|path, _| !path.starts_with(&inside));
        Ok(())
    }
}

impl fmt::Debug for MemoryTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTree")
            .field("url", &self.url)
            .field("contents", &self.contents)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sluicebox_pipeline::ports::{Class, LakeStore, ProbeError};

    use super::*;
    use crate::conformance::Subject;

    impl Subject for MemoryStore {
        fn open(&self) -> Arc<dyn LakeStore> {
            Arc::new(self.clone())
        }
    }

    mod conformance {
        crate::conformance_tests!(async { super::MemoryStore::default() });
        crate::conformance_tests! {
            async { super::MemoryStore::default() };
            abandoned_data_is_gone
            files_are_listed_in_byte_order_of_their_paths
            a_sweep_takes_what_no_record_can_name
        }
    }

    /// A lost reply: the work is done, the caller gets an error.
    #[tokio::test]
    async fn a_fault_after_the_work_hides_a_success() {
        let store = MemoryStore::default();
        let faulty = store.with_faults(|call| {
            let lost = call.operation == Operation::Create && call.moment == Moment::After;
            lost.then_some(Fault::Error(Class::Retry))
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

    /// A store that lets two creates win cannot hold a chain, even if it lies in races only.
    #[tokio::test]
    async fn a_lying_store_fails_the_probe() {
        for lied_about in ["/twice", "/race-07"] {
            let store = MemoryStore::default();
            let deleting = store.clone();
            let lying = store.with_faults(move |call| {
                let create = call.operation == Operation::Create && call.moment == Moment::Before;
                if create && call.path.ends_with(lied_about) {
                    deleting.remove_control(call.path);
                }
                None
            });
            let error = lying.probe().await.expect_err("two creates won");
            assert!(matches!(error, ProbeError::Lies { .. }), "{error}");
        }
    }
}
