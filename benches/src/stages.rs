//! The stages of the data plane, each alone, on inputs that are always the same. Their functions are
//! never inlined, so that a profiler can tell where each begins and ends.

use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef, TimestampMicrosecondType};
use sluicebox_decode::JsonDecoder;
use sluicebox_dedup::{KeyHasher, Window};
use sluicebox_parquet::{Cut, TableSpec, TableWriter, kafka_column, kafka_field};
use sluicebox_rules::Rules;
use sluicebox_types::OffsetRange;
use uuid::Uuid;

use crate::contents::Contents;
use crate::records::{Record, Records};
use crate::shapes::Shape;
use crate::topic::Topic;

/// Decoded rows of one batch: what a worker takes on at once, about.
const BATCH_BYTES: usize = 4 << 20;

/// One input, and the stages that work on it.
#[derive(Debug)]
pub struct Stages {
    topic: Topic,
    records: Vec<Record>,
    rows: RecordBatch,
    decoder: JsonDecoder,
    rules: Rules,
    hasher: KeyHasher,
    table: Arc<TableSpec>,
}

impl Stages {
    /// The stages of a shape, and about `bytes` of its records.
    ///
    /// # Errors
    /// When the config of the shape is none.
    pub fn new(shape: Shape, bytes: usize) -> Result<Self> {
        let topic = Topic::of(shape)?;
        let mut total = 0;
        let enough = |record: &Record| {
            let is_wanted = total < bytes;
            total += record.value.len();
            is_wanted
        };
        let contents = Contents {
            partitions: 1,
            ..Contents::of(shape, 1.0)
        };
        let records: Vec<_> = Records::new(&contents, 0).take_while(enough).collect();
        let mut decoder = topic.decoder()?;
        let good = records
            .iter()
            .filter(|record| decoder.push(&record.value).is_ok());
        let _good = good.count();
        let rows = decoder.finish();
        let schema = rows.schema();
        Ok(Self {
            rules: topic.rules(&schema)?,
            hasher: topic.key_hasher(&schema)?,
            table: topic.table(&schema)?,
            topic,
            records,
            rows,
            decoder,
        })
    }

    /// Bytes of JSON that a pass over the input is about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.value.len()).sum()
    }

    /// Decodes every record; gives the number of rows.
    #[inline(never)]
    pub fn decode(&mut self) -> usize {
        let mut rows = 0;
        for record in &self.records {
            // What is malformed is part of the work.
            let _row_or_reject = self.decoder.push(&record.value);
            if self.decoder.buffered_bytes() >= BATCH_BYTES {
                rows += self.decoder.finish().num_rows();
            }
        }
        rows + self.decoder.finish().num_rows()
    }

    /// Judges every row; gives the number of those that are not good.
    #[inline(never)]
    #[must_use]
    pub fn rules(&self) -> usize {
        let judged = self.rules.apply(self.rows.clone());
        judged.fates.map_or(0, |fates| fates.len())
    }

    /// Looks every row up in a new window; gives the number of repeats.
    ///
    /// # Errors
    /// When the rows are not of the hasher's schema.
    #[inline(never)]
    pub fn dedup(&mut self) -> Result<usize> {
        let mut keys = Vec::new();
        self.hasher.hash_rows(&self.rows, &mut keys)?;
        let keys: Vec<u128> = keys.into_iter().flatten().collect();
        let clocks: Vec<i64> = self.records.iter().map(|record| record.at_millis).collect();
        let mut window = Window::new(self.topic.window());
        let mut duplicate = Vec::new();
        window.check_batch(&keys, &clocks, &mut duplicate);
        Ok(duplicate.into_iter().filter(|is_repeat| *is_repeat).count())
    }

    /// Writes every row into files; gives their bytes.
    ///
    /// # Errors
    /// When the rows do not fit the table.
    #[inline(never)]
    pub fn parquet(&self) -> Result<usize> {
        let rows = i64::try_from(self.rows.num_rows())?;
        let golden = with_kafka(&self.rows, rows)?;
        let times = self.rows.column_by_name("ts").context("an event time")?;
        let times = times.as_primitive::<TimestampMicrosecondType>().values();
        let mut writer = TableWriter::new(Arc::clone(&self.table));
        writer.append(&golden, times)?;
        let cut = Cut {
            partition: 0,
            range: OffsetRange::new(0, rows),
            attempt: Uuid::nil(),
            commit_id: String::new(),
        };
        let files = writer.close(&cut)?;
        Ok(files.iter().map(|file| file.bytes.len()).sum())
    }
}

fn with_kafka(rows: &RecordBatch, count: i64) -> Result<RecordBatch> {
    let times = vec![None; rows.num_rows()];
    let kafka: ArrayRef = Arc::new(kafka_column("bench", 0, (0..count).collect(), &times));
    let columns = rows.columns().iter().cloned().chain([kafka]).collect();
    let fields = rows.schema_ref().fields().iter().cloned();
    let fields: Vec<_> = fields.chain([Arc::new(kafka_field())]).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new(schema, columns)?)
}
