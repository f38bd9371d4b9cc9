use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Result};
use std::path::Path;

use bytes::Bytes;

use super::direct;

/// Writes a new file and syncs its bytes. Its folder is made if need be and not synced: the name
/// of a staged file needs to last only once something refers to it.
pub(super) fn write(path: &Path, parts: &[Bytes]) -> Result<()> {
    let written = new_file(path).and_then(|mut file| {
        direct::write(&mut file, parts)?;
        file.sync_all()
    });
    if written.is_err() {
        // What is left of a full disk's half a file is of no use to anybody.
        remove(path)?;
    }
    written
}

/// Links `source` to `target`, which must be free, and syncs every folder from there to `root`.
pub(super) fn link(source: &Path, target: &Path, root: &Path) -> Result<()> {
    std::fs::create_dir_all(folder_of(target))?;
    std::fs::hard_link(source, target)?;
    sync_folders_of(target, root)
}

/// Moves `source` to `target`, whatever is there, and syncs every folder from there to `root`.
pub(super) fn replace(source: &Path, target: &Path, root: &Path) -> Result<()> {
    std::fs::create_dir_all(folder_of(target))?;
    std::fs::rename(source, target)?;
    sync_folders_of(target, root)
}

/// Moves a staged file to `target` unless something is there already. Returns the size of what is
/// there in the end; `None` if both files are missing.
pub(super) fn publish(staged: &Path, target: &Path, root: &Path) -> Result<Option<u64>> {
    match link(staged, target, root) {
        // Another handle may have linked it and died before its sync.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            sync_folders_of(target, root)?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        linked => linked?,
    }
    match std::fs::metadata(target) {
        Ok(metadata) => {
            remove(staged)?;
            Ok(Some(metadata.len()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes a folder with all that is in it, if it is there.
pub(super) fn remove_folder(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes a folder in which nothing is, if it is there; leaves one in which something is.
pub(super) fn remove_empty_folder(path: &Path) -> Result<()> {
    match std::fs::remove_dir(path) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty
            ) =>
        {
            Ok(())
        }
        removed => removed,
    }
}

/// Syncs every folder that leads to `path`, up to the one that holds `root`: another process may
/// have made any of them and not have synced it yet. A folder without changes costs next to
/// nothing.
pub(super) fn sync_folders_of(path: &Path, root: &Path) -> Result<()> {
    for folder in path
        .ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(root))
    {
        sync_folder(folder)?;
    }
    match root.parent().map_or(Ok(()), sync_folder) {
        // A folder that may not be read is one that somebody else put the root into, long ago.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

fn new_file(path: &Path) -> Result<File> {
    let open = || OpenOptions::new().write(true).create_new(true).open(path);
    match open() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(folder_of(path))?;
            open()
        }
        opened => opened,
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
