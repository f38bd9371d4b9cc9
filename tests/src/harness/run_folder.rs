use std::path::{Path, PathBuf};

use anyhow::Result;

/// A new folder of a process, removed with its handle unless `SLUICEBOX_TEST_KEEP` is set. When the
/// test process is killed, the process's watchdog removes it.
#[derive(Debug)]
pub(super) struct RunFolder(PathBuf);

impl RunFolder {
    pub(super) fn new(name: &str) -> Result<Self> {
        let prefix = format!("sluicebox-{name}-");
        Ok(Self(
            tempfile::Builder::new().prefix(&prefix).tempdir()?.keep(),
        ))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether its files are wanted after the test.
    pub(super) fn is_kept() -> bool {
        std::env::var_os("SLUICEBOX_TEST_KEEP").is_some()
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !Self::is_kept() {
            // The watchdog may have been quicker.
            let _already_gone = std::fs::remove_dir_all(&self.0);
        }
    }
}
