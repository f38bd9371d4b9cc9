use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use indicatif::HumanBytes;
use sluicebox_pipeline::verify::{Amount, PartitionProof, Scope, VerifyReport, verify};
use sluicebox_types::{Clock, SystemClock};

use crate::cli::Verify;
use crate::commands::{load, short_runtime};
use crate::failure::Failure;
use crate::wiring;

/// Proves the promise from the lake alone.
pub(crate) fn execute(arguments: &Verify) -> Result<(), Failure> {
    let config = load(&arguments.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = wiring::store(&config.lake, &clock)?;
    let scope = Scope {
        pipeline: &config.name,
        topic: arguments.topic.as_deref(),
        checksums: arguments.checksums,
    };
    let report = short_runtime()?
        .block_on(verify(store.as_ref(), &scope))
        .map_err(anyhow::Error::from)?;
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        writeln!(
            out,
            "Lake {}, chains {}",
            store.lake_url(),
            store.control_url()
        )?;
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
    for problem in &report.problems {
        let (kind, path) = (problem.kind.name(), &problem.path);
        writeln!(out, "  PROBLEM {kind}: {path}: {}", problem.detail)?;
    }
    let untold = report.problems_found - report.problems.len() as u64;
    if untold > 0 {
        writeln!(out, "  … and {untold} more problems")?;
    }
    print_cures(out, report)?;
    print_unlisted(out, report)?;
    print_verdict(out, report)
}

fn print_verdict(out: &mut impl Write, report: &VerifyReport) -> io::Result<()> {
    let proofs = || report.partitions.iter();
    let read: u64 = proofs().map(|proof| proof.counts.read).sum();
    let files: u64 = proofs().map(|proof| proof.files).sum();
    let pending: u64 = proofs().map(|proof| proof.pending.files).sum();
    let there = match pending {
        0 => format!("{files} files are there, once"),
        _ => format!(
            "of {files} files {} are there, once, and {pending} about to be",
            files - pending
        ),
    };
    match (report.problems_found, report.partitions.len()) {
        (0, 0) => writeln!(out, "Nothing has been committed yet."),
        (0, partitions) => writeln!(
            out,
            "The promise holds: each of {read} records of {partitions} Kafka partitions has exactly \
             one fate, and {there}."
        ),
        (1, _) => writeln!(out, "The promise is broken in 1 place."),
        (problems, _) => writeln!(out, "The promise is broken in {problems} places."),
    }
}

/// What no store of this kind can tell.
fn print_unlisted(out: &mut impl Write, report: &VerifyReport) -> io::Result<()> {
    let mut chains = report
        .partitions
        .iter()
        .filter(|proof| proof.records > 0)
        .peekable();
    if chains.peek().is_none() || chains.any(|proof| proof.staged.is_some()) {
        return Ok(());
    }
    writeln!(
        out,
        "Open uploads cannot be listed on this store: those that a record names are told as \
         pending, the others end by the bucket's life-cycle rule."
    )
}

fn print_partition(out: &mut impl Write, proof: &PartitionProof) -> io::Result<()> {
    let PartitionProof {
        chain,
        records,
        start,
        end,
        files,
        counts,
        ..
    } = proof;
    writeln!(
        out,
        "  {}[{}] offsets {start} to {end}: {} read = {} golden + {} rejected + {} duplicates + {} \
         skipped; {files} files in {records} commits",
        chain.topic,
        chain.partition,
        counts.read,
        counts.golden,
        counts.rejected,
        counts.duplicate,
        counts.skipped
    )?;
    for line in remarks(proof) {
        writeln!(out, "    {line}")?;
    }
    Ok(())
}

/// What is worth knowing of a partition, and no problem by itself.
fn remarks(proof: &PartitionProof) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut remark = |applies: bool, text: String| remarks.extend(applies.then_some(text));
    let absent = proof.absent;
    remark(
        absent > 0,
        format!("{absent} offsets at which Kafka held no record"),
    );
    let gaps: Vec<String> = proof.gaps.iter().map(ToString::to_string).collect();
    let (lost, gaps) = (proof.lost, gaps.join(" "));
    remark(
        lost > 0,
        format!("{lost} offsets lost to retention before they were read: {gaps}"),
    );
    let uncounted = proof.files_without_offsets;
    remark(
        uncounted > 0,
        format!(
            "{uncounted} files without the column _kafka: their rows are counted, not told apart"
        ),
    );
    let pending = amount(proof.pending);
    remark(
        proof.pending.files > 0,
        format!(
            "pending: {pending} of the newest commit; the partition's owner, or the next one, publishes them"
        ),
    );
    let staged = proof.staged.unwrap_or_default();
    let on_its_way = amount(staged);
    remark(
        staged.files > 0,
        format!(
            "staged: {on_its_way}, on their way or left by a crash; the next commit removes the latter"
        ),
    );
    let orphans = amount(proof.orphans);
    remark(proof.orphans.files > 0, format!("orphans: {orphans}"));
    remarks
}

fn amount(Amount { files, bytes }: Amount) -> String {
    format!("{files} files ({})", HumanBytes(bytes))
}

fn print_cures(out: &mut impl Write, report: &VerifyReport) -> io::Result<()> {
    let mut kinds = BTreeMap::new();
    for problem in &report.problems {
        *kinds.entry(problem.kind).or_insert(0_u64) += 1;
    }
    if !kinds.is_empty() {
        writeln!(out, "What to do:")?;
    }
    for (kind, count) in kinds {
        writeln!(out, "  {} ({count}): {}", kind.name(), kind.cure())?;
    }
    Ok(())
}
