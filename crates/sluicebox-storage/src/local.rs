//! A lake on a file system.
//!
//! ```text
//! <control>/_staging/<uuid>   ──hard link──▶  <control>/<path>      conditional create
//! <control>/_staging/<uuid>   ──rename─────▶  <control>/<path>      replace
//! <lake>/_staging/<uuid>-<n>  ──hard link──▶  <lake>/<path>         publish
//! ```
//!
//! A hard link to a path fails if the path exists (POSIX `link`), on every file system that has
//! links, NFS included; so it serves as a rename without replacement, which POSIX lacks. A file is
//! synced before it is linked, and the folders that lead to it after, so what is visible is whole
//! and survives a loss of power. A crash leaves at most a file in `_staging`, which no listing
//! shows; one that no chain's newest record names may be deleted by hand.
//!
//! `object_store::local::LocalFileSystem` is not used: it writes beside the destination, where
//! readers see the leftovers of a crash; its multipart uploads cannot be completed by another
//! process; and it does not tell a full disk from a passing failure.
//!
//! Lake and control tree may lie on different file systems, `_staging` must not be a mount of its
//! own. File systems without hard links (FAT, some FUSE mounts) are refused by the probe.

mod durable;
mod failure;
mod tree;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sluicebox_pipeline::ports::{Class, LakeObject, LakeStore, ProbeError, Published, StoreError};
use sluicebox_types::Staged;
use uuid::Uuid;

use crate::Operation;
use crate::probe;
use crate::relative_path::{STAGING, check, check_prefix};

use self::failure::io_failure;

/// How long a call may take. A file system that answers later (a hung network mount) has failed;
/// what it still does afterwards is a delayed write, which the chain's protocol allows for.
const CALL_TIME_MAX: Duration = Duration::from_secs(120);

/// A lake and its control tree in two folders of a file system.
#[derive(Debug)]
pub(crate) struct LocalStore {
    lake: Root,
    control: Root,
}

#[derive(Clone, Debug)]
struct Root {
    folder: PathBuf,
    url: String,
    /// Folders right below it that hold no files of its own.
    hidden: Vec<PathBuf>,
}

impl LocalStore {
    /// A store on two absolute folders, which are made when something is first written to them.
    pub(crate) fn new(lake: &Path, control: &Path) -> Self {
        Self {
            lake: Root::new(lake, control),
            control: Root::new(control, lake),
        }
    }

    async fn remove_probe(&self, folder: &str) {
        let folder = self.control.folder.join(folder);
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(&folder)).await;
        if !matches!(removed, Ok(Ok(()))) {
            tracing::warn!(
                control = self.control.url,
                "the probe could not remove its objects"
            );
        }
    }
}

#[async_trait]
impl LakeStore for LocalStore {
    async fn list_control(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let objects = self
            .control
            .list(Operation::List, prefix, after, limit)
            .await?;
        Ok(objects.into_iter().map(|object| object.path).collect())
    }

    async fn get_control(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.control.read(Operation::Get, path).await
    }

    async fn create_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let staging = self.control.staging().join(Uuid::new_v4().to_string());
        self.control
            .call(Operation::Create, path, move |root, target| {
                durable::write(&staging, &bytes)?;
                let linked = durable::link(&staging, target, root);
                durable::remove(&staging)?;
                linked
            })
            .await
    }

    async fn put_control(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let staging = self.control.staging().join(Uuid::new_v4().to_string());
        self.control
            .call(Operation::Put, path, move |root, target| {
                durable::write(&staging, &bytes)?;
                durable::replace(&staging, target, root)
            })
            .await
    }

    async fn stage(&self, path: &str, bytes: Bytes) -> Result<Staged, StoreError> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let staged = format!("{}-{name}", Uuid::new_v4());
        let staging = self.lake.staging().join(&staged);
        self.lake
            .call(Operation::Stage, path, move |root, _| {
                durable::write(&staging, &bytes)?;
                durable::sync_folders(root.join(STAGING).as_path(), root)
            })
            .await?;
        Ok(Staged::File { path: staged })
    }

    async fn publish(
        &self,
        path: &str,
        bytes: u64,
        staged: &Staged,
    ) -> Result<Published, StoreError> {
        let staging = self.lake.staged(Operation::Publish, path, staged)?;
        let linked = self
            .lake
            .call(Operation::Publish, path, move |root, target| {
                durable::publish(&staging, target, root)
            })
            .await?;
        match linked {
            None => Ok(Published::StagedDataGone),
            Some(visible) if visible == bytes => Ok(Published::Done),
            Some(visible) => Err(Operation::Publish.error(
                self.lake.url_of(path),
                Class::Fatal,
                format!("the file there has {visible} bytes instead of {bytes}; it is not ours"),
            )),
        }
    }

    async fn abandon(&self, path: &str, staged: &Staged) -> Result<(), StoreError> {
        let staging = self.lake.staged(Operation::Abandon, path, staged)?;
        self.lake
            .call(Operation::Abandon, path, move |_, _| {
                durable::remove(&staging)
            })
            .await
    }

    async fn list_files(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError> {
        self.lake
            .list(Operation::ListFiles, prefix, after, limit)
            .await
    }

    async fn read_file(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.lake.read(Operation::ReadFile, path).await
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        let folder = probe::folder();
        let verdict = probe::prove(self, &folder).await;
        self.remove_probe(&folder).await;
        verdict
    }

    fn lake_url(&self) -> String {
        self.lake.url.clone()
    }

    fn control_url(&self) -> String {
        self.control.url.clone()
    }
}

impl Root {
    fn new(folder: &Path, other: &Path) -> Self {
        let staging = folder.join(STAGING);
        Self {
            folder: folder.to_owned(),
            url: format!("file://{}", folder.display()),
            hidden: vec![staging, other.to_owned()],
        }
    }

    fn staging(&self) -> PathBuf {
        self.folder.join(STAGING)
    }

    fn url_of(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }

    /// Where the bytes of `staged` lie.
    fn staged(
        &self,
        operation: Operation,
        path: &str,
        staged: &Staged,
    ) -> Result<PathBuf, StoreError> {
        match staged {
            Staged::File { path: staged } => {
                check(operation, &self.url, staged)?;
                Ok(self.staging().join(staged))
            }
            Staged::Multipart { .. } => Err(operation.error(
                self.url_of(path),
                Class::Fatal,
                "it was staged on an object store; lake.url no longer names the lake that its \
                 chain belongs to",
            )),
        }
    }

    async fn read(&self, operation: Operation, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.call(operation, path, |_, target| tree::read(target))
            .await
    }

    async fn list(
        &self,
        operation: Operation,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, StoreError> {
        let prefix = check_prefix(operation, &self.url, prefix)?;
        let url = self.url_of(&prefix);
        let walk = tree::Walk::new(&self.folder, &self.hidden, after, limit);
        blocking(operation, url, move || walk.below(&prefix)).await
    }

    /// Runs `work(root, target)` where it may block.
    async fn call<T: Send + 'static>(
        &self,
        operation: Operation,
        path: &str,
        work: impl FnOnce(&Path, &Path) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        check(operation, &self.url, path)?;
        let root = self.folder.clone();
        let target = root.join(path);
        blocking(operation, self.url_of(path), move || work(&root, &target)).await
    }
}

async fn blocking<T: Send + 'static>(
    operation: Operation,
    url: String,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let retry = |message: String| operation.error(url.clone(), Class::Retry, message);
    match tokio::time::timeout(CALL_TIME_MAX, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(answer)) => answer.map_err(|error| io_failure(operation, url, &error)),
        Ok(Err(lost)) => Err(retry(format!("the call was lost: {lost}"))),
        Err(_elapsed) => {
            let seconds = CALL_TIME_MAX.as_secs();
            Err(retry(format!(
                "the file system did not answer within {seconds} s"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::conformance::Subject;

    struct Lake(tempfile::TempDir);

    impl Subject for Lake {
        fn open(&self) -> Arc<dyn LakeStore> {
            let root = self.0.path();
            Arc::new(LocalStore::new(
                &root.join("lake"),
                &root.join("lake/_sluicebox"),
            ))
        }
    }

    mod conformance {
        crate::conformance_tests!(async { super::Lake(tempfile::tempdir().expect("folder")) });
        crate::conformance_tests! {
            async { super::Lake(tempfile::tempdir().expect("folder")) };
            files_are_listed_in_byte_order_of_their_paths
        }
    }

    /// A crash before the link leaves a file that nobody sees and that is in nobody's way.
    #[tokio::test]
    async fn leftovers_of_a_crash_are_never_listed() {
        let lake = Lake(tempfile::tempdir().expect("folder"));
        let store = lake.open();
        store
            .create_control("p/c/1", "x".into())
            .await
            .expect("create");
        for tree in ["lake", "lake/_sluicebox"] {
            let staging = lake.0.path().join(tree).join(STAGING);
            std::fs::create_dir_all(&staging).expect("folder");
            std::fs::write(staging.join("half"), "ha").expect("leftover");
        }
        assert_eq!(
            store.list_control("", None, 10).await.expect("list"),
            ["p/c/1"]
        );
        assert!(
            store
                .list_files("", None, 10)
                .await
                .expect("list")
                .is_empty()
        );
    }

    /// A file where a folder should be is a person's to move, not a reason to panic or spin.
    #[tokio::test]
    async fn something_in_the_lakes_way_is_fatal() {
        let lake = Lake(tempfile::tempdir().expect("folder"));
        std::fs::write(lake.0.path().join("lake"), "a file").expect("file");
        let error = lake
            .open()
            .stage("t/a.parquet", "rows".into())
            .await
            .expect_err("no folder");
        assert_eq!(error.class, Class::Fatal, "{error}");
        assert!(error.message.contains("move it aside"), "{error}");
    }

    /// A record of another kind of store is refused, not misread.
    #[tokio::test]
    async fn an_upload_cannot_be_published_on_a_disk() {
        let lake = Lake(tempfile::tempdir().expect("folder"));
        let staged = Staged::Multipart {
            upload: "u".to_owned(),
            parts: Vec::new(),
        };
        let error = lake
            .open()
            .publish("t/a.parquet", 4, &staged)
            .await
            .expect_err("another kind");
        assert_eq!(error.class, Class::Fatal, "{error}");
    }
}
