use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::error::ArrowError;

/// Rows that are given to the encoder together at least: with fewer, its cost per call shows.
const CHUNK_ROWS: usize = 1_024;

/// Bytes that are worth a call of the encoder though they are fewer rows.
const CHUNK_BYTES: usize = 1024 * 1024;

/// How many runs of one generation become one run of the next.
const FAN_OUT: usize = 4;

/// About what a column costs beside its values: headers and alignment of its allocations. Measured
/// as resident memory over thousands of small batches.
const COLUMN_OVERHEAD_BYTES: usize = 512;

/// The first or the latest rows of a file, as plain arrays.
///
/// A file with few rows never costs an encoder. Appends of single rows would cost far more than
/// their values, so runs are merged by generations as in a log-structured merge tree: no row is
/// copied more often than log₄(rows) times, and there are never more than two dozen runs.
#[derive(Debug, Default)]
pub(crate) struct PendingRows {
    runs: Vec<Run>,
    rows: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Run {
    generation: u8,
    rows: RecordBatch,
    bytes: usize,
}

impl PendingRows {
    /// Adds rows. They should own their memory, unless they are a chunk by themselves: what they share
    /// with others is held with them.
    pub(crate) fn push(&mut self, rows: RecordBatch) -> Result<(), ArrowError> {
        self.rows += rows.num_rows();
        self.add(0, rows);
        while let Some(run) = self.full_generation() {
            let generation = run + 1;
            let merged = self.merge_last(FAN_OUT)?;
            self.add(generation, merged);
        }
        Ok(())
    }

    /// Whether the rows are worth a call of the encoder.
    pub(crate) const fn is_chunk(&self) -> bool {
        self.rows >= CHUNK_ROWS || self.bytes >= CHUNK_BYTES
    }

    /// All rows in the order of their arrival; nothing is pending afterwards. Copies only what came in
    /// more than one piece.
    pub(crate) fn take(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.runs.is_empty() {
            return Ok(None);
        }
        let rows = self.merge_last(self.runs.len())?;
        *self = Self::default();
        Ok(Some(rows))
    }

    /// Bytes in memory.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.bytes
    }

    fn add(&mut self, generation: u8, rows: RecordBatch) {
        let bytes = memory_bytes(&rows);
        self.bytes += bytes;
        self.runs.push(Run {
            generation,
            rows,
            bytes,
        });
    }

    /// The generation that the last [`FAN_OUT`] runs share.
    fn full_generation(&self) -> Option<u8> {
        let (last, others) = self.runs.last_chunk::<FAN_OUT>()?.split_last()?;
        others
            .iter()
            .all(|run| run.generation == last.generation)
            .then_some(last.generation)
    }

    /// Takes the last `count` runs out, as one batch.
    fn merge_last(&mut self, count: usize) -> Result<RecordBatch, ArrowError> {
        let runs = self.runs.split_off(self.runs.len().saturating_sub(count));
        self.bytes -= runs.iter().map(|run| run.bytes).sum::<usize>();
        let [first, ..] = runs.as_slice() else {
            return Err(ArrowError::InvalidArgumentError(
                "no rows to merge".to_owned(),
            ));
        };
        concat_batches(&first.rows.schema(), runs.iter().map(|run| &run.rows))
    }
}

/// Whether a batch is worth a call of the encoder by itself.
pub(crate) fn is_chunk(rows: &RecordBatch) -> bool {
    rows.num_rows() >= CHUNK_ROWS || payload_bytes(rows) >= CHUNK_BYTES
}

/// Bytes of the rows themselves, without those that other slices of their buffers hold.
fn payload_bytes(rows: &RecordBatch) -> usize {
    rows.columns()
        .iter()
        .map(|column| {
            column
                .to_data()
                .get_slice_memory_size()
                .unwrap_or(usize::MAX)
        })
        .fold(0, usize::saturating_add)
}

fn memory_bytes(rows: &RecordBatch) -> usize {
    rows.columns()
        .iter()
        .map(|column| column.get_array_memory_size() + COLUMN_OVERHEAD_BYTES)
        .sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};

    use super::*;

    fn batch(values: impl IntoIterator<Item = i64>) -> RecordBatch {
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, true)]);
        let values = Int64Array::from_iter_values(values);
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(values)]).unwrap()
    }

    /// Thousands of appends of one row cost little more than their values, and keep their order.
    #[test]
    fn single_rows_are_merged_in_order() {
        let mut pending = PendingRows::default();
        for n in 0..1_000 {
            pending.push(batch([n])).unwrap();
            assert!(pending.runs.len() <= 3 * 5);
        }
        assert!(!pending.is_chunk());
        assert!(
            pending.memory_bytes() < 20_000,
            "{}",
            pending.memory_bytes()
        );
        let rows = pending.take().unwrap().unwrap();
        let values = rows.column(0).as_primitive::<Int64Type>();
        assert!(values.values().iter().copied().eq(0..1_000));
        assert_eq!((pending.memory_bytes(), pending.take().unwrap()), (0, None));
    }

    /// A chunk is ready at either limit.
    #[test]
    fn rows_or_bytes_make_a_chunk() {
        let mut pending = PendingRows::default();
        pending.push(batch(0..1_023)).unwrap();
        assert!(!pending.is_chunk());
        pending.push(batch([0])).unwrap();
        assert!(pending.is_chunk());

        assert!(is_chunk(&batch(0..1_024)));
        let slice = batch(0..1_024).slice(10, 100);
        assert!(!is_chunk(&slice), "a slice is as large as its own rows");
    }
}
