//! How cost grows with the figures of a load: a table and a fitted exponent for each.
//!
//! `benches/README.md` has the commands and what came of them.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use sluicebox_benches::growth::{Axis, Curve, Growth};
use sluicebox_benches::product;
use sluicebox_benches::shapes::Shape;

#[derive(Debug, Parser)]
struct CommandLine {
    /// What grows.
    #[arg(long, value_enum)]
    axis: Axis,
    /// Its values. Default: a few over all of the range that is promised.
    #[arg(long, value_delimiter = ',')]
    values: Vec<u32>,
    /// What the records look like, unless the axis says it.
    #[arg(long, default_value_t = Shape::A)]
    shape: Shape,
    /// How much JSON at least, in units of 10⁹ bytes.
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
    let axis = command_line.axis;
    let growth = Growth {
        binary: &product::binary(command_line.sluicebox.as_deref())?,
        axis,
        shape: command_line.shape,
        gigabytes: command_line.gigabytes,
    };
    let values = match command_line.values.as_slice() {
        [] => axis.values(),
        values => values,
    };
    let mut curve = Curve {
        axis,
        shape: command_line.shape.name().to_owned(),
        points: Vec::new(),
    };
    for value in values {
        writeln!(io::stderr(), "{value} {} …", axis.title())?;
        curve.points.push(growth.point(*value)?);
    }
    if command_line.json {
        serde_json::to_writer(io::stdout(), &curve)?;
    } else {
        writeln!(io::stdout(), "{curve}")?;
    }
    Ok(())
}
