//! Reads rejected records back from quarantine.

use std::collections::BTreeMap;

use anyhow::Context as _;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;
use sluicebox_pipeline::ports::LakeStore;

/// Files that are listed at once.
const PAGE: usize = 1_000;

/// Where quarantine lies below the lake's root.
const QUARANTINE: &str = "_quarantine/";

/// What is in quarantine.
#[derive(Debug, Default)]
pub(crate) struct Rejects {
    /// How many, by reason code.
    pub(crate) by_reason: BTreeMap<String, u64>,
    /// One of each reason.
    pub(crate) samples: BTreeMap<String, Sample>,
}

/// One rejected record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sample {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// The record's value; bytes that are no text are shown as replacement characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// Reads everything that was rejected.
pub(crate) async fn read(store: &dyn LakeStore) -> anyhow::Result<Rejects> {
    let mut rejects = Rejects::default();
    for path in list(store, QUARANTINE).await? {
        let file = store.read_file(&path).await?;
        let file = file.with_context(|| format!("{path} vanished while it was read"))?;
        rejects.add_file(file).with_context(|| path)?;
    }
    Ok(rejects)
}

/// All files below a prefix.
pub(crate) async fn list(store: &dyn LakeStore, prefix: &str) -> anyhow::Result<Vec<String>> {
    let mut paths: Vec<String> = Vec::new();
    loop {
        let page = store
            .list_files(prefix, paths.last().map(String::as_str), PAGE)
            .await?;
        if page.is_empty() {
            return Ok(paths);
        }
        paths.extend(page.into_iter().map(|object| object.path));
    }
}

impl Rejects {
    fn add_file(&mut self, file: Bytes) -> anyhow::Result<()> {
        for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let sample =
                    sample(&batch, row).context("the file is not of quarantine's schema")?;
                *self.by_reason.entry(sample.reason.clone()).or_default() += 1;
                self.samples.entry(sample.reason.clone()).or_insert(sample);
            }
        }
        Ok(())
    }
}

fn sample(batch: &RecordBatch, row: usize) -> Option<Sample> {
    let text = |name: &str| {
        let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        Some(column.value(row).to_owned())
    };
    let kafka = batch.column_by_name("_kafka")?.as_struct_opt()?;
    let value = batch.column_by_name("value")?.as_binary_opt::<i32>()?;
    Some(Sample {
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
