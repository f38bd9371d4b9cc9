//! A lake on HDFS, without a JVM.
//!
//! ```text
//! <control>/_staging/<record>-<uuid>  ──rename, free target──▶  <control>/<record>  conditional create
//! <control>/_staging/<path>-<uuid>    ──rename, any target───▶  <control>/<path>    replace
//! <lake>/_staging/<record>-<uuid>     ──rename, free target──▶  <lake>/<path>       publish
//! ```
//!
//! The name node does a rename in one step and logs it to its journal before it answers; asked not
//! to overwrite (`rename2`), it refuses a target that exists. A file is synced to the disks of its
//! data nodes (`hsync`) and closed before it is renamed, so what is visible is whole and survives a
//! loss of power.
//!
//! **Leases.** HDFS lets one client at a time write a file, until it closes it or has been silent
//! for an hour. Every file here is written under a name of its own and never opened again, so nobody
//! meets the lease of a writer that died. What such a writer left goes with the sweep of its record:
//! removing a file ends its lease.
//!
//! **Closing a file takes half a second.** The name node lets a file be closed when a data node has
//! reported its last block; the client asks once, too early, and again after 500 ms. Files of one
//! commit are therefore staged at the same time. `dfs.namenode.file.close.num-committed-allowed: 1`
//! on the name node does away with the wait where a block has more copies than
//! `dfs.namenode.replication.min`: a record is then made in some 15 ms.
//!
//! **Memory.** The client copies what it sends, up to 200 packets of 64 KiB for each file on its way.
//!
//! **Listing** reads a folder from its start, 1,000 names a call, for the client cannot begin after
//! a name.
//!
//! `hdfs-native` is used as it is: the `object_store` adapter over it writes beside the destination,
//! spells names its own way, does not sync, and tells most failures as one kind.
//!
//! All of a tree must lie in one encryption zone, for nothing is renamed out of one. Erasure-coded
//! files cannot be synced: `_staging` must be replicated, whatever the tables' folders are.

mod place;
mod client;
mod files;
mod walk;
mod failure;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hdfs_native::HdfsError;
use sluicebox_pipeline::ports::LakeObject;
use sluicebox_types::{FileBytes, Staged};

use crate::relative_path::STAGING;
use crate::{Failure, HdfsSettings, OpenError, Tree, staged_name};

use self::files::Files;
pub(crate) use self::place::HdfsPlace;

/// A tree in a folder of HDFS.
#[derive(Debug)]
pub(crate) struct HdfsTree {
    files: Arc<Files>,
    place: HdfsPlace,
    /// Folders below the root that are not the tree's own.
    hidden: Vec<String>,
}

impl HdfsTree {
    /// The trees at two places, each blind to the other where that lies inside. They share their
    /// connections if they are on the same name service.
    pub(crate) fn open_both(
        places: [&HdfsPlace; 2],
        settings: &HdfsSettings,
    ) -> Result<[Self; 2], OpenError> {
        let [lake, control] = places;
        let files = Arc::new(client::connect(lake, settings)?);
        let control_files = match lake.name_service == control.name_service {
            true => Arc::clone(&files),
            false => Arc::new(client::connect(control, settings)?),
        };
        Ok([
            Self::new(files, lake, control),
            Self::new(control_files, control, lake),
        ])
    }

    fn new(files: Arc<Files>, place: &HdfsPlace, other: &HdfsPlace) -> Self {
        Self {
            files,
            place: place.clone(),
            hidden: place.hidden(other),
        }
    }

    fn explain(&self, error: HdfsError) -> Failure {
        failure::explain(&error, &self.place.name_service)
    }

    /// The place of a staged file.
    fn staged(&self, name: &str) -> String {
        self.place.join(&format!("{STAGING}/{name}"))
    }

    /// Writes bytes under a name of their own, then moves them to `path`.
    async fn write(&self, path: &str, bytes: Bytes, overwrite: bool) -> Result<(), Failure> {
        let staged = self.staged(&staged_name::fresh(path));
        let target = self.place.join(path);
        let write = async {
            self.files.write(&staged, &bytes.into()).await?;
            let moved = self.files.rename(&staged, &target, overwrite).await;
            if moved.is_err() {
                // A rename whose answer was lost, and that comes late, then finds nothing to move.
                self.files.remove(&staged).await?;
            }
            moved
        };
        write.await.map_err(|error| self.explain(error))
    }

    async fn publish_staged(&self, staged: &str, target: &str) -> Result<Option<u64>, HdfsError> {
        match self.files.rename(staged, target, false).await {
            Err(error) if failure::is_missing(&error) || failure::is_taken(&error) => {}
            moved => moved?,
        }
        let visible = self.files.length(target).await?;
        if visible.is_some() {
            self.files.remove(staged).await?;
        }
        Ok(visible)
    }

    /// Removes what was staged up to a record in the folders in `folder`, and those of them before
    /// the record's own that are empty then.
    async fn sweep_staged(&self, folder: &str, record: &str) -> Result<(), HdfsError> {
        let current = self.staged(staged_name::folder_of(record));
        let folder = self.staged(folder);
        for passed in self.files.entries(folder.trim_end_matches('/')).await? {
            if !passed.isdir || passed.path > current {
                continue;
            }
            for entry in self.files.entries(&passed.path).await? {
                let name = files::name_of(&entry.path);
                if !entry.isdir && staged_name::is_swept_by(name, files::name_of(record)) {
                    self.files.remove(&entry.path).await?;
                }
            }
            if passed.path < current {
                self.files.remove_empty_folder(&passed.path).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Tree for HdfsTree {
    fn url(&self) -> String {
        self.place.url()
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LakeObject>, Failure> {
        let walk = walk::Walk {
            files: &self.files,
            place: &self.place,
            hidden: &self.hidden,
            after: after.unwrap_or_default(),
        };
        let found = walk.below(folder, limit).await;
        found.map_err(|error| self.explain(error))
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, Failure> {
        let read = self.files.read(&self.place.join(path), 0..u64::MAX).await;
        read.map_err(|error| self.explain(error))
    }

    async fn get_range(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>, Failure> {
        let read = self.files.read(&self.place.join(path), range).await;
        read.map_err(|error| self.explain(error))
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        self.write(path, bytes, false).await
    }

    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        self.write(path, bytes, true).await
    }

    async fn stage(&self, record: &str, _path: &str, bytes: FileBytes) -> Result<Staged, Failure> {
        let path = staged_name::fresh(record);
        let written = self.files.write(&self.staged(&path), &bytes).await;
        written.map_err(|error| self.explain(error))?;
        Ok(Staged::File { path })
    }

    async fn publish(
        &self,
        path: &str,
        _bytes: u64,
        staged: &Staged,
    ) -> Result<Option<u64>, Failure> {
        let staged = self.staged(staged_name::find(staged)?);
        let published = self.publish_staged(&staged, &self.place.join(path)).await;
        published.map_err(|error| self.explain(error))
    }

    async fn abandon(&self, _path: &str, staged: &Staged) -> Result<(), Failure> {
        let staged = self.staged(staged_name::find(staged)?);
        let removed = self.files.remove(&staged).await;
        removed.map_err(|error| self.explain(error))
    }

    async fn sweep(&self, folder: &str, record: &str) -> Result<(), Failure> {
        let swept = self.sweep_staged(folder, record).await;
        swept.map_err(|error| self.explain(error))
    }

    async fn list_staged(
        &self,
        folder: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Option<Vec<LakeObject>>, Failure> {
        let walk = walk::Walk {
            files: &self.files,
            place: &self.place.staging(),
            hidden: &[],
            after: after.unwrap_or_default(),
        };
        let found = walk.below(folder, limit).await;
        found.map(Some).map_err(|error| self.explain(error))
    }

    async fn remove_folder(&self, folder: &str) -> Result<(), Failure> {
        for folder in [self.place.join(folder), self.staged(folder)] {
            let removed = self.files.remove(&folder).await;
            removed.map_err(|error| self.explain(error))?;
        }
        Ok(())
    }
}
