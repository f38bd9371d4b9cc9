//! Reads files back for inspection: where a file comes from, and which offsets it holds.
//!
//! Works on bytes that nobody vouches for: whatever they are, the answer is a value or an error.

mod announced;
mod file_parts;

use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_schema};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::ChunkReader;
use parquet::schema::types::SchemaDescriptor;

use sluicebox_types::CatalogColumn;

use crate::kafka_column::{KAFKA_COLUMN, OFFSET_MEMBER};
use crate::{ForeignColumn, Lineage, LineageError, catalog_columns};

pub use file_parts::FileParts;

/// The footer's length and the magic number behind it.
const TRAILER_BYTES: usize = 8;

/// Offsets that are read at once.
const BATCH_ROWS: usize = 8_192;

/// Bytes that are no file of Sluicebox.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The Parquet reader refuses them.
    #[error("no readable Parquet file: {0}")]
    Parquet(#[from] ParquetError),
    /// A page does not decode.
    #[error("a page does not decode: {0}")]
    Page(#[from] ArrowError),
    /// The Parquet reader gave up on them without an error.
    #[error("the file is damaged in a way that the Parquet reader has no error for")]
    Damaged,
    /// A column is of a type that Sluicebox does not write.
    #[error(transparent)]
    Foreign(#[from] ForeignColumn),
    /// There is no `_kafka.offset` of 64 bits.
    #[error("the file has no column `_kafka.offset` of type bigint")]
    NoOffsets,
    /// An offset is null.
    #[error("the file has a row without an offset")]
    NullOffset,
}

/// The footer of a file.
///
/// # Errors
/// [`InspectError::Parquet`] or [`InspectError::Damaged`] if there is none.
pub fn read_footer(file: &Bytes) -> Result<ParquetMetaData, InspectError> {
    if footer(file).is_some_and(|footer| !announced::is_sound_footer(footer)) {
        return Err(InspectError::Damaged);
    }
    guarded(|| Ok(ParquetMetaDataReader::new().parse_and_finish(file)?))
}

/// None where the reader has an error for it.
fn footer(file: &Bytes) -> Option<&[u8]> {
    let (file, trailer) = file.split_last_chunk::<TRAILER_BYTES>()?;
    let length = footer_bytes(trailer)?.checked_sub(TRAILER_BYTES as u64)?;
    let start = file.len().checked_sub(usize::try_from(length).ok()?)?;
    file.get(start..)
}

/// How many bytes at a file's end its footer takes, by the last eight of the file; none if these are
/// not the end of a Parquet file. [`read_footer`] and [`read_columns`] read these bytes as well as a
/// whole file.
#[must_use]
pub fn footer_bytes(trailer: &[u8]) -> Option<u64> {
    let (length, magic) = trailer.split_last_chunk::<4>().map(|(l, m)| (l, *m))?;
    let (_, length) = length.split_last_chunk::<4>()?;
    let trailer_bytes = TRAILER_BYTES as u64;
    (&magic == b"PAR1").then(|| u64::from(u32::from_le_bytes(*length)) + trailer_bytes)
}

/// The columns of a file as catalogs declare them.
///
/// # Errors
/// There is no readable footer, or a column is of a type that Sluicebox does not write.
pub fn read_columns(file: &Bytes) -> Result<Vec<CatalogColumn>, InspectError> {
    let footer = read_footer(file)?;
    // What Arrow's own writers keep beside the schema is not ours, and the reader panics over it.
    let without = None;
    let columns = footer.file_metadata().schema_descr();
    let schema = guarded(|| Ok(parquet_to_arrow_schema(columns, without)?))?;
    Ok(catalog_columns(&schema)?)
}

/// Where a file comes from, as its footer tells.
///
/// # Errors
/// The footer lacks an entry, or has one of another form: Sluicebox did not write it.
pub fn read_lineage(footer: &ParquetMetaData) -> Result<Lineage, LineageError> {
    Lineage::from_footer(footer)
}

/// Where in a file its rows' Kafka offsets are. With these parts and its footer [`read_offsets`] can
/// do without the rest.
///
/// # Errors
/// There is no such column, or the footer is damaged.
pub fn offset_ranges(footer: &ParquetMetaData) -> Result<Vec<Range<u64>>, InspectError> {
    let leaf = offset_leaf(footer.file_metadata().schema_descr());
    let leaf = leaf.ok_or(InspectError::NoOffsets)?;
    let range = |(start, length): (u64, u64)| start..start.saturating_add(length);
    guarded(|| {
        let columns = footer.row_groups().iter().map(|group| group.column(leaf));
        Ok(columns.map(|column| range(column.byte_range())).collect())
    })
}

/// The Kafka offsets of the rows of the file with this footer, in their order and in batches. Reads
/// that one column only.
///
/// # Errors
/// There is no such column, or it is damaged.
pub fn read_offsets(
    footer: ParquetMetaData,
    file: impl ChunkReader + 'static,
) -> Result<Offsets, InspectError> {
    let ranges = offset_ranges(&footer)?;
    let reader = guarded(|| {
        for range in ranges {
            let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            if !announced::are_sound_pages(&file.get_bytes(range.start, length)?) {
                return Err(InspectError::Damaged);
            }
        }
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::try_new(Arc::new(footer), options)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let schema = builder.parquet_schema();
        let leaf = offset_leaf(schema).ok_or(InspectError::NoOffsets)?;
        let offsets_only = ProjectionMask::leaves(schema, [leaf]);
        Ok(builder
            .with_projection(offsets_only)
            .with_batch_size(BATCH_ROWS)
            .build()?)
    })?;
    Ok(Offsets {
        reader: Some(reader),
    })
}

fn offset_leaf(schema: &SchemaDescriptor) -> Option<usize> {
    schema
        .columns()
        .iter()
        .position(|column| column.path().parts() == [KAFKA_COLUMN, OFFSET_MEMBER])
}

/// The iterator of [`read_offsets`]. It ends after the first error.
#[derive(Debug)]
pub struct Offsets {
    reader: Option<ParquetRecordBatchReader>,
}

impl Iterator for Offsets {
    type Item = Result<Vec<i64>, InspectError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut reader = self.reader.take()?;
        let offsets = guarded(|| match reader.next() {
            Some(batch) => offsets_of(&batch?).map(Some),
            None => Ok(None),
        });
        if matches!(offsets, Ok(Some(_))) {
            self.reader = Some(reader);
        }
        offsets.transpose()
    }
}

fn offsets_of(batch: &RecordBatch) -> Result<Vec<i64>, InspectError> {
    let kafka = batch
        .columns()
        .first()
        .and_then(|column| column.as_struct_opt());
    let kafka = kafka.ok_or(InspectError::NoOffsets)?;
    let offsets = kafka
        .columns()
        .first()
        .and_then(|column| column.as_primitive_opt::<Int64Type>());
    let offsets = offsets.ok_or(InspectError::NoOffsets)?;
    if kafka.null_count() > 0 || offsets.null_count() > 0 {
        return Err(InspectError::NullOffset);
    }
    Ok(offsets.values().to_vec())
}

/// The Parquet reader asserts what a well-formed footer promises (column ranges, level counts), so
/// damaged bytes can make it panic. Nothing that it touched is used after that.
fn guarded<T>(read: impl FnOnce() -> Result<T, InspectError>) -> Result<T, InspectError> {
    let outside = GUARDED.replace(true);
    let answer = catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(outside);
    answer.unwrap_or(Err(InspectError::Damaged))
}

/// Whether a panic of this thread would be one over damaged bytes, which is caught here: a hook
/// that ends the process must let it pass.
#[must_use]
pub fn is_guarded() -> bool {
    GUARDED.get()
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}
