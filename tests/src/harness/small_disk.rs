use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::ChildProcess;
use super::run_folder::RunFolder;

const STARTED_WITHIN: Duration = Duration::from_secs(30);

/// A real file system of a few megabytes that can be full (tmpfs, Linux). It is mounted by a process
/// of its own, in name spaces of its own, where everybody may mount; others reach it through that
/// process's root.
#[derive(Debug)]
pub struct SmallDisk {
    holder: ChildProcess,
    folder: RunFolder,
}

impl SmallDisk {
    /// Mounts an empty disk of this size.
    ///
    /// # Panics
    ///
    /// If the machine does not allow it; the message says what to allow.
    #[must_use]
    pub fn mount(bytes: u64) -> Self {
        let mount = || -> Result<Self> {
            let folder = RunFolder::new("disk")?;
            fs::create_dir(folder.path().join("disk"))?;
            let mut command = Command::new("sh");
            command.args(["-c", HOLD, "hold", &bytes.to_string()]);
            command.current_dir(folder.path());
            let mut holder = ChildProcess::start(&command, &folder)?;
            holder
                .wait_until_ready("a small disk", STARTED_WITHIN, |holder| {
                    holder.log().contains("mounted")
                })
                .context(
                    "the tests need `unshare` (util-linux) and the right to mount in a name space: \
                     set kernel.apparmor_restrict_unprivileged_userns=0 and \
                     user.max_user_namespaces, or run them as root",
                )?;
            Ok(Self { holder, folder })
        };
        mount().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// The folder that it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let root = format!("/proc/{}/root", self.holder.id());
        let disk = self.folder.path().join("disk");
        PathBuf::from(root + &disk.to_string_lossy())
    }

    /// Writes to it until nothing more fits.
    ///
    /// # Panics
    ///
    /// If something else than that is wrong with it.
    pub fn fill(&self) {
        let fill = || -> std::io::Result<()> {
            let mut file = File::create(self.filler())?;
            loop {
                file.write_all(&[0; 4096])?;
            }
        };
        let error = fill().expect_err("a loop without an end");
        assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    }

    /// Makes room again after [`fill`](Self::fill).
    ///
    /// # Panics
    ///
    /// If it was not filled.
    pub fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap_or_else(|error| panic!("the filler: {error}"));
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

/// As root where only root may, else as the root of a user name space. Argument: bytes.
const HOLD: &str = "
unshare -rm true 2>/dev/null && how=-rm || how=-m
exec unshare $how sh -c 'mount -t tmpfs -o size=$0 none disk && echo mounted && exec tail -f /dev/null' $1
";
