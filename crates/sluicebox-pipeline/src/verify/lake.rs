use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use crate::ports::{Class, LakeObject, LakeStore, StoreError};

/// Names asked for at once.
pub(super) const PAGE: usize = 1_000;
/// How often a call is tried whose failure passes.
const TRIES: u32 = 5;
/// The pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(200);

/// The store as it is verified: read only, and asked again when it fails in passing. A proof takes
/// tens of thousands of calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lake<'a> {
    store: &'a dyn LakeStore,
}

/// A part of a file that has, or should have, a certain size.
#[derive(Debug)]
pub(super) enum Part {
    Read(Bytes),
    Missing,
    OtherSize(u64),
}

impl<'a> Lake<'a> {
    pub(super) const fn new(store: &'a dyn LakeStore) -> Self {
        Self { store }
    }

    /// A page of control objects.
    pub(super) async fn list_control(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<String>, StoreError> {
        patiently(|| self.store.list_control(prefix, after, PAGE)).await
    }

    pub(super) async fn get_control(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        patiently(|| self.store.get_control(path)).await
    }

    /// A page of what is staged for the records of a folder.
    pub(super) async fn list_staged(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Option<Vec<LakeObject>>, StoreError> {
        patiently(|| self.store.list_staged(prefix, after, PAGE)).await
    }

    /// A page of the whole lake.
    pub(super) async fn list_files(
        &self,
        after: Option<&str>,
    ) -> Result<Vec<LakeObject>, StoreError> {
        patiently(|| self.store.list_files("", after, PAGE)).await
    }

    /// A part of a file of `bytes` bytes.
    pub(super) async fn read(
        &self,
        path: &str,
        bytes: u64,
        part: Range<u64>,
    ) -> Result<Part, StoreError> {
        patiently(|| self.try_read(path, bytes, part.clone())).await
    }

    /// The size of a visible file; `None` when there is none.
    pub(super) async fn size(&self, path: &str) -> Result<Option<u64>, StoreError> {
        patiently(|| self.try_size(path)).await
    }

    /// A part that the file does not have is an error of the store, like one that passes: only the
    /// size tells them apart.
    async fn try_read(&self, path: &str, bytes: u64, part: Range<u64>) -> Result<Part, StoreError> {
        match self.store.read_range(path, part).await {
            Ok(Some(read)) => Ok(Part::Read(read)),
            Ok(None) => Ok(Part::Missing),
            Err(error) => match self.try_size(path).await {
                Ok(Some(size)) if size != bytes => Ok(Part::OtherSize(size)),
                _ => Err(error),
            },
        }
    }

    /// Asks for the few names from just before the file on.
    async fn try_size(&self, path: &str) -> Result<Option<u64>, StoreError> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut before = path.to_owned();
        before.pop();
        let folder = format!("{folder}/");
        let listed = self.store.list_files(&folder, Some(&before), 10).await?;
        let file = listed.into_iter().find(|file| file.path == path);
        Ok(file.map(|file| file.bytes))
    }
}

async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match call().await {
            Err(error) if error.class == Class::Retry => {
                tracing::warn!(%error, "store: trying again");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            answer => return answer,
        }
    }
    call().await
}
