use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use hdfs_native::client::FileStatus;
use hdfs_native::{Client, HdfsError, Result, WriteOptions};
use sluicebox_types::FileBytes;

use super::client::Connections;
use super::failure::{is_missing, is_not_empty};

/// How long one call may take, or one part of a file on its way. What is answered later has failed;
/// what it still does afterwards is a delayed write, which the chain's protocol allows for.
const CALL_TIME_MAX: Duration = Duration::from_secs(120);

/// A file is written in parts of this size at most, each with the time of one call.
const PART_BYTES: usize = 4 * 1024 * 1024;

/// `rwxr-xr-x`, the permission of folders that are made on the way.
const FOLDER_PERMISSION: u32 = 0o755;

/// Files of one name service, by their absolute paths.
pub(super) struct Files {
    client: Client,
    options: WriteOptions,
    _connections: Connections,
}

impl Files {
    pub(super) fn new(client: Client, options: WriteOptions, connections: Connections) -> Self {
        Self {
            client,
            options,
            _connections: connections,
        }
    }

    /// Writes a new file, syncs it and closes it.
    pub(super) async fn write(&self, path: &str, bytes: &FileBytes) -> Result<()> {
        let written = self.write_synced(path, bytes).await;
        if written.is_err() {
            // Half a file is of no use to anybody; what cannot be removed now, a sweep removes.
            let _left_behind = self.remove(path).await;
        }
        written
    }

    async fn write_synced(&self, path: &str, bytes: &FileBytes) -> Result<()> {
        // Boxed, for the writer's own futures take 30 KiB.
        let mut file = within(self.client.create(path, &self.options)).await?;
        for part in bytes.pieces(PART_BYTES).iter().flat_map(FileBytes::parts) {
            within(Box::pin(file.write_bytes(part.clone()))).await?;
        }
        within(Box::pin(file.hsync())).await?;
        within(Box::pin(file.close())).await
    }

    /// Moves a file to `target`, whose folders are made if need be. An error if something is there
    /// already, unless `overwrite`.
    pub(super) async fn rename(&self, source: &str, target: &str, overwrite: bool) -> Result<()> {
        match within(self.client.rename(source, target, overwrite)).await {
            Err(error) if is_missing(&error) => {
                let (folder, _) = target.rsplit_once('/').unwrap_or_default();
                within(self.client.mkdirs(folder, FOLDER_PERMISSION, true)).await?;
                within(self.client.rename(source, target, overwrite)).await
            }
            renamed => renamed,
        }
    }

    /// Removes a file, or a folder with all that is in it, if it is there.
    pub(super) async fn remove(&self, path: &str) -> Result<()> {
        within(self.client.delete(path, true)).await.map(drop)
    }

    /// Removes a folder in which nothing is; leaves one in which something is.
    pub(super) async fn remove_empty_folder(&self, path: &str) -> Result<()> {
        match within(self.client.delete(path, false)).await {
            Err(error) if is_not_empty(&error) => Ok(()),
            removed => removed.map(drop),
        }
    }

    /// A file's length; `None` when there is none.
    pub(super) async fn length(&self, path: &str) -> Result<Option<u64>> {
        let status = or_missing(within(self.client.get_file_info(path)).await)?;
        Ok(status.map(|status| length(&status)))
    }

    /// What there is of a range of a file; `None` when there is no file.
    pub(super) async fn read(&self, path: &str, range: Range<u64>) -> Result<Option<Bytes>> {
        let Some(file) = or_missing(within(self.client.read(path)).await)? else {
            return Ok(None);
        };
        let clamp = |at| {
            usize::try_from(at)
                .unwrap_or(usize::MAX)
                .min(file.file_length())
        };
        let (start, end) = (clamp(range.start), clamp(range.end));
        let bytes = within(file.read_range(start, end.saturating_sub(start))).await?;
        Ok(Some(bytes))
    }

    /// What lies directly in a folder; nothing if it is not there.
    pub(super) async fn entries(&self, folder: &str) -> Result<Vec<FileStatus>> {
        let folder = if folder.is_empty() { "/" } else { folder };
        let entries = self.client.list_status_iter(folder, false);
        let mut found = Vec::new();
        while let Some(entry) = next(&entries).await? {
            // A file is listed as the one thing in itself.
            if entry.path != folder {
                found.push(entry);
            }
        }
        Ok(found)
    }
}

async fn next(entries: &hdfs_native::client::ListStatusIterator) -> Result<Option<FileStatus>> {
    let next = within(async { entries.next().await.transpose() }).await;
    or_missing(next).map(Option::flatten)
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

/// A listed file's length.
pub(super) fn length(status: &FileStatus) -> u64 {
    u64::try_from(status.length).unwrap_or(u64::MAX)
}

/// The last name of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn or_missing<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(error) if is_missing(&error) => Ok(None),
        answer => answer.map(Some),
    }
}

async fn within<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(CALL_TIME_MAX, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(HdfsError::IOError(elapsed.into())),
    }
}
