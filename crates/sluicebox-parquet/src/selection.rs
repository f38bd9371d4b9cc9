use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::error::ArrowError;

/// Which rows of a batch, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    All,
    /// In ascending order, each once.
    These(Vec<usize>),
}

/// Some rows of a batch, which are not copied until they have to be.
#[derive(Clone, Debug)]
pub(crate) struct SelectedRows {
    batch: RecordBatch,
    selection: Selection,
}

impl Selection {
    /// How many rows of `batch` they are.
    pub(crate) fn len_in(&self, batch: &RecordBatch) -> usize {
        match self {
            Self::All => batch.num_rows(),
            Self::These(rows) => rows.len(),
        }
    }

    /// A copy of these rows that shares no memory with `batch`.
    pub(crate) fn copy_from(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let rows: UInt64Array = match self {
            Self::All => (0..).take(batch.num_rows()).collect(),
            Self::These(rows) => rows.iter().map(|row| *row as u64).collect(),
        };
        let rows: ArrayRef = Arc::new(rows);
        take_record_batch(batch, &rows)
    }
}

impl SelectedRows {
    /// These rows of that batch.
    pub(crate) const fn new(batch: RecordBatch, selection: Selection) -> Self {
        Self { batch, selection }
    }

    /// All rows of a batch.
    pub(crate) const fn all(batch: RecordBatch) -> Self {
        Self::new(batch, Selection::All)
    }

    /// How many they are.
    pub(crate) fn num_rows(&self) -> usize {
        self.selection.len_in(&self.batch)
    }

    /// The batch that they are of.
    pub(crate) const fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// Their places in the batch.
    pub(crate) fn rows(&self) -> impl Iterator<Item = usize> {
        let (all, these) = match &self.selection {
            Selection::All => (self.batch.num_rows(), &[][..]),
            Selection::These(rows) => (0, rows.as_slice()),
        };
        (0..all).chain(these.iter().copied())
    }

    /// They alone, without a copy if they are all.
    pub(crate) fn to_batch(&self) -> Result<RecordBatch, ArrowError> {
        self.of(self.batch.clone())
    }

    /// The same rows of a batch with other columns.
    pub(crate) fn of(&self, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        let Selection::These(rows) = &self.selection else {
            return Ok(batch);
        };
        let mut rows = rows.iter().peekable();
        let is_selected = |row| rows.next_if_eq(&&row).is_some();
        let mask = BooleanBuffer::collect_bool(batch.num_rows(), is_selected);
        filter_record_batch(&batch, &BooleanArray::new(mask, None))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    /// All ways to look at selected rows show the same ones.
    #[test]
    fn rows_are_those_selected() {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
        let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
        let odd = || (1..100).step_by(2);
        for (selection, expected) in [
            (Selection::All, (0..100).collect::<Vec<_>>()),
            (Selection::These(odd().collect()), odd().collect()),
            (Selection::These(vec![]), vec![]),
        ] {
            let rows = SelectedRows::new(batch.clone(), selection.clone());
            assert_eq!(rows.num_rows(), expected.len());
            assert!(rows.rows().eq(expected.iter().copied()));
            for copy in [
                rows.to_batch().unwrap(),
                selection.copy_from(&batch).unwrap(),
            ] {
                let numbers = copy.column(0).as_primitive::<Int64Type>().values();
                let expected = expected.iter().map(|n| i64::try_from(*n).unwrap());
                assert!(numbers.iter().copied().eq(expected));
            }
        }
    }
}
