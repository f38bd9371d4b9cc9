use sluicebox_rules::{RowFate, Rules};
use sluicebox_types::{Reject, RejectReason};

use super::decode::Decoded;
use super::{Fate, Rows};

/// Rows with derived columns, judged by the topic's rules.
#[derive(Debug)]
pub(crate) struct Ruled(pub(crate) Rows);

/// Applies expectations, filters and derived columns.
pub(crate) fn apply(rules: &Rules, Decoded(mut rows): Decoded) -> Ruled {
    if rules.is_empty() {
        return Ruled(rows);
    }
    let ruled = rules.apply(rows.batch);
    rows.batch = ruled.batch;
    for (row, fate) in ruled.fates.into_iter().flatten().enumerate() {
        match fate {
            RowFate::Pass => {}
            RowFate::Filtered { .. } => {
                if let Some(fate) = rows.fates.get_mut(row) {
                    *fate = Fate::Skipped;
                }
            }
            RowFate::Rejected { rule, error } => {
                rows.reject(row, || verdict(rules.rule_name(rule), error));
            }
        }
    }
    Ruled(rows)
}

fn verdict(rule: &str, error: bool) -> Reject {
    if error {
        let message = format!("rule `{rule}` cannot be computed for this row");
        Reject::new(RejectReason::RuleError, message)
    } else {
        Reject::new(RejectReason::RuleFailed, format!("rule `{rule}` is false"))
    }
}
