//! The encoder of one file: rows in, row groups of column chunks out.

use std::io;
use std::sync::Arc;

use arrow::compute::concat_batches;
use bytes::Bytes;
use parquet::arrow::arrow_writer::{
    ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriter, compute_leaves,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::SerializedFileWriter;
use sluicebox_types::FileBytes;

use crate::file_memory::{FileBuffer, FileMemory};
use crate::leaves::{leaves, without};
use crate::selection::SelectedRows;
use crate::snappy::Snappy;
use crate::text_column::TextColumn;

/// Parquet's writer, except that some columns of texts are ours: see [`TextColumn`].
pub(crate) struct FileEncoder {
    file: SerializedFileWriter<FileBuffer>,
    row_groups: ArrowRowGroupWriterFactory,
    memory: FileMemory,
    /// For each leaf column.
    is_text: Vec<bool>,
    /// Of the row group that is open; none if there is none.
    columns: Vec<ColumnEncoder>,
    rows: usize,
}

enum ColumnEncoder {
    Parquet(Box<ArrowColumnWriter>),
    Text(Box<TextColumn>),
}

impl FileEncoder {
    /// Takes over a writer without rows whose file lies in `memory`. The columns that are marked have
    /// texts outside of lists and maps, at most [`crate::text_page::LEVEL_MAX`] levels deep, no
    /// dictionary, no Bloom filter, and Snappy or no compression.
    pub(crate) fn new(
        writer: ArrowWriter<FileBuffer>,
        memory: FileMemory,
        is_text: Vec<bool>,
    ) -> Result<Self> {
        let (file, row_groups) = writer.into_serialized_writer()?;
        Ok(Self {
            file,
            row_groups,
            memory,
            is_text,
            columns: Vec::new(),
            rows: 0,
        })
    }

    /// Adds rows that came in these runs, and ends the row group if it is as large as it may be.
    pub(crate) fn write(&mut self, runs: &[SelectedRows], snappy: &mut Snappy) -> Result<()> {
        if self.columns.is_empty() {
            self.columns = self.open_columns()?;
        }
        for run in runs {
            self.write_texts(run, snappy)?;
            self.rows += run.num_rows();
        }
        self.write_others(runs)?;
        let limit = self.file.properties().max_row_group_bytes();
        match limit.is_some_and(|limit| self.row_group_bytes() >= limit) {
            true => self.end_row_group(snappy),
            false => Ok(()),
        }
    }

    /// Ends the file with these key-value pairs.
    pub(crate) fn finish(
        mut self,
        footer: Vec<KeyValue>,
        snappy: &mut Snappy,
    ) -> Result<FileBytes> {
        self.end_row_group(snappy)?;
        for pair in footer {
            self.file.append_key_value_metadata(pair);
        }
        Ok(self.file.into_inner()?.into_bytes())
    }

    /// About how large the file would be if it ended now.
    pub(crate) fn file_bytes(&self) -> usize {
        self.file.bytes_written() + self.row_group_bytes()
    }

    /// Rows of the row group that is open.
    pub(crate) const fn row_group_rows(&self) -> usize {
        self.rows
    }

    /// Bytes of memory, complete pages included.
    pub(crate) fn memory_bytes(&self) -> usize {
        let columns = self.columns.iter().map(ColumnEncoder::memory_bytes);
        self.memory.bytes() + columns.sum::<usize>()
    }

    fn row_group_bytes(&self) -> usize {
        self.columns.iter().map(ColumnEncoder::bytes).sum()
    }

    fn open_columns(&self) -> Result<Vec<ColumnEncoder>> {
        let row_group = self.file.flushed_row_groups().len();
        let writers = self.row_groups.create_column_writers(row_group)?;
        let described = self.file.schema_descr().columns().iter();
        let columns = writers.into_iter().zip(&self.is_text).zip(described);
        let columns = columns.map(|((writer, is_text), description)| {
            if !is_text {
                return Ok(ColumnEncoder::Parquet(Box::new(writer)));
            }
            let properties = self.file.properties();
            let path = description.path();
            let column = TextColumn::new(
                Arc::clone(description),
                properties.compression(path),
                properties.column_data_page_size_limit(path),
                self.memory.clone(),
            )?;
            Ok(ColumnEncoder::Text(Box::new(column)))
        });
        columns.collect()
    }

    fn write_texts(&mut self, run: &SelectedRows, snappy: &mut Snappy) -> Result<()> {
        for (column, leaf) in self.columns.iter_mut().zip(leaves(run.batch())) {
            if let ColumnEncoder::Text(column) = column {
                column.append(&leaf, run.rows(), snappy)?;
            }
        }
        Ok(())
    }

    fn write_others(&mut self, runs: &[SelectedRows]) -> Result<()> {
        let others = |run: &SelectedRows| run.of(without(run.batch(), &self.is_text)?);
        let runs = runs.iter().map(others);
        let runs = runs.collect::<Result<Vec<_>, _>>()?;
        let [first, ..] = runs.as_slice() else {
            return Ok(());
        };
        let rows = concat_batches(first.schema_ref(), &runs)?;
        let mut columns = self.columns.iter_mut().filter_map(|column| match column {
            ColumnEncoder::Parquet(column) => Some(column),
            ColumnEncoder::Text(_) => None,
        });
        for (field, array) in rows.schema_ref().fields().iter().zip(rows.columns()) {
            for (leaf, column) in compute_leaves(field, array)?.iter().zip(&mut columns) {
                column.write(leaf)?;
            }
        }
        Ok(())
    }

    fn end_row_group(&mut self, snappy: &mut Snappy) -> Result<()> {
        self.rows = 0;
        let columns = std::mem::take(&mut self.columns);
        if columns.is_empty() {
            return Ok(());
        }
        self.memory.next_page_at(self.file.bytes_written());
        let mut row_group = self.file.next_row_group()?;
        for column in columns {
            match column {
                ColumnEncoder::Parquet(column) => {
                    column.close()?.append_to_row_group(&mut row_group)?;
                }
                ColumnEncoder::Text(column) => {
                    let (pages, close) = column.close(snappy)?;
                    check_lengths(&pages, close.bytes_written)?;
                    self.memory.hand_over(pages);
                    row_group.append_column(&HandedPages, close)?;
                }
            }
        }
        row_group.close()?;
        Ok(())
    }
}

/// Whether pages have as many bytes as the writer will count.
fn check_lengths(pages: &[Bytes], counted: u64) -> Result<()> {
    let bytes = pages.iter().map(|page| page.len() as u64).sum::<u64>();
    if bytes == counted {
        return Ok(());
    }
    let why = format!("a column counts {counted} bytes, but its pages have {bytes}");
    Err(ParquetError::General(why))
}

impl ColumnEncoder {
    fn bytes(&self) -> usize {
        match self {
            Self::Parquet(column) => column.get_estimated_total_bytes(),
            Self::Text(column) => column.bytes(),
        }
    }

    fn memory_bytes(&self) -> usize {
        match self {
            // What it reports are lengths of buffers that double as they grow.
            Self::Parquet(column) => column.memory_size() * 3 / 2,
            Self::Text(column) => column.memory_bytes(),
        }
    }
}

/// Pages that were handed over, for the writer to count: the file takes them, not what is read here.
struct HandedPages;

impl Length for HandedPages {
    fn len(&self) -> u64 {
        u64::MAX
    }
}

impl ChunkReader for HandedPages {
    type T = io::Repeat;

    fn get_read(&self, _start: u64) -> Result<Self::T> {
        Ok(io::repeat(0))
    }

    fn get_bytes(&self, _start: u64, _length: usize) -> Result<Bytes> {
        let why = "pages that were handed over are not read";
        Err(ParquetError::General(why.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use parquet::arrow::arrow_writer::ArrowWriterOptions;

    use super::*;

    /// Pages, the library's and ours, are kept once and not copied into the file: it takes its size
    /// and the end of a segment.
    #[test]
    fn a_file_takes_its_size_once() {
        let mut random = fastrand::Rng::with_seed(1);
        let texts = (0..40_000).map(|_| Some(format!("{:032x}", random.u128(..))));
        let texts: ArrayRef = Arc::new(texts.collect::<StringArray>());
        let rows = RecordBatch::try_from_iter([("a", Arc::clone(&texts)), ("b", texts)]).unwrap();
        for is_text in [[false, false], [true, false], [true, true]] {
            let memory = FileMemory::default();
            let options =
                ArrowWriterOptions::new().with_page_store_factory(Arc::new(memory.clone()));
            let file = FileBuffer::new(memory.clone());
            let writer = ArrowWriter::try_new_with_options(file, rows.schema(), options).unwrap();
            let mut encoder = FileEncoder::new(writer, memory.clone(), is_text.to_vec()).unwrap();
            let mut snappy = Snappy::new();
            for start in (0..40_000).step_by(1_000) {
                let run = SelectedRows::all(rows.slice(start, 1_000));
                encoder.write(&[run], &mut snappy).unwrap();
            }
            let bytes = encoder.finish(vec![], &mut snappy).unwrap();
            let held = memory.bytes();
            assert!(bytes.len() > 2_000_000);
            let most = bytes.len() + bytes.len() / 8 + (1 << 20);
            assert!(held <= most, "{held} for {}, {is_text:?}", bytes.len());
        }
    }
}
