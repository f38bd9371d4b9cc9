//! Whether the memory limit holds, and what it accounts for beside what the kernel says.
//!
//! `benches/README.md` has the commands and what came of them.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use sluicebox_benches::drain::Store;
use sluicebox_benches::memory::{CASES, Case, Peaks};
use sluicebox_benches::product;
use sluicebox_benches::shapes::Shape;

#[derive(Debug, Parser)]
struct CommandLine {
    /// One case instead of all: what the records look like.
    #[arg(long, requires_all = ["partitions", "limit_mib"])]
    shape: Option<Shape>,
    /// Its partitions.
    #[arg(long, requires = "shape", value_parser = clap::value_parser!(u32).range(1..))]
    partitions: Option<u32>,
    /// The brokers that lead them.
    #[arg(long, requires = "shape", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    brokers: u16,
    /// Its `limits.memory`, in MiB.
    #[arg(long, requires = "shape")]
    limit_mib: Option<u32>,
    /// Where the files go.
    #[arg(long, value_enum, default_value_t = Store::Local)]
    store: Store,
    /// How much JSON, in units of 10⁹ bytes.
    #[arg(long, default_value_t = 1.0)]
    gigabytes: f64,
    /// The binary that is measured. Default: built from the sources, in the profile of this one.
    #[arg(long, value_name = "FILE")]
    sluicebox: Option<PathBuf>,
    /// Answers in JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<()> {
    let command_line = CommandLine::parse();
    let binary = product::binary(command_line.sluicebox.as_deref())?;
    let one = command_line.one();
    let cases = one.as_ref().map_or(&CASES[..], std::slice::from_ref);
    let mut out = io::stdout();
    if !command_line.json {
        writeln!(out, "{}", Peaks::HEADS)?;
    }
    for case in cases {
        let peaks = case.measure(&binary, command_line.store, command_line.gigabytes)?;
        match command_line.json {
            true => writeln!(out, "{}", serde_json::to_string(&peaks)?)?,
            false => writeln!(out, "{peaks}")?,
        }
    }
    Ok(())
}

impl CommandLine {
    fn one(&self) -> Option<Case> {
        Some(Case {
            shape: self.shape?,
            partitions: self.partitions?,
            brokers: self.brokers,
            limit_mib: self.limit_mib?,
        })
    }
}
