use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sluicebox_tests::harness::{
    Answer, MetastoreVersion, duckdb_answer, hive, presto, pyarrow_answer, spark, trino,
};

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
    /// Hive 4.0.1.
    Hive,
    /// Hive 3.1.3.
    Hive3,
}

impl Reader {
    pub(super) const ALL: [Self; 6] = [
        Self::Trino,
        Self::TrinoOnHive4,
        Self::Presto,
        Self::Spark,
        Self::Hive,
        Self::Hive3,
    ];

    /// Runs a statement.
    pub(super) fn query(self, sql: &str) -> Answer {
        let answer = match self {
            Self::Trino => trino().query("hive", sql),
            Self::TrinoOnHive4 => trino().query("hive4", sql),
            Self::Presto => presto().query(sql),
            Self::Spark => spark().query(sql),
            Self::Hive => hive(MetastoreVersion::V4).query(sql),
            Self::Hive3 => hive(MetastoreVersion::V3).query(sql),
        };
        answer.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// All rows of a table of all types.
    pub(super) fn rows(self, database: &str) -> Answer {
        let source = format!("{database}.types");
        match self {
            Self::Trino | Self::TrinoOnHive4 => self.query(&select(&COLUMNS, '"', &source)),
            Self::Spark | Self::Hive => self.query(&select(&COLUMNS, '`', &source)),
            Self::Presto => presto_rows(&source),
            Self::Hive3 => hive_3_rows(&source),
        }
    }

    /// The partitions that it sees, by their keys, and how many rows each holds.
    pub(super) fn partitions(self, database: &str) -> Vec<(String, String, i64)> {
        // By group, Hive 3 would count by MapReduce.
        let sql = format!("select dt, hour, id from {database}.types");
        let mut counts = BTreeMap::new();
        for row in self.query(&sql).rows {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            *counts.entry((text(&row[0]), text(&row[1]))).or_default() += 1;
        }
        let counts = counts.into_iter();
        counts.map(|((dt, hour), rows)| (dt, hour, rows)).collect()
    }

    /// The type of each column as the engine tells it.
    pub(super) fn types(self, database: &str) -> Vec<(String, String)> {
        let described = self.query(&format!("describe {database}.types"));
        let type_of = |name: &str| {
            let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
            let row = described.rows.iter().find(|row| text(&row[0]) == name)?;
            Some((name.to_owned(), text(&row[1])))
        };
        let columns = COLUMNS.iter();
        columns.filter_map(|column| type_of(column.name)).collect()
    }
}

/// What DuckDB reads from `source` after these statements, each of which ends in `;`.
pub(super) fn duckdb_rows(statements: &str, source: &str) -> Answer {
    duckdb_answer(&(statements.to_owned() + &select(&COLUMNS, '"', source)))
}

/// What pyarrow reads from the files below `folder`, with the schema that the files make together:
/// left to itself it takes that of the first one.
pub(super) fn pyarrow_rows(folder: &Path) -> Answer {
    let names = COLUMNS.map(|column| column.name).join(",");
    pyarrow_answer(folder, &names, "id")
}

/// What Hive 3 can read, sorted here: it would sort by MapReduce, which runs on Java 8 alone.
fn hive_3_rows(source: &str) -> Answer {
    let columns = COLUMNS.into_iter().filter(Column::is_read_by_hive_3);
    let select = select(&columns.collect::<Vec<_>>(), '`', source);
    let mut answer = Reader::Hive3.query(select.trim_end_matches(" order by id"));
    answer.rows.sort_by_key(|row| row[0].as_i64());
    answer
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
