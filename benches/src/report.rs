//! What was measured, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use clap::ValueEnum;
use serde::Serialize;

use crate::lake::Lake;
use crate::load::Totals;
use crate::process::Usage;

/// All runs over one load.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What the records look like.
    pub shape: String,
    /// Where they come from.
    pub source: String,
    /// Where they go.
    pub store: String,
    /// The topic's partitions.
    pub partitions: u32,
    /// How much was read in each run.
    pub load: Totals,
    /// Each run of the product.
    pub runs: Vec<Run>,
    /// Each run of the floor loop.
    pub floor: Vec<Usage>,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// What it cost.
    pub usage: Usage,
    /// What came out.
    pub lake: Lake,
}

impl Report {
    /// CPU seconds of the product for each gigabyte of JSON: the median of the runs.
    #[must_use]
    pub fn cpu_seconds_per_gigabyte(&self) -> f64 {
        self.median(|run| run.usage.cpu_seconds) / self.load.gigabytes()
    }

    /// The same of the floor loop; none if it did not run.
    #[must_use]
    pub fn floor_cpu_seconds_per_gigabyte(&self) -> Option<f64> {
        let seconds = self.floor.iter().map(|usage| usage.cpu_seconds).collect();
        (!self.floor.is_empty()).then(|| median(seconds) / self.load.gigabytes())
    }

    fn median(&self, figure: impl Fn(&Run) -> f64) -> f64 {
        median(self.runs.iter().map(figure).collect())
    }

    fn cpu_seconds_by_thread(&self) -> BTreeMap<&str, f64> {
        let names = self
            .runs
            .iter()
            .flat_map(|run| run.usage.cpu_seconds_by_thread.keys());
        let of_thread = |name: &String| {
            self.median(|run| {
                let seconds = run.usage.cpu_seconds_by_thread.get(name);
                seconds.copied().unwrap_or_default()
            })
        };
        names.map(|name| (name.as_str(), of_thread(name))).collect()
    }
}

impl fmt::Display for Report {
    /// Rows of Markdown tables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = &self.load;
        let wall = self.median(|run| run.usage.wall_seconds);
        let peak_mib = self.median(|run| run.usage.peak_memory_bytes as f64) / f64::from(1 << 20);
        let files = self.median(|run| run.lake.golden.files as f64);
        let megabytes_out = self.median(|run| run.lake.golden.bytes as f64) / 1e6;
        let floor = self.floor_cpu_seconds_per_gigabyte();
        let ratio = floor.map(|floor| self.cpu_seconds_per_gigabyte() / floor);
        let [floor, ratio] = [floor, ratio]
            .map(|figure| figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.2}")));
        writeln!(
            f,
            "| shape | source | store | records | malformed | GB | CPU s/GB | floor s/GB | ratio | records/s | MB/s | \
             peak MiB | files | MB out |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        )?;
        writeln!(
            f,
            "| {} | {} | {} | {} | {} | {:.2} | {:.2} | {floor} | {ratio} | {:.0} | {:.0} | {peak_mib:.0} \
             | {files:.0} | {megabytes_out:.0} |",
            self.shape,
            self.source,
            self.store,
            load.records,
            load.malformed,
            load.gigabytes(),
            self.cpu_seconds_per_gigabyte(),
            load.records as f64 / wall,
            load.bytes as f64 / 1e6 / wall,
        )?;
        let mut threads = String::new();
        for (name, seconds) in self.cpu_seconds_by_thread() {
            write!(threads, " {name} {:.2},", seconds / load.gigabytes())?;
        }
        write!(f, "\nCPU s/GB by thread:{}", threads.trim_end_matches(','))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A choice as the command line has it.
#[must_use]
pub fn word(choice: impl ValueEnum) -> String {
    let value = choice.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}
