//! How cost grows: one figure of a load goes up, everything else stays.

mod axis;
mod chain;

use std::fmt;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

pub use axis::Axis;

use crate::broker::Cluster;
use crate::drain::{Drain, Place, Store};
use crate::lake::Lake;
use crate::load::{Load, Totals};
use crate::process::Usage;
use crate::shapes::Shape;

/// What is varied, from what on.
#[derive(Clone, Copy, Debug)]
pub struct Growth<'a> {
    /// The product's binary.
    pub binary: &'a Path,
    /// What grows.
    pub axis: Axis,
    /// What the records look like, where the axis leaves that open.
    pub shape: Shape,
    /// How much JSON at least, in units of 10⁹ bytes.
    pub gigabytes: f64,
}

/// All points of one axis.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// What grew.
    pub axis: Axis,
    /// What the records looked like.
    pub shape: String,
    /// In the order in which they were measured.
    pub points: Vec<Point>,
}

/// One point.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// How much of it.
    pub value: u32,
    /// What was read.
    pub load: Totals,
    /// What that cost.
    pub usage: Usage,
    /// What came out; nothing where only the start was measured.
    pub lake: Lake,
}

impl Growth<'_> {
    /// Measures one point.
    ///
    /// # Errors
    /// When the run fails, or other rows come out than must.
    pub fn point(&self, value: u32) -> Result<Point> {
        let contents = self.axis.contents(value, self.shape, self.gigabytes)?;
        let load = Load::prepare(&contents)?;
        let totals = load.totals;
        let overrides = self.axis.overrides(value);
        let place = Place::new(Store::Local)?;
        if self.axis == Axis::Chain {
            chain::write(&place, &load, value)?;
        }
        let brokers = Cluster::start(load.topics, contents.brokers)?.addresses();
        let drain = Drain {
            binary: self.binary,
            brokers: &brokers,
            contents: &contents,
            overrides: &overrides,
        };
        let mut usage = drain.run("growth", &place)?;
        let mut lake = Lake::default();
        if self.axis == Axis::Chain {
            // The first one told the group where the chain ends.
            usage = drain.run("growth", &place)?;
        } else {
            lake = place.lake()?;
            lake.check(&totals)?;
        }
        Ok(Point {
            value,
            load: totals,
            usage,
            lake,
        })
    }
}

impl Point {
    fn cost(&self, axis: Axis) -> f64 {
        match axis {
            Axis::Chain => self.usage.cpu_seconds,
            _ => self.usage.cpu_seconds / self.load.gigabytes(),
        }
    }

    /// How long all workers together had no core.
    fn run_delay_seconds_of_workers(&self) -> f64 {
        let delay = &self.usage.run_delay_seconds_by_thread;
        delay.get("worker").copied().unwrap_or_default()
    }
}

impl Curve {
    /// The exponent of the power of the axis that the cost follows best: the slope of a straight line
    /// through the logarithms, by least squares. None of fewer than two points.
    #[must_use]
    pub fn exponent(&self) -> Option<f64> {
        let logarithms = |point: &Point| (f64::from(point.value).ln(), point.cost(self.axis).ln());
        slope(&self.points.iter().map(logarithms).collect::<Vec<_>>())
    }
}

impl fmt::Display for Curve {
    /// A Markdown table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cost = match self.axis {
            Axis::Chain => "CPU s",
            _ => "CPU s/GB",
        };
        let shape = &self.shape;
        writeln!(
            f,
            "| {} ({shape}) | GB | records | {cost} | wall s | run delay s of workers | peak MiB | files |",
            self.axis.title()
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
        for point in &self.points {
            writeln!(
                f,
                "| {} | {:.2} | {} | {:.2} | {:.1} | {:.1} | {:.0} | {} |",
                point.value,
                point.load.gigabytes(),
                point.load.records,
                point.cost(self.axis),
                point.usage.wall_seconds,
                point.run_delay_seconds_of_workers(),
                point.usage.peak_memory_bytes as f64 / f64::from(1 << 20),
                point.lake.golden.files,
            )?;
        }
        match self.exponent() {
            Some(exponent) => write!(f, "\nExponent: {exponent:.2}"),
            None => Ok(()),
        }
    }
}

fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let sum = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>();
    let (x, y) = (sum(|(x, _)| *x), sum(|(_, y)| *y));
    let spread = count * sum(|(x, _)| x * x) - x * x;
    (spread > 0.0).then(|| (count * sum(|(x, y)| x * y) - x * y) / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What grows with the square has the exponent two, and one point has none.
    #[test]
    fn a_power_is_found() {
        let square = |value: f64| (value.ln(), (3.0 * value * value).ln());
        let found = slope(&[square(1.0), square(10.0), square(1000.0)]).expect("a slope");
        assert!((found - 2.0).abs() < 1e-9);
        assert_eq!(slope(&[square(10.0)]), None);
    }
}
