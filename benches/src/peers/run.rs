//! A run of a peer: alone on the machine but for the broker.

use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;

use super::rows::visible_files;
use super::{End, Launch, Peer, Site};
use crate::process::{Tree, Usage};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often it is looked whether there is something to read, before a kill.
const WATCH_EVERY: Duration = Duration::from_millis(5);

/// Lines of a peer's log that are told when it fails.
const LINES_TOLD: usize = 3;

/// Runs a peer to its end, and gives what it cost and where its readers read.
///
/// # Errors
/// When it cannot be fetched, fails, or is not done `within` that time.
pub fn measure(peer: Peer, site: &Site<'_>, within: Duration) -> Result<(Usage, PathBuf)> {
    let launch = peer.launch(site)?;
    let mut tree = start(&launch, site)?;
    let wall = wait(&mut tree, &launch, site, within)?;
    let wall = wall.with_context(|| {
        let seconds = within.as_secs();
        format!("not done after {seconds} s: {}", last_words(site))
    })?;
    Ok((tree.usage(wall)?, launch.lake))
}

/// A peer after a kill and a restart.
#[derive(Debug)]
pub struct Restarted {
    /// Where its readers read.
    pub lake: PathBuf,
    /// Whether it ended in time. Who did not may have done all of the work.
    pub has_ended: bool,
}

/// Runs a peer, kills all of its processes with SIGKILL as soon as its readers see a file, for then it
/// has something to do twice; at the latest `after` that time. Then runs it again to its end, or
/// `within` that time.
///
/// # Errors
/// When it fails, or ends before it is killed.
pub fn kill_and_restart(
    peer: Peer,
    site: &Site<'_>,
    after: Duration,
    within: Duration,
) -> Result<Restarted> {
    let launch = peer.launch(site)?;
    let mut tree = start(&launch, site)?;
    while visible_files(&launch.lake)?.is_empty() && tree.wall() < after {
        ensure!(tree.look()?.is_none(), "it ended before it could be killed");
        thread::sleep(WATCH_EVERY);
    }
    tree.kill()?;
    let launch = peer.launch(site).context("the restart")?;
    let mut tree = start(&launch, site)?;
    let done = wait(&mut tree, &launch, site, within).context("after the restart")?;
    Ok(Restarted {
        lake: launch.lake,
        has_ended: done.is_some(),
    })
}

fn start(launch: &Launch, site: &Site<'_>) -> Result<Tree> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_file(site))?;
    Tree::start(&launch.command, &log)
}

/// Waits until all of the work is done and the processes are gone; tells when it was done, if it was
/// `within` that time.
fn wait(
    tree: &mut Tree,
    launch: &Launch,
    site: &Site<'_>,
    within: Duration,
) -> Result<Option<Duration>> {
    let mut done = None;
    loop {
        let status = tree.look()?;
        let wall = tree.wall();
        match (status, done) {
            // Who was told to end may say so in its exit code.
            (Some(_), Some(done)) => return Ok(Some(done)),
            (Some(status), None) if status.success() && launch.end == End::ByItself => {
                return Ok(Some(wall));
            }
            (Some(status), None) => bail!("{status}: {}", last_words(site)),
            (None, _) => {}
        }
        if wall >= within {
            return Ok(None);
        }
        if let End::WhenCommitted { group } = &launch.end
            && done.is_none()
            && has_committed_all(group, site)
        {
            done = Some(wall);
            tree.signal(Signal::TERM);
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn has_committed_all(group: &str, site: &Site<'_>) -> bool {
    let topic = site.shape.topic();
    site.kafka.committed_offsets(group, &topic) == site.kafka.log_ends(&topic)
}

fn log_file(site: &Site<'_>) -> PathBuf {
    site.folder.join("log")
}

fn last_words(site: &Site<'_>) -> String {
    let log = fs::read(log_file(site)).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<_> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(LINES_TOLD);
    lines.get(last..).unwrap_or_default().join(" / ")
}
