//! Engines that read the lake, asked in SQL, and their answers in a form that all of them share.

mod statement;
mod trino;
mod presto;
mod spark;
mod hive;
mod arrow;

use anyhow::{Context, Result, bail};
use serde_json::Value;

pub use arrow::{duckdb_answer, pyarrow_answer};
pub use hive::Hive;
pub use presto::Presto;
pub use spark::Spark;
pub use trino::Trino;

/// What an engine answers to a query.
///
/// Values are JSON of one form, that of Trino's protocol: decimals, days and moments are text
/// (`0001-01-01 00:00:00.000000`), bytes are base64, structs are arrays of their members.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Name and type of each column, the type as the engine spells it.
    pub columns: Vec<(String, String)>,
    /// Rows of values.
    pub rows: Vec<Vec<Value>>,
}

impl Answer {
    /// The rows as text, a line each. Other than JSON values, texts tell `-0.0` from `0.0`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let line = |row: &Vec<Value>| Value::Array(row.clone()).to_string();
        self.rows.iter().map(line).collect()
    }

    /// Of `{"columns": [[name, type] …], "rows": […]}`, or `{"error": words}`.
    fn of_json(text: &str) -> Result<Self> {
        let answer: Value = serde_json::from_str(text).with_context(|| text.to_owned())?;
        if let Some(error) = answer["error"].as_str() {
            bail!("{error}");
        }
        let pair = |pair: &Value| Some((text_of(&pair[0])?, text_of(&pair[1])?));
        Ok(Self {
            columns: array_of(&answer["columns"])
                .iter()
                .filter_map(pair)
                .collect(),
            rows: rows_of(&answer["rows"]),
        })
    }
}

/// The port that a small server of ours says that it listens on.
fn announced_port(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("listening on ")?;
    let (port, _) = rest.split_once('\n')?;
    port.parse().ok()
}

fn rows_of(data: &Value) -> Vec<Vec<Value>> {
    let rows = array_of(data).iter();
    rows.map(|row| array_of(row).to_vec()).collect()
}

fn array_of(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
