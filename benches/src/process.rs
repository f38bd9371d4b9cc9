//! What a process costs: its own CPU and memory, by the kernel's books (Linux). What it costs with all
//! that it starts: [`Tree`].

mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use sluicebox_types::{Clock, SystemClock};

pub use tree::{INIT, Tree, init};

/// What a thread used after the last look at it counts for no stage.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a process used from its start to its end.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Usage {
    /// CPU time of all of its threads, user and system.
    pub cpu_seconds: f64,
    /// CPU time by the name of the thread, without its number.
    pub cpu_seconds_by_thread: BTreeMap<String, f64>,
    /// How long its threads could have run and had no core, which Linux calls their run delay, by the
    /// same names.
    pub run_delay_seconds_by_thread: BTreeMap<String, f64>,
    /// From start to end.
    pub wall_seconds: f64,
    /// The most memory that it held.
    pub peak_memory_bytes: u64,
}

/// Runs a command to its end. No other child of this process may end meanwhile.
///
/// # Errors
/// When it cannot be started, or the kernel tells nothing about it.
pub fn measure(command: &mut Command) -> Result<(ExitStatus, Usage)> {
    let clock = SystemClock::new();
    let children_before = cpu_seconds_of_children()?;
    let mut child = KilledOnDrop(command.spawn().context("starting what is measured")?);
    let mut threads = Threads::default();
    let mut peak_memory_bytes = 0;
    let status = loop {
        let folder = format!("/proc/{}", child.0.id());
        threads.look(&folder);
        peak_memory_bytes = peak_memory(&folder).unwrap_or(peak_memory_bytes);
        if let Some(status) = child.0.try_wait()? {
            break status;
        }
        thread::sleep(LOOK_EVERY);
    };
    let usage = Usage {
        cpu_seconds: cpu_seconds_of_children()? - children_before,
        cpu_seconds_by_thread: threads.by_name(|times| times.running),
        run_delay_seconds_by_thread: threads.by_name(|times| times.run_delay),
        wall_seconds: clock.monotonic().as_secs_f64(),
        peak_memory_bytes,
    };
    Ok((status, usage))
}

/// What is measured does not go on alone when measuring fails.
struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // It has ended already, unless something went wrong.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// The latest that is known of each thread, by its id: its name and its times.
#[derive(Default)]
struct Threads(BTreeMap<String, (String, Times)>);

/// What a thread did, other than sleep.
#[derive(Clone, Copy)]
struct Times {
    running: Duration,
    /// Ready to run, but without a core.
    run_delay: Duration,
}

impl Times {
    /// From a thread's `schedstat`.
    fn parse(text: &str) -> Option<Self> {
        let mut nanos = text.split(' ').map(str::parse);
        Some(Self {
            running: Duration::from_nanos(nanos.next()?.ok()?),
            run_delay: Duration::from_nanos(nanos.next()?.ok()?),
        })
    }
}

impl Threads {
    fn look(&mut self, process: &str) {
        // A thread, and the process itself, may be gone at any moment.
        for thread in fs::read_dir(format!("{process}/task"))
            .into_iter()
            .flatten()
        {
            let Ok(thread) = thread else { continue };
            let read = |file| fs::read_to_string(thread.path().join(file));
            let (Ok(name), Ok(times)) = (read("comm"), read("schedstat")) else {
                continue;
            };
            if let Some(times) = Times::parse(&times) {
                let id = thread.file_name().to_string_lossy().into_owned();
                let name = name
                    .trim_end()
                    .trim_end_matches(|c: char| c.is_ascii_digit());
                let name = name.trim_end_matches('-').to_owned();
                self.0.insert(id, (name, times));
            }
        }
    }

    fn by_name(&self, which: impl Fn(&Times) -> Duration) -> BTreeMap<String, f64> {
        let mut by_name = BTreeMap::new();
        for (name, times) in self.0.values() {
            *by_name.entry(name.clone()).or_default() += which(times).as_secs_f64();
        }
        by_name
    }
}

fn peak_memory(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("{process}/status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// CPU time of all children that have ended and were waited for.
fn cpu_seconds_of_children() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may hold anything, stand the fields from the third on.
    let (_, fields) = stat.rsplit_once(") ").context("/proc/self/stat")?;
    let ticks = fields.split(' ').skip(13).take(2);
    let ticks = ticks.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(f64::from(ticks) / rustix::param::clock_ticks_per_second() as f64)
}
