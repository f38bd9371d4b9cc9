//! A lake on a file system.
//!
//! ```text
//! <control>/_staging/<record>-<uuid>  ──hard link──▶  <control>/<record>    conditional create
//! <control>/_staging/<path>-<uuid>    ──rename─────▶  <control>/<path>      replace
//! <lake>/_staging/<record>-<uuid>     ──hard link──▶  <lake>/<path>         publish
//! ```
//!
//! A hard link to a path fails if the path exists (POSIX `link`), on every file system that has
//! links, NFS included; so it serves as a rename without replacement, which POSIX lacks. A file is
//! synced before it is linked, and the folders that lead to it after, so what is visible is whole
//! and survives a loss of power.
//!
//! A crash leaves at most files in `_staging`, which no listing shows. Each is named after the
//! record that it was staged for, so that a sweep finds those that no record can name any more.
//!
//! `object_store::local::LocalFileSystem` is not used: it writes beside the destination, where
//! readers see the leftovers of a crash; its multipart uploads cannot be completed by another
//! process; and it does not tell a full disk from a passing failure.
//!
//! Lake and control tree may lie on different file systems, `_staging` must not be a mount of its
//! own. File systems without hard links (FAT, some FUSE mounts) are refused by the probe.

mod direct;
mod durable;
mod failure;
mod staging;
mod walk;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sluicebox_pipeline::ports::LakeObject;
use sluicebox_types::{FileBytes, Staged};

use crate::{Failure, Tree};

use self::staging::Staging;

/// How long a call may take. A file system that answers later (a hung network mount) has failed;
/// what it still does afterwards is a delayed write, which the chain's protocol allows for.
const CALL_TIME_MAX: Duration = Duration::from_secs(120);

/// A tree in a folder of a file system.
#[derive(Debug)]
pub(crate) struct LocalTree {
    root: PathBuf,
    staging: Staging,
    /// The folder of another tree, which may lie inside this one.
    other: PathBuf,
}

impl LocalTree {
    /// A tree in an absolute folder, which is made when something is first written to it.
    pub(crate) fn new(root: &Path, other: &Path) -> Self {
        Self {
            root: root.to_owned(),
            staging: Staging::below(root),
            other: other.to_owned(),
        }
    }
}

#[async_trait]
impl Tree for LocalTree {
    fn url(&self) -> String {
        format!("file://{}", self.root.display())
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, Failure> {
        let hidden = [self.staging.folder().to_owned(), self.other.clone()];
        let walk = walk::Walk::new(&self.root, hidden, after, limit);
        let folder = folder.to_owned();
        blocking(move || walk.below(&folder)).await
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, Failure> {
        let path = self.root.join(path);
        blocking(move || walk::read(&path)).await
    }

    async fn get_range(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>, Failure> {
        let path = self.root.join(path);
        blocking(move || walk::read_range(&path, &range)).await
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        let (_, staged) = self.staging.name(path);
        let (root, target) = (self.root.clone(), self.root.join(path));
        blocking(move || {
            durable::write(&staged, &[bytes])?;
            let linked = durable::link(&staged, &target, &root);
            durable::remove(&staged)?;
            linked
        })
        .await
    }

    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        let (_, staged) = self.staging.name(path);
        let (root, target) = (self.root.clone(), self.root.join(path));
        blocking(move || {
            durable::write(&staged, &[bytes])?;
            durable::replace(&staged, &target, &root)
        })
        .await
    }

    async fn stage(&self, record: &str, _path: &str, bytes: FileBytes) -> Result<Staged, Failure> {
        let (name, staged) = self.staging.name(record);
        let root = self.root.clone();
        blocking(move || {
            durable::write(&staged, bytes.parts())?;
            durable::sync_folders_of(&staged, &root)
        })
        .await?;
        Ok(Staged::File { path: name })
    }

    async fn publish(
        &self,
        path: &str,
        _bytes: u64,
        staged: &Staged,
    ) -> Result<Option<u64>, Failure> {
        let staged = self.staging.find(staged)?;
        let (root, target) = (self.root.clone(), self.root.join(path));
        blocking(move || durable::publish(&staged, &target, &root)).await
    }

    async fn abandon(&self, _path: &str, staged: &Staged) -> Result<(), Failure> {
        let staged = self.staging.find(staged)?;
        blocking(move || durable::remove(&staged)).await
    }

    async fn sweep(&self, folder: &str, record: &str) -> Result<(), Failure> {
        let (staging, folder, record) =
            (self.staging.clone(), folder.to_owned(), record.to_owned());
        blocking(move || staging.sweep(&folder, &record)).await
    }

    async fn list_staged(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Option<Vec<LakeObject>>, Failure> {
        let walk = walk::Walk::new(self.staging.folder(), [], after, limit);
        let folder = folder.to_owned();
        blocking(move || walk.below(&folder)).await.map(Some)
    }

    async fn remove_folder(&self, folder: &str) -> Result<(), Failure> {
        let folders = [self.root.join(folder), self.staging.folder().join(folder)];
        blocking(move || {
            folders
                .iter()
                .try_for_each(|folder| durable::remove_folder(folder))
        })
        .await
    }
}

/// Does `work` where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::time::timeout(CALL_TIME_MAX, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(answer)) => answer.map_err(|error| failure::explain(&error)),
        Ok(Err(lost)) => Err(Failure::retry(format!("the call was lost: {lost}"))),
        Err(_elapsed) => Err(Failure::retry(format!(
            "the file system did not answer within {} s",
            CALL_TIME_MAX.as_secs()
        ))),
    }
}

#[cfg(test)]
mod tests;
