use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_physical_expr::PhysicalExpr;

/// A compiled expression and the type that its values shall have.
#[derive(Debug)]
pub(crate) struct Expression {
    physical: Arc<dyn PhysicalExpr>,
    data_type: DataType,
}

/// An expression's values over a batch.
#[derive(Debug)]
pub(crate) struct Evaluated {
    /// One value per row; null where it could not be computed.
    pub(crate) values: ArrayRef,
    /// The rows for which it could not be computed, ascending.
    pub(crate) failed: Vec<usize>,
}

impl Expression {
    pub(crate) fn new(physical: Arc<dyn PhysicalExpr>, data_type: DataType) -> Self {
        Self {
            physical,
            data_type,
        }
    }

    /// Evaluates the whole batch at once; if that fails, its halves, and so on down to the rows that
    /// are to blame.
    pub(crate) fn evaluate(&self, batch: &RecordBatch) -> Evaluated {
        self.try_evaluate(batch).map_or_else(
            |_| self.evaluate_by_halves(batch),
            |values| Evaluated {
                values,
                failed: Vec::new(),
            },
        )
    }

    /// What could not be evaluated in one go.
    fn evaluate_by_halves(&self, batch: &RecordBatch) -> Evaluated {
        let rows = batch.num_rows();
        let mut values = Vec::new();
        let mut failed = Vec::new();
        let middle = rows / 2;
        let mut ranges = vec![middle..rows, 0..middle];
        while let Some(range) = ranges.pop() {
            match self.try_evaluate(&batch.slice(range.start, range.len())) {
                Ok(part) => values.push(part),
                Err(_) if range.len() <= 1 => {
                    values.push(new_null_array(&self.data_type, range.len()));
                    failed.extend(range);
                }
                Err(_) => {
                    let middle = range.start + range.len() / 2;
                    ranges.extend([middle..range.end, range.start..middle]);
                }
            }
        }
        let parts: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        // Parts that cannot be joined are texts of more than 2 GiB in all, which no array holds.
        concat(&parts).map_or_else(
            |_| Evaluated {
                values: new_null_array(&self.data_type, rows),
                failed: (0..rows).collect(),
            },
            |values| Evaluated { values, failed },
        )
    }

    fn try_evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let values = self
            .physical
            .evaluate(batch)?
            .into_array_of_size(batch.num_rows())?;
        if *values.data_type() == self.data_type {
            return Ok(values);
        }
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        Ok(cast_with_options(&values, &self.data_type, &strict)?)
    }
}
