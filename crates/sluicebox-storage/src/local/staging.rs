use std::fs::read_dir;
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use sluicebox_types::Staged;

use super::durable;
use super::walk::Walk;
use crate::relative_path::STAGING;
use crate::{Failure, staged_name};

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
        let name = staged_name::fresh(path);
        let place = self.0.join(&name);
        (name, place)
    }

    /// Where the bytes lie that a record says were staged.
    pub(super) fn find(&self, staged: &Staged) -> std::result::Result<PathBuf, Failure> {
        staged_name::find(staged).map(|name| self.0.join(name))
    }

    /// Removes what was staged for `record` and for those before it in and below `folder`, and the
    /// folders before the record's own that are empty then.
    pub(super) fn sweep(&self, folder: &str, record: &str) -> Result<()> {
        for staged in Walk::new(&self.0, [], None, usize::MAX).below(folder)? {
            if staged_name::is_swept_by(&staged.path, record) {
                durable::remove(&self.0.join(&staged.path))?;
            }
        }
        let current = self.0.join(staged_name::folder_of(record));
        let entries = match read_dir(self.0.join(folder)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let passed = entry?.path();
            if passed < current && passed.is_dir() {
                durable::remove_empty_folder(&passed)?;
            }
        }
        Ok(())
    }
}
