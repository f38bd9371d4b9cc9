use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};

use super::run_folder::RunFolder;
use super::{ChildProcess, cache, http};

/// Arguments: kibibytes, the program and its arguments.
const LIMITED: &str = r#"ulimit -d "$0" && exec "$@""#;

/// The binary under test, running. Ends with the test.
#[derive(Debug)]
pub struct Sluicebox {
    process: ChildProcess,
    folder: RunFolder,
}

impl Sluicebox {
    /// Starts `sluicebox <arguments>` with these environment variables on top of the test's own.
    /// In the arguments, `{config}` stands for the path of a file that holds `config`.
    ///
    /// # Panics
    ///
    /// If the binary cannot be built or started.
    #[must_use]
    pub fn start(arguments: &[&str], config: &str, variables: &[(String, String)]) -> Self {
        let start = || -> Result<Self> {
            let folder = RunFolder::new("run")?;
            let mut command = command(folder.path(), arguments, config)?;
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            Ok(Self {
                process: ChildProcess::start(&command, &folder)?,
                folder,
            })
        };
        start().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Starts a command that somebody else has prepared, such as that of another build.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn start_command(command: &Command) -> Self {
        let start = || -> Result<Self> {
            let folder = RunFolder::new("run")?;
            Ok(Self {
                process: ChildProcess::start(command, &folder)?,
                folder,
            })
        };
        start().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Starts `sluicebox <arguments>` as [`Sluicebox::start`] does, with so much memory that it may
    /// write to and no more (`RLIMIT_DATA`, which counts what is mapped, stacks of threads included).
    /// What is asked for beyond that is refused, which ends the process.
    ///
    /// # Panics
    ///
    /// If the binary cannot be built or started.
    #[must_use]
    pub fn start_within(memory_bytes: u64, arguments: &[&str], config: &str) -> Self {
        let start = || -> Result<Self> {
            let folder = RunFolder::new("run")?;
            let unlimited = command(folder.path(), arguments, config)?;
            let mut command = Command::new("sh");
            command
                .args(["-c", LIMITED, &(memory_bytes / 1024).to_string()])
                .arg(unlimited.get_program())
                .args(unlimited.get_args())
                .current_dir(folder.path());
            Ok(Self {
                process: ChildProcess::start(&command, &folder)?,
                folder,
            })
        };
        start().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Runs `sluicebox <arguments>` to its end, as [`Sluicebox::start`] does, and gives what it
    /// printed and its exit code.
    ///
    /// # Panics
    ///
    /// If the binary cannot be built or started.
    #[must_use]
    pub fn output(arguments: &[&str], config: &str, variables: &[(String, String)]) -> Output {
        let run = || -> Result<Output> {
            let folder = tempfile::tempdir()?;
            let mut command = command(folder.path(), arguments, config)?;
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            Ok(command.output()?)
        };
        run().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// The folder it runs in, where its config lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that it has logged and printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// What its console answers to `GET <path>`: status and body. None before it listens and after
    /// it has ended.
    #[must_use]
    pub fn console(&self, path: &str) -> Option<(u16, String)> {
        self.ask("GET", path, "")
    }

    /// The same for `POST <path>` with this body.
    #[must_use]
    pub fn post(&self, path: &str, body: &str) -> Option<(u16, String)> {
        self.ask("POST", path, body)
    }

    /// The port of its console. None before it listens.
    #[must_use]
    pub fn console_port(&self) -> Option<u16> {
        let log = self.log();
        let (_, said) = log.split_once("the console listens")?;
        let (_, address) = said.split_once("127.0.0.1:")?;
        let port = address.split(|c: char| !c.is_ascii_digit()).next()?;
        port.parse().ok()
    }

    /// A metric that counts, summed over all that have these labels and others; 0 if there is none.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let (_, metrics) = self.console("/metrics").unwrap_or_default();
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        let of_the_metric = |line: &&str| {
            let rest = line.strip_prefix(name).unwrap_or_default();
            rest.starts_with(['{', ' ']) && labels.iter().all(|label| rest.contains(label))
        };
        let values = metrics.lines().filter(of_the_metric);
        values
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        http::answer(method, self.console_port()?, path, body).ok()
    }

    /// The most memory that it has held so far, in bytes. None once it has ended.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        self.process.peak_memory_bytes()
    }

    /// Stops it with SIGSTOP, as a frozen machine would.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Whether it is frozen, by itself or by others.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.process.is_frozen()
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to end, with SIGTERM.
    pub fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits until it has ended and gives its exit code; 128 + n after signal n.
    ///
    /// # Panics
    ///
    /// If it still runs after `within`, with its log.
    pub fn wait(&mut self, within: Duration) -> i32 {
        self.process.wait(within)
    }
}

fn command(folder: &Path, arguments: &[&str], config: &str) -> Result<Command> {
    let config_file = folder.join("sluicebox.yaml");
    fs::write(&config_file, config)?;
    let config_file = config_file.to_string_lossy();
    let mut command = Command::new(binary()?);
    command
        .args(
            arguments
                .iter()
                .map(|argument| argument.replace("{config}", &config_file)),
        )
        .current_dir(folder);
    Ok(command)
}

/// The binary of the sources as they are: `SLUICEBOX_BIN` if set, else built once per test run, in
/// the profile of the tests.
fn binary() -> Result<&'static Path> {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    if let Some(binary) = BINARY.get() {
        return Ok(binary);
    }
    let built = match env::var_os("SLUICEBOX_BIN") {
        Some(binary) => PathBuf::from(binary),
        None => build().context("building the binary under test")?,
    };
    Ok(BINARY.get_or_init(|| built))
}

fn build() -> Result<PathBuf> {
    // <target>/<profile>/deps/real-<hash>
    let test = env::current_exe()?;
    let profile_folder = test
        .ancestors()
        .nth(2)
        .context("the test lies in a target folder")?;
    let profile = match profile_folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "test",
        Some(profile) => profile,
    };
    let target_folder = profile_folder.parent().context("a target folder")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    // The selection of the README's test command: with any other, Cargo unifies features otherwise
    // and builds most dependencies a second time.
    cargo.args(["test", "--quiet", "--workspace", "--no-run"]);
    cargo.args(["--profile", profile]);
    cargo.arg("--target-dir").arg(target_folder);
    cache::run(&mut cargo, "building sluicebox")?;
    Ok(profile_folder.join("sluicebox"))
}
