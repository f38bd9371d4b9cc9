use arrow::array::RecordBatch;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT;
use sluicebox_types::FileBytes;

use crate::WriteError;
use crate::column_encodings::ColumnEncodings;
use crate::file_encoder::FileEncoder;
use crate::pending::PendingRows;
use crate::split::{DateRows, widened};

/// About what an encoder holds and does not report, measured as resident memory: its own output
/// buffer, state per column, and per row of the page at hand the levels of each column.
const ENCODER_BYTES: usize = 16 * 1024;
const ENCODER_COLUMN_BYTES: usize = 1024;
const ENCODER_LEVEL_BYTES: usize = 4;

/// The file of one date while it grows: rows wait as arrays until they are worth a call of the
/// encoder, which exists only from then on.
#[derive(Default)]
pub(crate) struct OpenFile {
    encoder: Option<FileEncoder>,
    pending: PendingRows,
    rows: u64,
    event_time: Option<[i64; 2]>,
    encoder_memory_bytes: usize,
    encoded_bytes: usize,
}

impl OpenFile {
    /// Adds the rows of `batch` that belong here.
    pub(crate) fn append(
        &mut self,
        batch: &RecordBatch,
        part: DateRows,
        columns: &mut ColumnEncodings,
    ) -> Result<(), WriteError> {
        self.rows += part.rows.len_in(batch) as u64;
        self.event_time = Some(
            self.event_time
                .map_or(part.event_time, |span| widened(span, part.event_time)),
        );
        self.pending.push(batch, part.rows)?;
        if self.pending.is_chunk() {
            self.encode_pending(columns)
        } else {
            Ok(())
        }
    }

    /// Rows in it.
    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Smallest and largest event time of its rows.
    pub(crate) fn event_time(&self) -> [i64; 2] {
        self.event_time.unwrap_or_default()
    }

    /// Bytes in memory: waiting rows, the encoder's buffers, encoded row groups.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.pending.memory_bytes() + self.encoder_memory_bytes
    }

    /// About how large the file would be if it were finished now.
    pub(crate) const fn file_bytes(&self) -> usize {
        self.pending.memory_bytes() + self.encoded_bytes
    }

    /// Encodes what waits and writes the footer with these key-value pairs. Only a failed append
    /// leaves a file without rows, and that is none to finish.
    pub(crate) fn finish(
        mut self,
        footer: Vec<KeyValue>,
        columns: &mut ColumnEncodings,
    ) -> Result<FileBytes, WriteError> {
        self.encode_pending(columns)?;
        let Some(encoder) = self.encoder.take() else {
            return Err(WriteError::Poisoned);
        };
        Ok(encoder.finish(footer, &mut columns.snappy)?)
    }

    fn encode_pending(&mut self, columns: &mut ColumnEncodings) -> Result<(), WriteError> {
        let runs = self.pending.take();
        if runs.is_empty() {
            return Ok(());
        }
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => none.insert(columns.open(&runs)?),
        };
        encoder.write(&runs, &mut columns.snappy)?;
        self.encoded_bytes = encoder.file_bytes();
        let page_rows = encoder
            .row_group_rows()
            .min(DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT);
        self.encoder_memory_bytes = encoder.memory_bytes()
            + ENCODER_BYTES
            + columns.leaf_count() * (ENCODER_COLUMN_BYTES + ENCODER_LEVEL_BYTES * page_rows);
        Ok(())
    }
}
