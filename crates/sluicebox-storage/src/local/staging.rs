use std::fs::read_dir;
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use sluicebox_types::Staged;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::durable;
use crate::Failure;
use crate::relative_path::{STAGING, check};

/// The folder of a tree in which everything is written first.
#[derive(Clone, Debug)]
pub(super) struct Staging(PathBuf);

impl Staging {
    pub(super) fn below(root: &Path) -> Self {
        Self(root.join(STAGING))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// A name that nobody else uses for what will become, or be named by, `path`; and its place.
    pub(super) fn name(&self, path: &str) -> (String, PathBuf) {
        let name = format!("{path}-{}", Uuid::new_v4());
        let place = self.0.join(&name);
        (name, place)
    }

    /// Where the bytes lie that a record says were staged.
    pub(super) fn find(&self, staged: &Staged) -> std::result::Result<PathBuf, Failure> {
        match staged {
            Staged::File { path } => check(path).map(|()| self.0.join(path)),
            Staged::Multipart { .. } => Err(Failure::foreign_data()),
        }
    }

    /// Removes what was staged for `record` and for those before it in its folder.
    pub(super) fn sweep(&self, record: &str) -> Result<()> {
        let (folder, last) = record.rsplit_once('/').unwrap_or(("", record));
        let entries = match read_dir(self.0.join(folder)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            if name
                .to_str()
                .and_then(record_of)
                .is_some_and(|record| record <= last)
            {
                durable::remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// The record in a staged file's name; none in a name that is not ours.
fn record_of(name: &str) -> Option<&str> {
    let end = name.len().checked_sub(Hyphenated::LENGTH + 1)?;
    let (record, attempt) = name.split_at_checked(end)?;
    Uuid::parse_str(attempt.strip_prefix('-')?).ok()?;
    Some(record)
}
