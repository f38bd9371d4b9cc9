//! A table to write to, and its files read back.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sluicebox_parquet::{
    Compression, Cut, DEFAULT_ROW_GROUP_BYTES, Layout, TableSpec, kafka_column, schema_fingerprint,
    table_schema,
};
use sluicebox_types::{FileKind, Granularity, OffsetRange};
use uuid::Uuid;

pub(crate) const HOUR: i64 = 3_600_000_000;

/// 2019-09-01T00:00:00Z
pub(crate) const SEPTEMBER: i64 = 1_567_296_000_000_000;

pub(crate) fn spec(schema: &SchemaRef) -> TableSpec {
    TableSpec {
        kind: FileKind::Golden,
        database: "air".to_owned(),
        table: "flights".to_owned(),
        topic: "raw.flights".to_owned(),
        layout: Layout::Hive,
        granularity: Granularity::Hour,
        schema: Arc::clone(schema),
        row_group_bytes: DEFAULT_ROW_GROUP_BYTES,
        compression: Compression::Snappy,
        pipeline: "flights".to_owned(),
        version: "0.1.0".to_owned(),
        schema_fingerprint: schema_fingerprint(schema),
        dictionary: BTreeMap::new(),
        bloom_filters: vec![],
    }
}

pub(crate) fn cut(start: i64, end: i64) -> Cut {
    Cut {
        partition: 12,
        range: OffsetRange::new(start, end),
        attempt: Uuid::from_u128(0x1a2b_3c4d << 96),
        commit_id: "flights/raw.flights/12/1842".to_owned(),
    }
}

/// The columns `n` and `text`.
pub(crate) fn flights() -> SchemaRef {
    table_schema(&Schema::new(vec![
        Field::new("n", DataType::Int64, true),
        Field::new("text", DataType::Utf8, true),
    ]))
    .unwrap()
}

/// Rows of [`flights`]: each has its offset as its number and in its text.
pub(crate) fn flights_batch(offsets: impl IntoIterator<Item = i64>) -> RecordBatch {
    let offsets: Vec<i64> = offsets.into_iter().collect();
    let texts = offsets
        .iter()
        .map(|offset| Some(format!("flight {offset}")));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(offsets.clone())),
        Arc::new(texts.collect::<StringArray>()),
        Arc::new(kafka_column("raw.flights", 12, offsets, &[])),
    ];
    RecordBatch::try_new(flights(), columns).unwrap()
}

pub(crate) fn reader(file: &Bytes) -> ParquetRecordBatchReaderBuilder<Bytes> {
    ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap()
}

/// All rows of a file, as one batch with the schema that its footer gives.
pub(crate) fn read(file: &Bytes) -> RecordBatch {
    let reader = reader(file).build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}
