//! A load waits in a broker, the real `sluicebox run --until-end` drains it into a store, and what
//! that process cost is told.
//!
//! `benches/README.md` has the commands and what came of them.

use std::env;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};
use sluicebox_benches::broker::Cluster;
use sluicebox_benches::contents::Contents;
use sluicebox_benches::drain::{Drain, Place, Store};
use sluicebox_benches::load::{Load, Totals};
use sluicebox_benches::process::{Usage, measure};
use sluicebox_benches::report::{Report, Run, word};
use sluicebox_benches::shapes::Shape;
use sluicebox_benches::{floor, kafka, product};
use sluicebox_tests::harness;

#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(flatten)]
    measurement: Measurement,
    #[command(subcommand)]
    command: Option<Loop>,
}

#[derive(Debug, Subcommand)]
enum Loop {
    /// The floor loop alone, so that it is a process of its own.
    #[command(hide = true)]
    FloorLoop {
        brokers: String,
        topic: String,
        bytes_out_per_byte_in: f64,
    },
}

#[derive(Debug, Args)]
struct Measurement {
    /// What the records look like: a, b, b10, columns:N or bytes:N.
    #[arg(long, default_value_t = Shape::A)]
    shape: Shape,
    /// How much JSON, in units of 10⁹ bytes.
    #[arg(long, default_value_t = 1.0)]
    gigabytes: f64,
    /// Partitions of the topic.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    partitions: u32,
    /// Records in a thousand that are malformed. Several make several loads, which are drained in turn.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    #[arg(value_parser = clap::value_parser!(u32).range(..=500))]
    malformed: Vec<u32>,
    /// Where the records come from.
    #[arg(long, value_enum, default_value_t = Source::Fake)]
    source: Source,
    /// Where the files go.
    #[arg(long, value_enum, default_value_t = Store::Local)]
    store: Store,
    /// How often it is run; the medians count.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Runs the floor loop after each run, and tells the ratio.
    #[arg(long)]
    floor: bool,
    /// Replaces a setting of the config, such as `limits.threads=1`; may be given more than once.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// The binary that is measured. Default: built from the sources, in the profile of this one.
    #[arg(long, value_name = "FILE")]
    sluicebox: Option<PathBuf>,
    /// Answers in JSON.
    #[arg(long)]
    json: bool,
    /// Measures nothing: serves the load until the input ends, and says where.
    #[arg(long)]
    serve: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Source {
    /// A broker inside this process that only serves.
    Fake,
    /// A real Kafka.
    Kafka,
}

fn main() -> Result<()> {
    let command_line = CommandLine::parse();
    if let Some(Loop::FloorLoop {
        brokers,
        topic,
        bytes_out_per_byte_in,
    }) = command_line.command
    {
        return floor::run(&brokers, &topic, bytes_out_per_byte_in);
    }
    let measurement = command_line.measurement;
    let served = measurement.serve_loads()?;
    if measurement.serve {
        for Served { brokers, load, .. } in served {
            writeln!(io::stdout(), "{brokers} {load:?}")?;
        }
        io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    for report in measurement.run(&served)? {
        if measurement.json {
            writeln!(io::stdout(), "{}", serde_json::to_string(&report)?)?;
        } else {
            writeln!(io::stdout(), "{report}")?;
        }
    }
    Ok(())
}

/// A load, and where it waits.
#[derive(Debug)]
struct Served {
    contents: Contents,
    load: Totals,
    brokers: String,
}

impl Measurement {
    fn serve_loads(&self) -> Result<Vec<Served>> {
        ensure!(
            self.malformed.len() == 1 || self.source == Source::Fake,
            "a real Kafka holds one load: give one --malformed, or --source fake"
        );
        let serve = |&malformed_per_thousand: &u32| {
            let contents = Contents {
                partitions: self.partitions,
                malformed_per_thousand,
                ..Contents::of(self.shape, self.gigabytes)
            };
            let load = Load::prepare(&contents)?;
            Ok(Served {
                contents,
                load: load.totals,
                brokers: self.start_source(load, contents.brokers)?,
            })
        };
        self.malformed.iter().map(serve).collect()
    }

    fn run(&self, served: &[Served]) -> Result<Vec<Report>> {
        let binary = product::binary(self.sluicebox.as_deref())?;
        let mut reports: Vec<_> = served.iter().map(|served| self.report(served)).collect();
        for number in 0..self.runs {
            for (served, report) in served.iter().zip(&mut reports) {
                let drain = Drain {
                    binary: &binary,
                    brokers: &served.brokers,
                    contents: &served.contents,
                    overrides: &self.overrides,
                };
                self.run_once(number, &drain, report)?;
            }
        }
        Ok(reports)
    }

    fn report(&self, served: &Served) -> Report {
        Report {
            shape: self.shape.to_string(),
            source: word(self.source),
            store: word(self.store),
            partitions: self.partitions,
            load: served.load,
            runs: Vec::new(),
            floor: Vec::new(),
        }
    }

    fn run_once(&self, number: u32, drain: &Drain<'_>, report: &mut Report) -> Result<()> {
        let place = Place::new(self.store)?;
        // Offsets that an earlier run committed are not this one's.
        let usage = drain.run(&format!("bench-{number}"), &place)?;
        let lake = place.lake()?;
        lake.check(&report.load)?;
        if self.floor {
            let bytes_out = lake.golden.bytes as f64 / report.load.bytes as f64;
            report.floor.push(self.run_floor(drain.brokers, bytes_out)?);
        }
        report.runs.push(Run { usage, lake });
        Ok(())
    }

    /// Puts the load where it is read from, and gives the address.
    fn start_source(&self, load: Load, brokers: u16) -> Result<String> {
        match self.source {
            Source::Fake => Ok(Cluster::start(load.topics, brokers)?.addresses()),
            Source::Kafka => {
                let server = harness::kafka();
                kafka::make(server, &load)?;
                Ok(server.brokers.clone())
            }
        }
    }

    fn run_floor(&self, brokers: &str, bytes_out_per_byte_in: f64) -> Result<Usage> {
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["floor-loop", brokers, &self.shape.topic()])
            .arg(bytes_out_per_byte_in.to_string());
        let (status, usage) = measure(&mut command)?;
        ensure!(status.success(), "the floor loop: {status}");
        Ok(usage)
    }
}
