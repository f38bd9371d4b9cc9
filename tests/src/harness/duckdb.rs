use serde_json::{Map, Value};

use super::python;

/// A row of a result: values by column.
pub type Row = Map<String, Value>;

/// What DuckDB answers to the query `sql`. Files are read by
/// `read_parquet('<folder>/**/*.parquet')`; those of an S3 lake are downloaded first, see
/// [`S3::download`](super::S3::download). Values that JSON has no type for come as text: timestamps
/// as `2019-09-01 01:00:00+00:00`, decimals with all their digits.
///
/// # Panics
///
/// If DuckDB refuses the query, with its words.
pub fn duckdb(sql: &str) -> Vec<Row> {
    let printed = python(SCRIPT, &[sql]);
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error} in {printed}"))
}

/// Through Arrow, whose Python values need no package for time zones. Sums of integers are wide
/// decimals there. A slow query would print its progress between the rows.
const SCRIPT: &str = "
import decimal, duckdb, json, sys
def other(value):
    whole = isinstance(value, decimal.Decimal) and value.as_tuple().exponent == 0
    return int(value) if whole else str(value)
connection = duckdb.connect()
connection.execute('set enable_progress_bar = false')
rows = connection.sql(sys.argv[1]).to_arrow_table().to_pylist()
print(json.dumps(rows, default=other))
";
