use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};

use crate::RuleSpec;
use evaluate::Evaluated;
pub(crate) use evaluate::Expression;

mod evaluate;

/// The compiled rules of a topic.
#[derive(Debug)]
pub struct Rules {
    names: Vec<String>,
    pub(crate) derived: Vec<Derived>,
    pub(crate) filters: Vec<Predicate>,
    pub(crate) expectations: Vec<Predicate>,
    pub(crate) output: SchemaRef,
}

/// An expression whose value becomes a column.
#[derive(Debug)]
pub(crate) struct Derived {
    pub(crate) rule: usize,
    pub(crate) expression: Expression,
    pub(crate) field: FieldRef,
}

/// A boolean expression that decides about rows.
#[derive(Debug)]
pub(crate) struct Predicate {
    pub(crate) rule: usize,
    pub(crate) expression: Expression,
}

/// A batch after its rules.
#[derive(Debug)]
pub struct Ruled {
    /// All rows of the input, with the derived columns behind its own.
    pub batch: RecordBatch,
    /// What becomes of each row; `None` if all pass.
    pub fates: Option<Vec<RowFate>>,
}

/// What the rules say of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFate {
    /// It goes on.
    Pass,
    /// It is bad.
    Rejected {
        /// The rule that says so: its index in the config, for [`Rules::rule_name`].
        rule: usize,
        /// Whether the rule could not be computed; otherwise it is false.
        error: bool,
    },
    /// It is not wanted.
    Filtered {
        /// The rule that says so: its index in the config, for [`Rules::rule_name`].
        rule: usize,
    },
}

impl Rules {
    /// The names and the schema, and nothing that could be applied yet.
    pub(crate) fn without_any(specs: &[RuleSpec], input: &SchemaRef) -> Self {
        Self {
            names: specs.iter().map(|spec| spec.name.clone()).collect(),
            derived: Vec::new(),
            filters: Vec::new(),
            expectations: Vec::new(),
            output: Arc::clone(input),
        }
    }

    /// The schema of the rows that come out: that of the input, then the derived columns.
    #[must_use]
    pub fn output_schema(&self) -> SchemaRef {
        Arc::clone(&self.output)
    }

    /// Whether there are no rules at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of a rule by its index in the config; empty if there is none.
    #[must_use]
    pub fn rule_name(&self, rule: usize) -> &str {
        self.names.get(rule).map_or("", String::as_str)
    }

    /// Derives columns and judges the rows of a batch that has the schema the rules were compiled
    /// for.
    ///
    /// An expression that fails is evaluated again on ever smaller parts of the batch, so that only
    /// the rows pay with which it cannot be computed. In a batch without the columns that a rule
    /// needs, it cannot be computed for any row.
    #[must_use]
    pub fn apply(&self, batch: RecordBatch) -> Ruled {
        let mut batch = batch;
        let mut fates = Fates::all_pass(batch.num_rows());
        for derived in &self.derived {
            let evaluated = derived.expression.evaluate(&batch);
            fates.fail(derived.rule, &evaluated);
            batch = with_column(&batch, &derived.field, evaluated.values);
        }
        for filter in &self.filters {
            let evaluated = filter.expression.evaluate(&batch);
            fates.fail(filter.rule, &evaluated);
            fates.filter(filter.rule, evaluated.values.as_boolean());
        }
        for expectation in &self.expectations {
            let evaluated = expectation.expression.evaluate(&batch);
            fates.fail(expectation.rule, &evaluated);
            fates.expect(expectation.rule, evaluated.values.as_boolean());
        }
        Ruled {
            batch,
            fates: fates.into_option(),
        }
    }
}

fn with_column(batch: &RecordBatch, field: &FieldRef, values: ArrayRef) -> RecordBatch {
    let schema = batch.schema_ref();
    let fields: Vec<_> = schema.fields().iter().chain([field]).cloned().collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    let columns = batch.columns().iter().cloned().chain([values]).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, columns, &options)
        .expect("the column is nullable, of its field's type and of the batch's length")
}

/// The fates of a batch's rows. The first one other than passing stays.
struct Fates {
    rows: usize,
    /// Empty while all rows pass.
    fates: Vec<RowFate>,
}

impl Fates {
    const fn all_pass(rows: usize) -> Self {
        Self {
            rows,
            fates: Vec::new(),
        }
    }

    /// Rejects the rows for which the expression could not be computed.
    fn fail(&mut self, rule: usize, evaluated: &Evaluated) {
        for row in &evaluated.failed {
            self.judge(*row, RowFate::Rejected { rule, error: true });
        }
    }

    /// Filters the rows that are not true.
    fn filter(&mut self, rule: usize, values: &BooleanArray) {
        if values.true_count() < self.rows {
            let is_true = |row| values.is_valid(row) && values.value(row);
            for row in (0..self.rows).filter(|row| !is_true(*row)) {
                self.judge(row, RowFate::Filtered { rule });
            }
        }
    }

    /// Rejects the rows that are false.
    fn expect(&mut self, rule: usize, values: &BooleanArray) {
        if values.false_count() > 0 {
            let is_false = |row| values.is_valid(row) && !values.value(row);
            for row in (0..self.rows).filter(|row| is_false(*row)) {
                self.judge(row, RowFate::Rejected { rule, error: false });
            }
        }
    }

    fn judge(&mut self, row: usize, fate: RowFate) {
        if self.fates.is_empty() {
            self.fates = vec![RowFate::Pass; self.rows];
        }
        if let Some(judged @ RowFate::Pass) = self.fates.get_mut(row) {
            *judged = fate;
        }
    }

    fn into_option(self) -> Option<Vec<RowFate>> {
        (!self.fates.is_empty()).then_some(self.fates)
    }
}

#[cfg(test)]
mod tests;
