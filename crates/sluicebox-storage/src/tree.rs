use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use sluicebox_pipeline::ports::{Class, LakeObject};
use sluicebox_types::{FileBytes, Staged};

/// One tree of objects below a root: all that differs between the kinds of stores.
///
/// Paths are checked before they come here: relative, without `.` or `..`, not in the staging
/// folder. What a call must keep is said at the port, [`LakeStore`](sluicebox_pipeline::ports::LakeStore).
#[async_trait]
pub trait Tree: Send + Sync + std::fmt::Debug {
    /// The root as users write it, without a `/` at its end.
    fn url(&self) -> String;

    /// Objects below `folder` (empty, or with a `/` at its end) after `after`, ascending, at most
    /// `limit`, without what is staged and without another tree inside this one.
    async fn list(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, Failure>;

    /// An object's bytes.
    async fn get(&self, path: &str) -> Result<Option<Bytes>, Failure>;

    /// A part of an object's bytes. `range` is not empty.
    async fn get_range(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>, Failure>;

    /// Makes an object where none is.
    async fn create(&self, path: &str, bytes: Bytes) -> Result<(), Failure>;

    /// Makes an object, whatever is there.
    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), Failure>;

    /// Makes bytes durable and not visible, to be named by `record`.
    async fn stage(&self, record: &str, path: &str, bytes: FileBytes) -> Result<Staged, Failure>;

    /// Makes what was staged, `bytes` long, visible. Answers the size of what is there in the end;
    /// `None` if there is neither an object nor staged data.
    async fn publish(
        &self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Option<u64>, Failure>;

    /// Throws away what was staged.
    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), Failure>;

    /// Throws away what was staged for `record` and for those before it in the folders in `folder`
    /// (which ends in `/`).
    async fn sweep(&self, folder: &str, record: &str) -> Result<(), Failure>;

    /// What is staged for the records in and below `folder` (which ends in `/`), after `after`,
    /// ascending, at most `limit`; `None` where that cannot be listed.
    async fn list_staged(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Option<Vec<LakeObject>>, Failure>;

    /// Removes a folder with all that is in it.
    async fn remove_folder(&self, folder: &str) -> Result<(), Failure>;
}

/// Why a tree could not do it. [`Store`](crate::Store) adds what was asked, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to do.
    pub class: Class,
    /// What happened and, where known, the cure. One line, no secrets.
    pub message: String,
}

impl Failure {
    /// A passing failure.
    pub fn retry(message: impl Into<String>) -> Self {
        Self {
            class: Class::Retry,
            message: message.into(),
        }
    }

    /// A failure that a person has to heal.
    pub fn fatal(message: impl Into<String>) -> Self {
        Self {
            class: Class::Fatal,
            message: message.into(),
        }
    }

    /// A record names data that was staged on another kind of store.
    pub(crate) fn foreign_data() -> Self {
        Self::fatal(
            "its data was staged on another kind of store; lake.url no longer names the lake that \
             its chain belongs to",
        )
    }
}
