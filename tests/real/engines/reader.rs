use std::path::Path;

use serde_json::Value;
use sluicebox_tests::harness::{Answer, duckdb_answer, presto, pyarrow_answer, spark, trino};

use super::rows::{COLUMNS, Column};

/// An engine that reads the lake through a metastore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Trino, on the metastore 3.1.3.
    Trino,
    /// Trino, on the metastore 4.0.1.
    TrinoOnHive4,
    /// Presto.
    Presto,
    /// Spark.
    Spark,
}

impl Reader {
    /// Runs a statement.
    pub(super) fn query(self, sql: &str) -> Answer {
        let answer = match self {
            Self::Trino => trino().query("hive", sql),
            Self::TrinoOnHive4 => trino().query("hive4", sql),
            Self::Presto => presto().query(sql),
            Self::Spark => spark().query(sql),
        };
        answer.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// All rows of a table of all types.
    pub(super) fn rows(self, database: &str) -> Answer {
        let source = format!("{database}.types");
        match self {
            Self::Trino | Self::TrinoOnHive4 => self.query(&select(&COLUMNS, '"', &source)),
            Self::Spark => self.query(&select(&COLUMNS, '`', &source)),
            Self::Presto => presto_rows(&source),
        }
    }

    /// The type of each column as the engine tells it.
    pub(super) fn types(self, database: &str) -> Vec<(String, String)> {
        let described = self.query(&format!("describe {database}.types"));
        let type_of = |name: &str| {
            let row = described.rows.iter().find(|row| row[0] == name)?;
            Some((name.to_owned(), row[1].as_str()?.to_owned()))
        };
        let columns = COLUMNS.iter();
        columns.filter_map(|column| type_of(column.name)).collect()
    }
}

/// What DuckDB reads from `source`.
pub(super) fn duckdb_rows(source: &str) -> Answer {
    duckdb_answer(&select(&COLUMNS, '"', source))
}

/// What pyarrow reads from the files below `folder`, with the schema that the files make together:
/// left to itself it takes that of the first one.
pub(super) fn pyarrow_rows(folder: &Path) -> Answer {
    let names = COLUMNS.map(|column| column.name).join(",");
    pyarrow_answer(folder, &names, "id")
}

/// Presto's protocol has nested values as text of its own kind; as JSON they are plain.
fn presto_rows(source: &str) -> Answer {
    let (nested, flat): (Vec<Column>, Vec<Column>) = COLUMNS
        .into_iter()
        .filter(Column::is_read_by_presto)
        .partition(Column::is_nested);
    let mut answer = Reader::Presto.query(&select(&flat, '"', source));
    let json = nested
        .iter()
        .map(|column| format!("json_format(cast({} as json))", column.name));
    let json = json.collect::<Vec<_>>().join(", ");
    let nested_rows = Reader::Presto.query(&format!("select {json} from {source} order by id"));
    for (row, texts) in answer.rows.iter_mut().zip(&nested_rows.rows) {
        let json = |text: &Value| serde_json::from_str(text.as_str()?).ok();
        row.extend(texts.iter().map(|text| json(text).unwrap_or(Value::Null)));
    }
    let typed = |column: &Column| (column.name.to_owned(), String::new());
    answer.columns.extend(nested.iter().map(typed));
    answer
}

fn select(columns: &[Column], quote: char, source: &str) -> String {
    let names = columns
        .iter()
        .map(|column| format!("{quote}{}{quote}", column.name));
    let names = names.collect::<Vec<_>>().join(", ");
    format!("select {names} from {source} order by id")
}
