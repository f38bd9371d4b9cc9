use serde_json::Value;
use sluicebox_tests::harness::Answer;

use super::rows::{COLUMNS, READ};

/// How an answer differs from what was written, as `<id> <column>: <value as seen>`. Rows that are
/// missing or too many differ as well.
pub(super) fn differences(answer: &Answer) -> Vec<String> {
    let mut differences = Vec::new();
    if answer.rows.len() != READ.len() {
        differences.push(format!("{} rows", answer.rows.len()));
    }
    for (row, expected) in answer.rows.iter().zip(READ) {
        let expected: Vec<Value> = serde_json::from_str(expected).expect("a row");
        for (column, expected_value) in COLUMNS.iter().zip(&expected) {
            let mut names = answer.columns.iter();
            let Some(index) = names.position(|(name, _)| name == column.name) else {
                continue;
            };
            if !is_same(&row[index], expected_value) {
                differences.push(format!("{} {}: {}", expected[0], column.name, row[index]));
            }
        }
    }
    differences
}

/// Whether two values are the same, zeros of different signs told apart.
fn is_same(one: &Value, other: &Value) -> bool {
    let is_negative = |value: &Value| value.as_f64().map(f64::is_sign_negative);
    one == other && is_negative(one) == is_negative(other)
}
