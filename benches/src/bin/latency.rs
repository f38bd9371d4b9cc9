//! From the producer to a reader of the lake: how late records become visible, and how long nobody
//! reads while a process starts or is replaced.
//!
//! `benches/README.md` has the commands and what came of them.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use sluicebox_benches::latency::{Latencies, Site, Stream};
use sluicebox_benches::product;
use sluicebox_benches::shapes::Shape;

#[derive(Debug, Parser)]
struct CommandLine {
    /// What the records look like.
    #[arg(long, default_value_t = Shape::A)]
    shape: Shape,
    /// Records per second; each is measured with each age.
    #[arg(long, value_delimiter = ',', default_value = "100,50000")]
    per_second: Vec<u32>,
    /// The longest that a file stays open, in seconds.
    #[arg(long, value_delimiter = ',', default_value = "10,60")]
    max_age: Vec<u64>,
    /// Replaces a setting of the config, such as `kafka.fetch.wait=50ms`; may be given more than once.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// The binary that is measured. Default: built from the sources, in the profile of this one.
    #[arg(long, value_name = "FILE")]
    sluicebox: Option<PathBuf>,
}

fn main() -> Result<()> {
    let command_line = CommandLine::parse();
    let site = Site {
        binary: &product::binary(command_line.sluicebox.as_deref())?,
        shape: command_line.shape,
        overrides: &command_line.overrides,
    };
    let mut out = io::stdout();
    writeln!(out, "{}\n", site.starts()?)?;
    writeln!(out, "{}", Latencies::HEAD)?;
    for seconds in command_line.max_age {
        for per_second in &command_line.per_second {
            let latencies = site.latencies(Stream {
                per_second: *per_second,
                max_age: Duration::from_secs(seconds),
            })?;
            writeln!(out, "{latencies}")?;
        }
    }
    Ok(())
}
