use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use sluicebox_types::OffsetRange;

use crate::SchemaError;

/// Why rows did not become files. None of them is about the content of a record: each is a mistake
/// of the caller or a limit of the format, and the rows must be written again by a fresh start from
/// the last commit.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The table's schema or its settings per column cannot be written.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A batch has not one event time and one mark per row.
    #[error(
        "the batch has {rows} rows, but {event_times} event times and {marks} marks of whether a row \
         is kept; give one of each per row"
    )]
    EventTimes {
        /// Rows of the batch.
        rows: usize,
        /// Event times given.
        event_times: usize,
        /// Marks given.
        marks: usize,
    },
    /// A batch has not the table's columns.
    #[error("the batch has {found} where the table has {expected} at column `{column}`")]
    Column {
        /// The column, with the members that lead to it.
        column: String,
        /// What the table has there.
        expected: String,
        /// What the batch has there.
        found: String,
    },
    /// A cut that no file can be named after.
    #[error("partition {partition} cannot be cut at offsets {range}: they hold no record")]
    InvalidCut {
        /// Kafka's partition number.
        partition: i32,
        /// The offsets of the cut.
        range: OffsetRange,
    },
    /// One batch of rejected records holds more than one Arrow array can.
    #[error(
        "{records} rejected records hold {bytes} bytes, but one batch takes at most {bytes_max}; \
         give fewer at a time"
    )]
    QuarantineBatchTooLarge {
        /// Records given.
        records: usize,
        /// Bytes of their keys, values and headers.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// An earlier step failed, so that some rows may be missing from the open files.
    #[error(
        "an earlier write of this partition failed, its open files are incomplete; \
         discard them and read again from the last commit"
    )]
    Poisoned,
    /// Arrow could not copy rows.
    #[error("rows could not be put together: {0}")]
    Arrow(#[from] ArrowError),
    /// Parquet could not encode rows.
    #[error("rows could not be encoded as Parquet: {0}")]
    Parquet(#[from] ParquetError),
}
