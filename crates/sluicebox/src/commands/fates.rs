//! What became of the records of a lake: the counts of its chains, and the rejects as quarantine has
//! them. What `demo` and `dry-run` show at their end.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Context as _;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;
use sluicebox_chain::Counts;
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_pipeline::verify::VerifyReport;

/// Where quarantine lies below the lake's root.
const QUARANTINE: &str = "_quarantine/";

/// Characters of a rejected value that people are shown.
const VALUE_CHARS_MAX: usize = 100;

/// What became of every record.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Fates {
    pub(crate) counts: Counts,
    pub(crate) rejected_by_reason: BTreeMap<String, u64>,
    /// The first of each reason.
    pub(crate) rejects: Vec<Reject>,
}

/// One rejected record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reject {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// The record's value; bytes that are no text are shown as replacement characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

impl Fates {
    /// Reads the fates of a whole lake, whose chains are `proof`.
    ///
    /// # Errors
    /// When the store does not answer, or holds what no pipeline wrote into quarantine.
    pub(crate) async fn read(store: &dyn LakeStore, proof: &VerifyReport) -> anyhow::Result<Self> {
        let mut fates = Self::default();
        for partition in &proof.partitions {
            fates.counts += partition.counts;
        }
        for file in store.list_files(QUARANTINE, None, usize::MAX).await? {
            let bytes = store.read_file(&file.path).await?;
            let bytes = bytes.with_context(|| format!("{} vanished", file.path))?;
            fates.add_file(bytes).with_context(|| file.path)?;
        }
        fates.rejects.sort_by(|a, b| a.reason.cmp(&b.reason));
        Ok(fates)
    }

    fn add_file(&mut self, file: Bytes) -> anyhow::Result<()> {
        for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let reject =
                    reject(&batch, row).context("the file is not of quarantine's schema")?;
                let count = self.rejected_by_reason.entry(reject.reason.clone());
                let count = count.or_default();
                *count += 1;
                if *count == 1 {
                    self.rejects.push(reject);
                }
            }
        }
        Ok(())
    }

    /// The counts for people, one line each.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Counts {
            golden,
            duplicate,
            skipped,
            rejected,
            ..
        } = self.counts;
        writeln!(out, "  {golden:>8} golden")?;
        writeln!(out, "  {duplicate:>8} duplicates, dropped")?;
        writeln!(
            out,
            "  {skipped:>8} skipped: tombstones, and what `where` rules leave out"
        )?;
        writeln!(out, "  {rejected:>8} rejected")?;
        for (reason, count) in &self.rejected_by_reason {
            writeln!(out, "  {count:>12} {reason}")?;
        }
        Ok(())
    }
}

impl Reject {
    /// Where it was and what is wrong with it; then its value, or the beginning of a long one.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Self {
            topic,
            partition,
            offset,
            reason,
            message,
            value,
        } = self;
        writeln!(
            out,
            "  {topic}[{partition}] offset {offset}: {reason}: {message}"
        )?;
        let Some(value) = value else {
            return Ok(());
        };
        match value.char_indices().nth(VALUE_CHARS_MAX) {
            None => writeln!(out, "    {value}"),
            Some((end, _)) => writeln!(out, "    {}…", value.get(..end).unwrap_or_default()),
        }
    }
}

fn reject(batch: &RecordBatch, row: usize) -> Option<Reject> {
    let text = |name: &str| {
        let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        Some(column.value(row).to_owned())
    };
    let kafka = batch.column_by_name("_kafka")?.as_struct_opt()?;
    let value = batch.column_by_name("value")?.as_binary_opt::<i32>()?;
    Some(Reject {
        topic: kafka
            .column_by_name("topic")?
            .as_string_opt::<i32>()?
            .value(row)
            .to_owned(),
        partition: kafka
            .column_by_name("partition")?
            .as_primitive_opt::<Int32Type>()?
            .value(row),
        offset: kafka
            .column_by_name("offset")?
            .as_primitive_opt::<Int64Type>()?
            .value(row),
        reason: text("reason")?,
        message: text("message")?,
        value: value
            .is_valid(row)
            .then(|| String::from_utf8_lossy(value.value(row)).into_owned()),
    })
}
