use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use sluicebox_chain::Counts;
use sluicebox_config::Config;
use sluicebox_pipeline::TopicCatalog as _;
use sluicebox_pipeline::verify::VerifyReport;

use crate::commands::rejects::{Rejects, Sample};
use crate::wiring::ConfigCatalog;

/// Paths that are shown as examples.
const PATHS_MAX: usize = 3;

/// What would have become of the records.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    counts: Counts,
    rejected_by_reason: BTreeMap<String, u64>,
    rejects: Vec<Sample>,
    /// Columns with their types, by topic.
    schemas: BTreeMap<String, Vec<(String, String)>>,
    /// Files as they would lie in the lake: the first few.
    files: Vec<String>,
}

impl Report {
    pub(super) fn new(
        config: &Config,
        proof: &VerifyReport,
        rejects: Rejects,
        files: Vec<String>,
        show_values: bool,
    ) -> Self {
        let mut counts = Counts::default();
        let mut schemas = BTreeMap::new();
        let catalog = ConfigCatalog::new(config.clone().into());
        for partition in &proof.partitions {
            counts += partition.counts;
            let topic = &partition.chain.topic;
            if let Ok(spec) = catalog.spec(topic) {
                let fields = spec.golden.schema.fields().iter();
                let columns = fields.map(|f| (f.name().clone(), f.data_type().to_string()));
                schemas.insert(topic.clone(), columns.collect());
            }
        }
        let value = |sample: Sample| Sample {
            value: sample.value.filter(|_| show_values),
            ..sample
        };
        let files = files
            .into_iter()
            .filter(|path| !path.starts_with('_'))
            .take(PATHS_MAX);
        Self {
            counts,
            rejected_by_reason: rejects.by_reason,
            rejects: rejects.samples.into_values().map(value).collect(),
            schemas,
            files: files
                .map(|path| format!("{}/{path}", config.lake.url))
                .collect(),
        }
    }

    pub(super) fn print(&self, out: &mut impl Write, json: bool) -> io::Result<()> {
        if json {
            serde_json::to_writer_pretty(&mut *out, self)?;
            return writeln!(out);
        }
        for (topic, columns) in &self.schemas {
            writeln!(out, "{topic}")?;
            for (name, data_type) in columns {
                writeln!(out, "  {name:<24} {data_type}")?;
            }
        }
        let Counts {
            read,
            golden,
            rejected,
            duplicate,
            skipped,
        } = self.counts;
        writeln!(
            out,
            "\n{read} records read, nothing written to the lake. They would be:"
        )?;
        writeln!(out, "  {golden:>10} golden")?;
        writeln!(out, "  {duplicate:>10} dropped as repeats")?;
        writeln!(out, "  {skipped:>10} skipped")?;
        writeln!(out, "  {rejected:>10} rejected")?;
        for (reason, count) in &self.rejected_by_reason {
            writeln!(out, "  {count:>12} {reason}")?;
        }
        for sample in &self.rejects {
            let Sample {
                topic,
                partition,
                offset,
                reason,
                message,
                value,
            } = sample;
            writeln!(
                out,
                "\n{topic}[{partition}] offset {offset}: {reason}: {message}"
            )?;
            if let Some(value) = value {
                writeln!(out, "  {value}")?;
            }
        }
        if !self.files.is_empty() {
            writeln!(out, "\nFiles would be, for example:")?;
        }
        for path in &self.files {
            writeln!(out, "  {path}")?;
        }
        Ok(())
    }
}
