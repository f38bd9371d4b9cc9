//! A process and all that it starts, however deep, and whoever of them outlives its parent.
//!
//! Between the measuring process and the measured one stands an init of our own: it starts the
//! command, takes in what is orphaned (a subreaper, Linux), waits for every child, and ends when none
//! is left. So two statements hold:
//!
//! - The tree is what descends from the init, and nothing can leave it.
//! - Its CPU time is what the kernel counts for the init as a child that was waited for: user and
//!   system time of all that was waited for below it, to the last one. It counts each process when
//!   it ends, so nothing is lost between two samples. The init itself costs some milliseconds.
//!
//! Memory cannot be had that way: it is the largest sum of the resident sets of all processes of the
//! tree, as often as it is looked at. Pages that two of them share count twice.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::process::{self, Pid, Signal, WaitOptions};
use sluicebox_types::{Clock, SystemClock};

use super::{Usage, cpu_seconds_of_children};

/// The subcommand by which a program that starts a [`Tree`] lets itself become the [`init`] of it.
pub const INIT: &str = "init-of-tree";

const WAIT_EVERY: Duration = Duration::from_millis(20);
const KILL_EVERY: Duration = Duration::from_millis(5);

/// A tree of processes that is measured. It is killed when it is dropped.
#[derive(Debug)]
pub struct Tree {
    init: Child,
    clock: SystemClock,
    cpu_seconds_before: f64,
    peak_memory_bytes: u64,
}

impl Tree {
    /// Starts a command whose output goes to `log`. No other child of this process may end before
    /// the tree does.
    ///
    /// # Errors
    /// When this program cannot be started once more, which must know [`INIT`].
    pub fn start(command: &Command, log: &File) -> Result<Self> {
        let mut init = Command::new(env::current_exe()?);
        init.args([INIT, "--"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => init.env(name, value),
                None => init.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            init.current_dir(folder);
        }
        Ok(Self {
            cpu_seconds_before: cpu_seconds_of_children()?,
            clock: SystemClock::new(),
            init: init.spawn().context("starting the init")?,
            peak_memory_bytes: 0,
        })
    }

    /// Takes a sample; how the command has ended, once all of the tree has.
    ///
    /// # Errors
    /// When the kernel tells nothing.
    pub fn look(&mut self) -> Result<Option<ExitStatus>> {
        let resident = descendants(self.init.id()).into_iter().filter_map(memory);
        self.peak_memory_bytes = self.peak_memory_bytes.max(resident.sum());
        Ok(self.init.try_wait()?)
    }

    /// Sends a signal to every process of the tree.
    pub fn signal(&self, signal: Signal) {
        signal_descendants(self.init.id(), signal);
    }

    /// Kills every process of the tree with SIGKILL, and waits until they are gone.
    ///
    /// # Errors
    /// When the kernel tells nothing.
    pub fn kill(&mut self) -> Result<()> {
        // A process that was just started by another is seen at the next look.
        while self.init.try_wait()?.is_none() {
            self.signal(Signal::KILL);
            thread::sleep(KILL_EVERY);
        }
        Ok(())
    }

    /// How long it has run.
    #[must_use]
    pub fn wall(&self) -> Duration {
        self.clock.monotonic()
    }

    /// What a tree has cost that has ended, and is looked at before anything else ends.
    ///
    /// # Errors
    /// When the kernel tells nothing.
    pub fn usage(&self, wall: Duration) -> Result<Usage> {
        Ok(Usage {
            cpu_seconds: cpu_seconds_of_children()? - self.cpu_seconds_before,
            cpu_seconds_by_thread: BTreeMap::new(),
            run_delay_seconds_by_thread: BTreeMap::new(),
            wall_seconds: wall.as_secs_f64(),
            peak_memory_bytes: self.peak_memory_bytes,
        })
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _gone = self.kill();
    }
}

/// What the [`INIT`] subcommand does: runs a command, and ends with its exit code (128 + n after
/// signal n) when everything below is gone. When the process that started it is gone, it kills
/// everything.
///
/// # Errors
/// When the command cannot be started.
pub fn init(command: &[OsString]) -> Result<ExitCode> {
    let this = process::getpid();
    process::set_child_subreaper(Some(this))?;
    let parent = process::getppid();
    let (program, arguments) = command.split_first().context("no command")?;
    let root = Command::new(program).args(arguments).spawn();
    let root = root.with_context(|| format!("cannot start {}", program.display()))?;
    let root = i32::try_from(root.id()).ok().and_then(Pid::from_raw);
    let mut code = ExitCode::FAILURE;
    loop {
        match process::wait(WaitOptions::NOHANG) {
            Ok(Some((ended, status))) if Some(ended) == root => {
                let signalled = status.terminating_signal().map(|signal| 128 + signal);
                let told = status.exit_status().or(signalled);
                let told = told.and_then(|told| u8::try_from(told).ok());
                code = told.map_or(code, ExitCode::from);
            }
            Ok(Some(_)) => {}
            Ok(None) => {
                if process::getppid() != parent {
                    signal_descendants(this.as_raw_nonzero().get().cast_unsigned(), Signal::KILL);
                }
                thread::sleep(WAIT_EVERY);
            }
            Err(Errno::CHILD) => return Ok(code),
            Err(error) => return Err(error.into()),
        }
    }
}

fn signal_descendants(ancestor: u32, signal: Signal) {
    for id in descendants(ancestor) {
        if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            // It may have ended meanwhile.
            let _gone = process::kill_process(id, signal);
        }
    }
}

/// All that descend from a process, by their ids.
fn descendants(ancestor: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let id = entry.file_name().to_str().and_then(|id| id.parse().ok());
        if let Some((id, parent)) = id.and_then(|id| Some((id, parent(id)?))) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut found = Vec::new();
    let mut unseen = vec![ancestor];
    while let Some(one) = unseen.pop() {
        let below = children.remove(&one).unwrap_or_default();
        unseen.extend(&below);
        found.extend(below);
    }
    found
}

fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(1)?.parse().ok()
}

fn memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
