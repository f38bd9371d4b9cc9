use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use sluicebox_types::{FileBytes, FileKind, PartitionDate};
use xxhash_rust::xxh3::Xxh3;

use crate::column_encodings::ColumnEncodings;
use crate::conform::conform;
use crate::open_file::OpenFile;
use crate::snappy::Snappy;
use crate::split::split_by_date;
use crate::{Cut, Lineage, TableSpec, WriteError};

/// All open files of one Kafka partition for one table: one per partition date that it has seen
/// since the last cut.
///
/// There is no limit on open files or on memory here: the caller watches [`Self::memory_bytes`] and
/// [`Self::largest_file_bytes`], and cuts. A file with few rows costs a few KiB.
///
/// After an error the open files may lack rows. The writer then refuses everything but
/// [`Self::discard`].
pub struct TableWriter {
    spec: Arc<TableSpec>,
    /// Made from the spec at the first append, as it may fail.
    columns: Option<ColumnEncodings>,
    files: BTreeMap<PartitionDate, OpenFile>,
    rows: u64,
    memory_bytes: usize,
    poisoned: bool,
}

/// A complete Parquet file in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedFile {
    /// Its path below the lake's root.
    pub path: String,
    /// Golden or quarantine.
    pub kind: FileKind,
    /// The file.
    pub bytes: FileBytes,
    /// Rows; never 0.
    pub rows: u64,
    /// XXH3 (128 bit) of `bytes`, 32 hex digits.
    pub xxh3: String,
    /// The partition that it lies in.
    pub partition_date: PartitionDate,
    /// Smallest and largest event time of its rows, microseconds since 1970-01-01 UTC.
    pub event_time: [i64; 2],
}

impl TableWriter {
    /// A writer without rows.
    #[must_use]
    pub const fn new(spec: Arc<TableSpec>) -> Self {
        Self {
            spec,
            columns: None,
            files: BTreeMap::new(),
            rows: 0,
            memory_bytes: 0,
            poisoned: false,
        }
    }

    /// Adds each row to the open file of its date, in order. `event_time_micros` has one time per
    /// row, microseconds since 1970-01-01 UTC.
    ///
    /// The batch must have the table's columns; nullability, metadata and the names of list and map
    /// children may differ. What is not encoded yet is copied, unless the batch holds hardly more memory
    /// than its rows need, or is large and most of its rows belong into one file: then it is kept.
    ///
    /// # Errors
    /// The batch does not fit the table, or cannot be encoded. The writer is poisoned.
    pub fn append(
        &mut self,
        batch: &RecordBatch,
        event_time_micros: &[i64],
    ) -> Result<(), WriteError> {
        let kept = vec![true; batch.num_rows()];
        self.append_kept(batch, event_time_micros, &kept)
    }

    /// [`Self::append`], but only of the rows that `kept` says: it has one entry per row.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_kept(
        &mut self,
        batch: &RecordBatch,
        event_time_micros: &[i64],
        kept: &[bool],
    ) -> Result<(), WriteError> {
        self.poison_on_error(|writer| writer.append_by_date(batch, event_time_micros, kept))
    }

    /// Rows in the open files.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// How many files are open.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.files.len()
    }

    /// About how many bytes of memory the open files take: waiting rows, encoders, encoded bytes.
    /// Costs nothing to ask.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let shared = self.columns.as_ref();
        self.memory_bytes + shared.map_or(0, |columns| columns.snappy.memory_bytes())
    }

    /// About how large the largest file would be if it were closed now. Rows that wait for the
    /// encoder (at most about 4 MiB per file) count with their size in memory.
    #[must_use]
    pub fn largest_file_bytes(&self) -> usize {
        self.files
            .values()
            .map(OpenFile::file_bytes)
            .max()
            .unwrap_or(0)
    }

    /// Closes all open files, sorted by date. The writer is empty afterwards and takes the rows after
    /// the cut.
    ///
    /// # Errors
    /// The cut is none, or rows cannot be encoded. The writer is poisoned.
    pub fn close(&mut self, cut: &Cut) -> Result<Vec<ClosedFile>, WriteError> {
        self.poison_on_error(|writer| writer.close_all(cut))
    }

    /// Forgets the open files. The writer is as new, poisoned or not.
    pub fn discard(&mut self) {
        self.files.clear();
        if let Some(columns) = &mut self.columns {
            columns.snappy = Snappy::new();
        }
        self.rows = 0;
        self.memory_bytes = 0;
        self.poisoned = false;
    }

    /// Runs a step that may leave files incomplete: unless it succeeds, also if it panics, nothing
    /// more is written.
    fn poison_on_error<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        if self.poisoned {
            return Err(WriteError::Poisoned);
        }
        self.poisoned = true;
        let done = step(self)?;
        self.poisoned = false;
        Ok(done)
    }

    fn append_by_date(
        &mut self,
        batch: &RecordBatch,
        times: &[i64],
        kept: &[bool],
    ) -> Result<(), WriteError> {
        if [times.len(), kept.len()] != [batch.num_rows(); 2] {
            return Err(WriteError::EventTimes {
                rows: batch.num_rows(),
                event_times: times.len(),
                marks: kept.len(),
            });
        }
        let columns = match &mut self.columns {
            Some(columns) => columns,
            none => none.insert(ColumnEncodings::new(&self.spec)?),
        };
        let batch = conform(batch, &self.spec.schema)?;
        for part in split_by_date(times, kept, self.spec.granularity) {
            let file = self.files.entry(part.date).or_default();
            let (rows, memory_bytes) = (file.rows(), file.memory_bytes());
            file.append(&batch, part, columns)?;
            self.rows += file.rows() - rows;
            self.memory_bytes = self.memory_bytes - memory_bytes + file.memory_bytes();
        }
        Ok(())
    }

    fn close_all(&mut self, cut: &Cut) -> Result<Vec<ClosedFile>, WriteError> {
        let (Some(columns), false) = (&mut self.columns, self.files.is_empty()) else {
            return Ok(vec![]);
        };
        cut.check()?;
        let mut closed = Vec::with_capacity(self.files.len());
        for (index, (date, file)) in std::mem::take(&mut self.files).into_iter().enumerate() {
            closed.push(close_file(&self.spec, cut, index, date, file, columns)?);
        }
        self.discard();
        Ok(closed)
    }
}

impl fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableWriter")
            .field(
                "table",
                &format_args!("{}.{}", self.spec.database, self.spec.table),
            )
            .field("kind", &self.spec.kind)
            .field("open_files", &self.files.len())
            .field("rows", &self.rows)
            .field("memory_bytes", &self.memory_bytes)
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}

fn close_file(
    spec: &TableSpec,
    cut: &Cut,
    index: usize,
    date: PartitionDate,
    file: OpenFile,
    columns: &mut ColumnEncodings,
) -> Result<ClosedFile, WriteError> {
    let (rows, event_time) = (file.rows(), file.event_time());
    let lineage = Lineage {
        pipeline: spec.pipeline.clone(),
        version: spec.version.clone(),
        commit_id: cut.commit_id.clone(),
        topic: spec.topic.clone(),
        partition: cut.partition,
        range: cut.range,
        rows,
        schema_fingerprint: spec.schema_fingerprint.clone(),
        event_time,
    };
    let bytes = file.finish(lineage.into_footer(), columns)?;
    let folder = spec.partition_path(&date);
    Ok(ClosedFile {
        path: format!("{folder}/{}", cut.file_name(index, spec.compression)),
        kind: spec.kind,
        xxh3: xxh3(&bytes),
        bytes,
        rows,
        partition_date: date,
        event_time,
    })
}

fn xxh3(bytes: &FileBytes) -> String {
    let mut hash = Xxh3::new();
    bytes.parts().iter().for_each(|part| hash.update(part));
    format!("{:032x}", hash.digest128())
}
