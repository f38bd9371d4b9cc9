use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::OffsetBuffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{ArrowNativeType, DataType};
use arrow::error::ArrowError;

use crate::selection::{SelectedRows, Selection};

/// Rows that are given to the encoder together at least: with fewer, its cost per call shows.
const CHUNK_ROWS: usize = 1_024;

/// Bytes that are worth a call of the encoder though they are fewer rows. A call costs some
/// microseconds for each column: with a quarter of this, a table of a hundred columns and records of
/// 10 KB paid 3 % more, copies included.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// How many runs of one generation become one run of the next.
const FAN_OUT: usize = 4;

/// The generation of runs that are not merged any more, as what they cost beside their values is a
/// quarter of them at most.
const LAST_GENERATION: u8 = u8::MAX;

/// About what a column costs beside its values: headers and alignment of its allocations. Measured
/// as resident memory over thousands of small batches.
const COLUMN_OVERHEAD_BYTES: usize = 512;

/// The first or the latest rows of a file, as plain arrays.
///
/// Rows of a batch that is large enough are not copied at all, even if some of it are left out.
///
/// A file with few rows never costs an encoder. Appends of single rows would cost far more than
/// their values, so runs are merged by generations as in a log-structured merge tree: no row is
/// copied more often than log₄(rows) times, until they are large enough to wait for the encoder.
#[derive(Debug, Default)]
pub(crate) struct PendingRows {
    runs: Vec<Run>,
    rows: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Run {
    generation: u8,
    rows: SelectedRows,
    bytes: usize,
}

impl PendingRows {
    /// Adds rows of a batch.
    pub(crate) fn push(
        &mut self,
        batch: &RecordBatch,
        selection: Selection,
    ) -> Result<(), ArrowError> {
        let rows = match &selection {
            Selection::All if is_kept_whole(batch) => SelectedRows::all(batch.clone()),
            Selection::These(rows) if is_kept_for(rows.len(), batch) => {
                SelectedRows::new(batch.clone(), selection)
            }
            _ => SelectedRows::all(selection.copy_from(batch)?),
        };
        self.rows += rows.num_rows();
        self.add(0, rows);
        while let Some(run) = self.full_generation() {
            let generation = run + 1;
            let merged = self.merge_last(FAN_OUT)?;
            self.add(generation, SelectedRows::all(merged));
        }
        Ok(())
    }

    /// Whether the rows are worth a call of the encoder.
    pub(crate) const fn is_chunk(&self) -> bool {
        self.rows >= CHUNK_ROWS || self.bytes >= CHUNK_BYTES
    }

    /// All rows in the order of their arrival, in runs; nothing is pending afterwards.
    pub(crate) fn take(&mut self) -> Vec<SelectedRows> {
        let runs = std::mem::take(self).runs.into_iter();
        runs.map(|run| run.rows).collect()
    }

    /// Bytes in memory.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.bytes
    }

    fn add(&mut self, generation: u8, rows: SelectedRows) {
        let bytes = memory_bytes(rows.batch());
        let generation = match is_large(rows.batch()) {
            true => LAST_GENERATION,
            false => generation,
        };
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
        let same = others.iter().all(|run| run.generation == last.generation);
        (same && last.generation != LAST_GENERATION).then_some(last.generation)
    }

    /// Takes the last `count` runs out, as one batch.
    fn merge_last(&mut self, count: usize) -> Result<RecordBatch, ArrowError> {
        let runs = self.runs.split_off(self.runs.len().saturating_sub(count));
        self.bytes -= runs.iter().map(|run| run.bytes).sum::<usize>();
        concatenated(runs.iter().map(|run| &run.rows))
    }
}

/// All rows of these runs in one batch. Copies only what is in more than one.
fn concatenated<'a>(
    runs: impl Iterator<Item = &'a SelectedRows>,
) -> Result<RecordBatch, ArrowError> {
    let runs = runs.map(SelectedRows::to_batch);
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    let [first, ..] = runs.as_slice() else {
        return Err(ArrowError::InvalidArgumentError(
            "no rows to merge".to_owned(),
        ));
    };
    concat_batches(first.schema_ref(), &runs)
}

/// Whether what a batch costs beside its values is a quarter of them at most.
fn is_large(batch: &RecordBatch) -> bool {
    memory_bytes(batch) >= 4 * COLUMN_OVERHEAD_BYTES * batch.num_columns()
}

/// Whether a batch is kept for the sake of so many of its rows: if it is large, they are seven of eight
/// at least, and it holds no more than twice what all its rows need, as buffers do that have just
/// doubled.
fn is_kept_for(rows: usize, batch: &RecordBatch) -> bool {
    if !is_large(batch) || rows * 8 < batch.num_rows() * 7 {
        return false;
    }
    let (needed, held) = needed_and_held_bytes(batch);
    rows >= CHUNK_ROWS || held <= 2 * needed
}

/// Whether a batch can be kept as it is: because it is worth a call of the encoder by itself, or
/// because it holds hardly more memory than its rows need.
fn is_kept_whole(batch: &RecordBatch) -> bool {
    let (needed, held) = needed_and_held_bytes(batch);
    batch.num_rows() >= CHUNK_ROWS || needed >= CHUNK_BYTES || held <= needed + needed / 4
}

fn needed_and_held_bytes(batch: &RecordBatch) -> (usize, usize) {
    let columns = || batch.columns().iter();
    (
        columns().map(payload_bytes).sum(),
        columns()
            .map(|column| column.get_buffer_memory_size())
            .sum(),
    )
}

/// Bytes of the rows themselves, without those that other slices of their buffers hold. Arrow's own
/// `get_slice_memory_size` counts all values of a list of which only some rows are here.
fn payload_bytes(array: &ArrayRef) -> usize {
    let rows = array.len();
    let values = match array.data_type() {
        DataType::Utf8 => extent(array.as_string::<i32>().offsets()) + rows * size_of::<i32>(),
        DataType::Binary => extent(array.as_binary::<i32>().offsets()) + rows * size_of::<i32>(),
        DataType::Struct(_) => array.as_struct().columns().iter().map(payload_bytes).sum(),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            payload_within(list.values(), list.offsets()) + rows * size_of::<i32>()
        }
        DataType::Map(_, _) => {
            let map = array.as_map();
            let entries = map.entries().columns().iter();
            let entries = entries.map(|side| payload_within(side, map.offsets()));
            entries.sum::<usize>() + rows * size_of::<i32>()
        }
        fixed => fixed
            .primitive_width()
            .map_or(rows / 8, |width| rows * width),
    };
    values + array.nulls().map_or(0, |nulls| nulls.len() / 8)
}

/// The share of the values that these offsets span.
fn payload_within(values: &ArrayRef, offsets: &OffsetBuffer<i32>) -> usize {
    let first = offsets.first().map_or(0, |first| first.as_usize());
    payload_bytes(&values.slice(first, extent(offsets)))
}

fn extent(offsets: &OffsetBuffer<i32>) -> usize {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => last.as_usize() - first.as_usize(),
        _ => 0,
    }
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

    use arrow::array::{Int64Array, ListArray};
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
            pending.push(&batch([n]), Selection::All).unwrap();
            assert!(pending.runs.len() <= 3 * 5);
        }
        assert!(!pending.is_chunk());
        assert!(
            pending.memory_bytes() < 20_000,
            "{}",
            pending.memory_bytes()
        );
        let runs = pending.take();
        let rows = concatenated(runs.iter()).unwrap();
        let values = rows.column(0).as_primitive::<Int64Type>();
        assert!(values.values().iter().copied().eq(0..1_000));
        assert!(pending.memory_bytes() == 0 && pending.take().is_empty());
    }

    /// A chunk is ready at either limit.
    #[test]
    fn rows_or_bytes_make_a_chunk() {
        let mut pending = PendingRows::default();
        pending.push(&batch(0..1_023), Selection::All).unwrap();
        assert!(!pending.is_chunk());
        pending.push(&batch([0]), Selection::All).unwrap();
        assert!(pending.is_chunk());
    }

    /// Most rows of a large batch wait in it, uncopied; a few rows, or those of a small one, do not keep
    /// the others in memory. All come out in order.
    #[test]
    fn large_batches_are_not_copied_for_a_few_rows_less() {
        let odd = |last| Selection::These((1..last).step_by(2).collect());
        let most = |last| Selection::These((1..last).collect());
        for (last, selection, held) in [
            (2_000, most(2_000), 2_000),
            (900, most(900), 900),
            (2_000, odd(2_000), 1_000),
            (50, most(50), 49),
            (7, Selection::These(vec![3]), 1),
        ] {
            let mut pending = PendingRows::default();
            let numbers = batch(0..last);
            pending.push(&numbers, selection.clone()).unwrap();
            let runs = pending.take();
            assert_eq!(runs[0].batch().num_rows(), held, "{last}");
            let expected = selection.copy_from(&numbers).unwrap();
            assert_eq!(concatenated(runs.iter()).unwrap(), expected);
        }
    }

    /// A batch is kept as it is if it is a chunk, or if its memory is its own; a few rows of a large
    /// one are not, and where they lie in lists that is seen, too.
    #[test]
    fn rows_of_a_larger_batch_are_not_kept() {
        let whole = batch(0..1_000);
        assert!(is_kept_whole(&batch(0..1_024)) && is_kept_whole(&whole));
        assert!(!is_kept_whole(&whole.slice(10, 100)));

        let lists = (0..1_000).map(|n| Some((0..n % 50).map(Some).collect::<Vec<_>>()));
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(lists);
        let item = Field::new("l", lists.data_type().clone(), true);
        let whole = RecordBatch::try_new(Arc::new(Schema::new(vec![item])), vec![Arc::new(lists)]);
        let whole = whole.unwrap();
        assert!(!is_kept_whole(&whole.slice(10, 100)));
        let own = concat_batches(
            whole.schema_ref(),
            [&whole.slice(10, 100), &whole.slice(0, 1)],
        );
        assert!(is_kept_whole(&own.unwrap()));
    }
}
