use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule: SQL over the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
#[schemars(extend(
    "x-expected" = "{name, expect: <SQL>}, {name, where: <SQL>} or {derive: <column>, as: <SQL>}"
))]
pub enum RuleSection {
    /// A row for which the expression is false is rejected as `rule_failed`; true and null pass.
    Expect {
        /// The rule's name, in metrics and in rejects.
        #[schemars(length(min = 1))]
        name: String,
        /// A boolean SQL expression.
        #[schemars(length(min = 1))]
        expect: String,
    },
    /// A row for which the expression is not true is left out, counted and accounted for.
    Where {
        /// The rule's name, in metrics.
        #[schemars(length(min = 1))]
        name: String,
        /// A boolean SQL expression.
        #[serde(rename = "where")]
        #[schemars(length(min = 1))]
        filter: String,
    },
    /// A new column at the end of the table.
    Derive {
        /// The column's name.
        #[serde(rename = "derive")]
        #[schemars(extend("format" = "column-name"))]
        column: String,
        /// The SQL expression of its value.
        #[serde(rename = "as")]
        #[schemars(length(min = 1))]
        sql: String,
    },
}
