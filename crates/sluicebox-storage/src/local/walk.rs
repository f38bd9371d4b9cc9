use std::collections::BinaryHeap;
use std::fs::{File, FileType, read_dir};
use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sluicebox_pipeline::ports::LakeObject;

/// A file's bytes; `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Bytes>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(error) if is_missing(error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A part of a file's bytes, or what there is of it; `None` when there is no file.
pub(super) fn read_range(path: &Path, range: &Range<u64>) -> Result<Option<Bytes>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_missing(error.kind()) => return Ok(None),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::new();
    file.take(range.end.saturating_sub(range.start))
        .read_to_end(&mut bytes)?;
    Ok(Some(bytes.into()))
}

/// A walk through a tree in the byte order of its paths, as an object store lists them. It holds
/// per level as many names of a folder as it may find, never a whole folder.
pub(super) struct Walk {
    root: PathBuf,
    hidden: Vec<PathBuf>,
    after: String,
    limit: usize,
    found: Vec<LakeObject>,
}

impl Walk {
    /// A walk that leaves out the folders `hidden` and whatever is not after `after`, and ends
    /// after `limit` files.
    pub(super) fn new(
        root: &Path,
        hidden: impl Into<Vec<PathBuf>>,
        after: Option<&str>,
        limit: usize,
    ) -> Self {
        Self {
            root: root.to_owned(),
            hidden: hidden.into(),
            after: after.unwrap_or_default().to_owned(),
            limit,
            found: Vec::new(),
        }
    }

    /// The files below `prefix`, which is empty or ends in `/`.
    pub(super) fn below(mut self, prefix: &str) -> Result<Vec<LakeObject>> {
        self.visit(prefix)?;
        Ok(self.found)
    }

    fn visit(&mut self, prefix: &str) -> Result<()> {
        let mut passed = String::new();
        while self.found.len() < self.limit {
            let wanted = self.limit - self.found.len();
            let entries = self.entries(prefix, &passed, wanted)?;
            let is_rest = entries.len() < wanted;
            for entry in entries {
                passed.clone_from(&entry);
                if self.found.len() >= self.limit {
                    break;
                }
                if entry.ends_with('/') {
                    self.visit(&entry)?;
                } else {
                    self.take(entry)?;
                }
            }
            if is_rest {
                break;
            }
        }
        Ok(())
    }

    /// The first paths in a folder after `passed`, in order, at most `wanted`; those of folders with
    /// a `/` at the end, which gives them their place in the order. Links and devices are no part of
    /// a lake; neither are names that are not UTF-8.
    fn entries(&self, prefix: &str, passed: &str, wanted: usize) -> Result<Vec<String>> {
        let folder = match read_dir(self.root.join(prefix)) {
            Err(error) if is_missing(error.kind()) => return Ok(Vec::new()),
            opened => opened?,
        };
        let mut first = BinaryHeap::new();
        for entry in folder {
            let entry = entry?;
            let kind = entry.file_type()?;
            if let Ok(name) = entry.file_name().into_string()
                && let Some(path) = self.place(format!("{prefix}{name}"), kind)
                && path.as_str() > passed
                && !self.hidden.contains(&entry.path())
            {
                first.push(path);
                if first.len() > wanted {
                    first.pop();
                }
            }
        }
        Ok(first.into_sorted_vec())
    }

    fn place(&self, path: String, kind: FileType) -> Option<String> {
        if kind.is_file() {
            return (path > self.after).then_some(path);
        }
        let folder = format!("{path}/");
        let passed = self.after > folder && !self.after.starts_with(&folder);
        (kind.is_dir() && !passed).then_some(folder)
    }

    /// A file that vanished since its folder was read is not there.
    fn take(&mut self, path: String) -> Result<()> {
        match std::fs::metadata(self.root.join(&path)) {
            Ok(metadata) => self.found.push(LakeObject {
                path,
                bytes: metadata.len(),
            }),
            Err(error) if is_missing(error.kind()) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}
