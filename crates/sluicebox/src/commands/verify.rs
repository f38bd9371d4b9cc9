use std::io::{self, Write};

use sluicebox_pipeline::verify::{PartitionProof, VerifyReport, verify};
use sluicebox_types::SystemClock;

use crate::cli::Verify;
use crate::commands::{load, short_runtime};
use crate::failure::Failure;
use crate::wiring;

/// Proves the promise from the lake alone.
pub(crate) fn execute(arguments: &Verify) -> Result<(), Failure> {
    let config = load(&arguments.config)?;
    let clock: std::sync::Arc<dyn sluicebox_types::Clock> = std::sync::Arc::new(SystemClock::new());
    let store = wiring::store(&config.lake, &clock)?;
    let proof = verify(store.as_ref(), &config.name, None);
    let report = short_runtime()?
        .block_on(proof)
        .map_err(anyhow::Error::from)?;
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    if report.holds() {
        Ok(())
    } else {
        Err(Failure::CheckTold)
    }
}

/// The report for people.
pub(crate) fn print(out: &mut impl Write, report: &VerifyReport) -> io::Result<()> {
    for partition in &report.partitions {
        print_partition(out, partition)?;
    }
    for path in &report.pending {
        writeln!(
            out,
            "  pending: {path} is committed and about to be published"
        )?;
    }
    for problem in report.problems() {
        writeln!(out, "  PROBLEM: {}: {}", problem.path, problem.detail)?;
    }
    let read: u64 = report
        .partitions
        .iter()
        .map(|partition| partition.counts.read)
        .sum();
    let files: u64 = report
        .partitions
        .iter()
        .map(|partition| partition.files)
        .sum();
    let partitions = report.partitions.len();
    match report.problems().count() {
        0 if partitions == 0 => writeln!(out, "Nothing has been committed yet."),
        0 => writeln!(
            out,
            "The promise holds: each of {read} records of {partitions} Kafka partitions has exactly \
             one fate, and {files} files are there, whole, once."
        ),
        problems => writeln!(out, "The promise is broken in {problems} places."),
    }
}

fn print_partition(out: &mut impl Write, proof: &PartitionProof) -> io::Result<()> {
    let PartitionProof {
        chain,
        start,
        end,
        files,
        counts,
        absent,
        lost,
        ..
    } = proof;
    write!(
        out,
        "  {}[{}] offsets {start} to {end}: {} read = {} golden + {} rejected + {} duplicates + {} \
         skipped; {files} files",
        chain.topic,
        chain.partition,
        counts.read,
        counts.golden,
        counts.rejected,
        counts.duplicate,
        counts.skipped
    )?;
    if *absent > 0 {
        write!(out, "; no record at {absent} offsets")?;
    }
    if *lost > 0 {
        write!(out, "; {lost} offsets lost to retention")?;
    }
    writeln!(out)
}
