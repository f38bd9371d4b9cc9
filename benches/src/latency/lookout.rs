use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use sluicebox_types::{Clock, SystemClock};

use crate::peers::rows::visible_files;

/// The column with each record's timestamp, and its member.
const KAFKA: &str = "_kafka";
const TIMESTAMP: &str = "timestamp";

/// Watches a folder for files that become visible.
#[derive(Debug)]
pub(super) struct Lookout {
    folder: PathBuf,
    clock: SystemClock,
    seen_millis: BTreeMap<PathBuf, i64>,
    rows: u64,
}

impl Lookout {
    pub(super) fn over(folder: PathBuf) -> Self {
        Self {
            folder,
            clock: SystemClock::new(),
            seen_millis: BTreeMap::new(),
            rows: 0,
        }
    }

    /// Rows that can be seen.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Notes the moment for each file that is new.
    pub(super) fn look(&mut self) -> Result<()> {
        for file in visible_files(&self.folder)? {
            if self.seen_millis.contains_key(&file) {
                continue;
            }
            let reader = SerializedFileReader::new(File::open(&file)?)?;
            let rows = reader.metadata().file_metadata().num_rows();
            self.rows += u64::try_from(rows)?;
            self.seen_millis.insert(file, self.clock.now_millis());
        }
        Ok(())
    }

    /// Milliseconds from the timestamp of each record, if that is not before `since_millis`, to the
    /// moment at which it was seen.
    pub(super) fn latencies(&self, since_millis: i64) -> Result<Vec<i64>> {
        let mut latencies = Vec::new();
        for (file, seen_millis) in &self.seen_millis {
            let produced_millis = timestamps(file)?.into_iter().map(|micros| micros / 1000);
            let produced_millis = produced_millis.filter(|millis| *millis >= since_millis);
            latencies.extend(produced_millis.map(|millis| seen_millis - millis));
        }
        Ok(latencies)
    }
}

fn timestamps(file: &Path) -> Result<Vec<i64>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?;
    let kafka = ProjectionMask::columns(reader.parquet_schema(), [KAFKA]);
    let mut timestamps = Vec::new();
    for batch in reader.with_projection(kafka).build()? {
        let batch = batch?;
        let kafka = batch
            .column_by_name(KAFKA)
            .context("no column of Kafka's")?;
        let at = kafka.as_struct().column_by_name(TIMESTAMP);
        let at = at.context("no timestamps")?;
        timestamps.extend(at.as_primitive::<TimestampMicrosecondType>().values());
    }
    Ok(timestamps)
}
