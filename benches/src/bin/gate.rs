//! Counts the instructions of each stage on fixed inputs and compares them with the recorded ones:
//! what got more than a few per cent dearer fails, with the functions that did it.
//!
//! `--record` writes what is counted now into `instructions.json`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand, ValueEnum};
use sluicebox_benches::callgrind::{self, Instructions};
use sluicebox_benches::shapes::Shape;
use sluicebox_benches::stages::Stages;

/// JSON that each stage works on: seconds under valgrind.
const BYTES: usize = 2 << 20;

/// How much dearer a stage may get, in per cent.
const PER_CENT_MAX: f64 = 3.0;

/// Functions that are named when a stage got dearer.
const NAMED: usize = 5;

#[derive(Debug, Parser)]
struct CommandLine {
    /// Writes what is counted instead of comparing it.
    #[arg(long)]
    record: bool,
    #[command(subcommand)]
    command: Option<One>,
}

#[derive(Debug, Subcommand)]
enum One {
    /// One pass of one stage, to be counted from outside.
    #[command(hide = true)]
    Pass { shape: Shape, stage: Stage },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    Decode,
    Rules,
    Dedup,
    Parquet,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Rules => "rules",
            Self::Dedup => "dedup",
            Self::Parquet => "parquet",
        }
    }
}

/// Counts by `shape/stage`.
type Counts = BTreeMap<String, Instructions>;

fn main() -> Result<()> {
    let command_line = CommandLine::parse();
    if let Some(One::Pass { shape, stage }) = command_line.command {
        return pass(shape, stage);
    }
    let counted = count_all()?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json");
    if command_line.record {
        fs::write(file, serde_json::to_string_pretty(&counted)? + "\n")?;
        return Ok(());
    }
    let recorded = fs::read_to_string(file).context("record the counts first: --record")?;
    compare(&serde_json::from_str(&recorded)?, &counted)
}

fn pass(shape: Shape, stage: Stage) -> Result<()> {
    let mut stages = Stages::new(shape, BYTES)?;
    black_box(match stage {
        Stage::Decode => stages.decode(),
        Stage::Rules => stages.rules(),
        Stage::Dedup => stages.dedup()?,
        Stage::Parquet => stages.parquet()?,
    });
    Ok(())
}

fn count_all() -> Result<Counts> {
    let this: PathBuf = env::current_exe()?;
    let mut counts = Counts::new();
    for shape in Shape::STANDARD {
        for stage in Stage::value_variants() {
            let stage = stage.as_str();
            let toggle = format!("*Stages::{stage}");
            let arguments = ["pass", shape.name(), stage];
            let counted = callgrind::count(&this, &arguments, &toggle)?;
            counts.insert(format!("{shape}/{stage}"), counted);
        }
    }
    Ok(counts)
}

fn compare(recorded: &Counts, counted: &Counts) -> Result<()> {
    let mut out = io::stdout().lock();
    let mut dearer = Vec::new();
    for (stage, now) in counted {
        let before = recorded.get(stage).cloned().unwrap_or_default();
        let per_cent = (now.total as f64 / before.total as f64 - 1.0) * 100.0;
        writeln!(out, "{stage}: {} instructions, {per_cent:+.2} %", now.total)?;
        if per_cent <= PER_CENT_MAX {
            continue;
        }
        for (function, more) in growth(&before, now).into_iter().take(NAMED) {
            writeln!(out, "  {more:+} in {function}")?;
        }
        dearer.push(stage.as_str());
    }
    if !dearer.is_empty() {
        bail!(
            "more than {PER_CENT_MAX} % dearer than recorded: {}",
            dearer.join(", ")
        );
    }
    Ok(())
}

/// How many instructions more each function has, the largest first.
fn growth<'a>(before: &Instructions, now: &'a Instructions) -> Vec<(&'a str, i128)> {
    let of = |(function, cost): (&'a String, &u64)| {
        let before = before.functions.get(function).copied().unwrap_or_default();
        (function.as_str(), i128::from(*cost) - i128::from(before))
    };
    let mut growth: Vec<_> = now.functions.iter().map(of).collect();
    growth.sort_by_key(|(_, more)| -more);
    growth
}
