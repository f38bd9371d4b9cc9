//! Rules over rows: SQL expressions that expect something of a row, filter rows, or derive columns,
//! compiled once and evaluated over Arrow batches.
//!
//! # The language
//! Expressions are those of DataFusion's SQL, over the columns of the row and nothing else: no
//! tables, subqueries, aggregates or windows, and only functions whose result depends on their
//! arguments alone, so that reading the log again gives the same rows. Names of columns are taken as
//! written; put double quotes around one that is also an SQL word (`"order"`). Members of structs
//! are `struct.member`. Text stands in single quotes. Arithmetic follows SQL's `NULL`: what is
//! computed from null is null.
//!
//! # The order
//! Columns are derived first, in the order of the config, and later expressions may use them. Then
//! `where` decides, then `expect`. The first rule in this order that a row fails gives its fate.
//!
//! | rule | true | false | null | cannot be computed |
//! | --- | --- | --- | --- | --- |
//! | `derive` | | | | rejected, and the column is null |
//! | `where` | passes | filtered | filtered | rejected |
//! | `expect` | passes | rejected | passes | rejected |
//!
//! "Cannot be computed" is a division by zero, an overflow, a cast that fails. It concerns the rows
//! that cause it, never their neighbours.
//!
//! Not here: the config file, what becomes of rejected rows.

mod spec;
mod compile;
mod rules;

pub use rules::{RowFate, Ruled, Rules};
pub use spec::{EXPRESSION_BYTES_MAX, NESTING_MAX, RuleError, RuleKind, RuleSpec};
