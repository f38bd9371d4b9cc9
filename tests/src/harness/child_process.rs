use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::deadline::wait_for;
use super::run_folder::RunFolder;

/// How long a process may take to go after it was killed.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// A process that ends with the test process, whether that returns, panics or is killed.
///
/// Between the two stands a shell. It starts the program, tells its process id, and holds the other
/// end of a pipe that nobody writes to: when the test process is gone, the pipe ends, and the shell
/// kills the program and removes its folder. It is in a process group of its own, so that Ctrl-C
/// reaches the test process only and the pipe does the rest.
#[derive(Debug)]
pub struct ChildProcess {
    shell: Child,
    /// Dropped to end the program.
    pipe: Option<ChildStdin>,
    pid: Pid,
    log: PathBuf,
}

/// Arguments: the program's log file, its folder (to be removed; empty to keep it), the program and
/// its arguments.
const WATCHDOG: &str = r#"
log=$1 folder=$2
shift 2
exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
program=$!
echo "$program"
{ cat <&3; gone=$folder/.gone; [ -z "$folder" ] || touch "$gone"; kill -KILL "$program"; } >/dev/null 2>&1 &
watch=$!
exec 3<&- >/dev/null 2>&1
wait "$program"
status=$?
kill "$watch"
[ ! -e "$folder/.gone" ] || rm -rf "$folder"
exit "$status"
"#;

impl ChildProcess {
    /// Starts `command`, whose output goes to `log` in its folder.
    pub(super) fn start(command: &Command, folder: &RunFolder) -> Result<Self> {
        let kept = RunFolder::is_kept();
        let folder = folder.path();
        let log = folder.join("log");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&log)
            .arg(if kept { Path::new("") } else { folder })
            .arg(command.get_program())
            .args(command.get_args())
            .envs(
                command
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir(command.get_current_dir().unwrap_or(folder))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut shell = shell
            .spawn()
            .context("the tests need a POSIX shell, `sh`")?;
        let pipe = shell.stdin.take();
        let mut said = String::new();
        let output = shell.stdout.take().context("the shell's output is piped")?;
        BufReader::new(output).read_line(&mut said)?;
        let pid = said.trim().parse().ok().and_then(Pid::from_raw);
        let pid = pid.context("the shell did not tell the process id")?;
        Ok(Self {
            shell,
            pipe,
            pid,
            log,
        })
    }

    /// Its process id.
    pub(super) const fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Everything that it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.log).map_or_else(
            |_| String::new(),
            |log| String::from_utf8_lossy(&log).into(),
        )
    }

    /// The most memory that it has held so far, in bytes (Linux: its resident set's high-water
    /// mark). None once it has ended.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let status = format!("/proc/{}/status", self.pid.as_raw_nonzero());
        let status = fs::read_to_string(status).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kib * 1024)
    }

    /// Kills it with SIGKILL, if it still runs, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// If it is still there after a minute.
    pub fn kill(&mut self) {
        if !matches!(self.exit_code(), Ok(Some(_))) {
            self.signal(Signal::KILL);
            self.wait(GONE_WITHIN);
        }
    }

    /// Asks it to end, with SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops it with SIGSTOP.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Whether it has been stopped and not gone on (Linux).
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        let stat = format!("/proc/{}/stat", self.pid.as_raw_nonzero());
        let stat = fs::read_to_string(stat).unwrap_or_default();
        // Its name, in brackets, may hold anything.
        let state = stat.rsplit_once(") ");
        state.is_some_and(|(_, state)| state.starts_with('T'))
    }

    /// Waits until it has ended and gives its exit code; 128 + n after signal n.
    ///
    /// # Panics
    ///
    /// If it still runs after `within`.
    pub fn wait(&mut self, within: Duration) -> i32 {
        let ended = wait_for("the end of a process", within, || self.exit_code());
        ended.unwrap_or_else(|error| panic!("{error}; it printed:\n{}", self.log()))
    }

    /// Its exit code, if it has ended.
    pub(super) fn exit_code(&mut self) -> Result<Option<i32>> {
        Ok(self
            .shell
            .try_wait()?
            .map(|status| status.code().unwrap_or(-1)))
    }

    /// Waits until `ready`; an error with the log's last lines if it ends before, or takes longer
    /// than `within`.
    pub(super) fn wait_until_ready(
        &mut self,
        name: &str,
        within: Duration,
        mut ready: impl FnMut(&Self) -> bool,
    ) -> Result<()> {
        let what = format!("{name} is ready");
        let waited = wait_for(&what, within, || {
            if let Some(code) = self.exit_code()? {
                anyhow::bail!("{name} ended with exit code {code}");
            }
            Ok(ready(self).then_some(()))
        });
        waited.with_context(|| format!("{name} printed last:\n{}", last_lines(&self.log(), 15)))
    }

    fn signal(&self, signal: Signal) {
        // It may have ended by itself; then there is nobody to tell.
        let _already_gone = kill_process(self.pid, signal);
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        self.pipe.take();
        let _status = self.shell.wait();
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
