//! What all peers did with one load, for people and as JSON.

use std::fmt;

use serde::Serialize;

use super::Peer;
use super::rows::Rows;
use crate::load::Totals;
use crate::process::Usage;

/// How long a reason may be in the table.
const REASON_CHARS: usize = 300;

/// One run over all peers.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// What the records look like.
    pub shape: String,
    /// The topic's partitions.
    pub partitions: u32,
    /// What each had to read.
    pub load: Totals,
    /// A line for each.
    pub peers: Vec<Line>,
}

/// What one peer did.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Who.
    pub peer: Peer,
    /// Its name and version.
    pub title: String,
    /// Whether it takes repeats out.
    pub dedup: bool,
    /// Processes that wanted to run on the machine when it began, by the kernel's average of a minute.
    pub machine_load: f64,
    /// The run to the end; or why there is none.
    pub run: Result<Run, String>,
    /// What readers saw after a kill when they saw the first file, and a restart, if that was asked for.
    pub killed: Option<Result<Killed, String>>,
}

/// What came of a kill and a restart.
#[derive(Clone, Debug, Serialize)]
pub struct Killed {
    /// What readers saw at the end.
    pub rows: Rows,
    /// Whether the restarted peer ended in time.
    pub has_ended: bool,
}

/// A run that nothing disturbed.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// What all of its processes cost.
    pub usage: Usage,
    /// What the product cost on the same load: the mean of a run right before this one and one right after.
    pub product_cpu_seconds: f64,
    /// What came out.
    pub rows: Rows,
}

impl fmt::Display for Comparison {
    /// A Markdown table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = &self.load;
        writeln!(
            f,
            "Shape {}: {} records, {:.2} GB of JSON, {} partitions; right are {} rows, {} repeats and {} \
             malformed records left out.\n",
            self.shape,
            load.records,
            load.gigabytes(),
            self.partitions,
            load.unique(),
            load.repeats,
            load.malformed
        )?;
        writeln!(
            f,
            "| peer | dedup | CPU s/GB | × product | wall s | records/s | peak MiB | files | rows | after kill -9 \
             and restart | machine's load |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        )?;
        for line in &self.peers {
            line.write(f, load)?;
        }
        Ok(())
    }
}

impl Line {
    fn write(&self, f: &mut fmt::Formatter<'_>, load: &Totals) -> fmt::Result {
        let dedup = if self.dedup { "yes" } else { "no" };
        write!(f, "| {} | {dedup} |", self.title)?;
        match &self.run {
            Ok(run) => run.write(f, load)?,
            Err(reason) => write!(f, " - | - | - | - | - | - | not run: {} |", cell(reason))?,
        }
        let killed = match &self.killed {
            None => "-".to_owned(),
            Some(Ok(killed)) if killed.has_ended => killed.rows.to_string(),
            Some(Ok(killed)) => format!("{}, but it has not ended", killed.rows),
            Some(Err(reason)) => format!("failed: {}", cell(reason)),
        };
        writeln!(f, " {killed} | {:.1} |", self.machine_load)
    }
}

impl Run {
    fn write(&self, f: &mut fmt::Formatter<'_>, load: &Totals) -> fmt::Result {
        let usage = &self.usage;
        write!(
            f,
            " {:.1} | {:.1} | {:.1} | {:.0} | {:.0} | {} | {} |",
            usage.cpu_seconds / load.gigabytes(),
            usage.cpu_seconds / self.product_cpu_seconds,
            usage.wall_seconds,
            load.records as f64 / usage.wall_seconds,
            usage.peak_memory_bytes as f64 / f64::from(1 << 20),
            self.rows.files,
            self.rows
        )
    }
}

impl fmt::Display for Rows {
    /// `right`, or what is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = [
            (self.missing, "missing"),
            (self.doubled, "doubled"),
            (self.malformed, "of malformed records"),
            (self.broken_files, "unreadable files"),
        ];
        let wrong: Vec<_> = wrong
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if wrong.is_empty() {
            f.write_str("right")
        } else {
            f.write_str(&wrong.join(", "))
        }
    }
}

/// A reason in one line that breaks no table.
fn cell(reason: &str) -> String {
    let words: Vec<_> = reason.split_whitespace().collect();
    let line = words.join(" ").replace('|', "/");
    match line.char_indices().nth(REASON_CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
