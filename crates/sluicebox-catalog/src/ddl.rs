//! Texts that create or read a table in an engine, for people who have no crawler, or want to see
//! what one would declare. From the config alone; nothing is asked.
//!
//! Each text is a list of statements that end in `;` and a line feed. What a reader should know
//! stands before them as comments.

mod hive;
mod athena;
mod spark;
mod trino;
mod presto;
mod duckdb;

use sluicebox_parquet::{Compression, ForeignColumn, Layout, TableSpec, catalog_columns};
use sluicebox_types::{CatalogColumn, Granularity, PartitionDate};

/// A moment for examples of partitions, 2019-09-01 01:00 UTC, in microseconds.
const EXAMPLE_MICROS: i64 = 1_567_299_600_000_000;

/// An engine that reads the lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Hive.
    Hive,
    /// Trino, through its Hive connector.
    Trino,
    /// Presto (prestodb), through its Hive connector.
    Presto,
    /// Spark SQL.
    Spark,
    /// Amazon Athena.
    Athena,
    /// DuckDB, which needs no catalog.
    Duckdb,
}

/// What a table is, as far as its config says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// Its folder's URL, without a `/` at the end.
    pub location: String,
    /// Its columns without the partition keys.
    pub columns: Vec<CatalogColumn>,
    /// How its partitions are spelled as folders.
    pub layout: Layout,
    /// How finely it is split.
    pub granularity: Granularity,
    /// How its pages are compressed.
    pub compression: Compression,
}

impl Declaration {
    /// The declaration of a table in the lake at `lake_url`.
    ///
    /// # Errors
    ///
    /// A column of a type that no table of ours has.
    pub fn new(spec: &TableSpec, lake_url: &str) -> Result<Self, ForeignColumn> {
        Ok(Self {
            database: spec.database.clone(),
            name: spec.table.clone(),
            location: format!("{}/{}", lake_url.trim_end_matches('/'), spec.folder()),
            columns: catalog_columns(&spec.schema)?,
            layout: spec.layout,
            granularity: spec.granularity,
            compression: spec.compression,
        })
    }

    /// The statements for an engine.
    #[must_use]
    pub fn ddl(&self, engine: Engine) -> String {
        match engine {
            Engine::Hive => hive::ddl(self),
            Engine::Athena => athena::ddl(self),
            Engine::Spark => spark::ddl(self),
            Engine::Trino => trino::ddl(self),
            Engine::Presto => presto::ddl(self),
            Engine::Duckdb => duckdb::ddl(self),
        }
    }

    /// The names of the partition keys, all of them text.
    const fn partition_keys(&self) -> &'static [&'static str] {
        match self.granularity {
            Granularity::Hour => &["dt", "hour"],
            Granularity::Day => &["dt"],
        }
    }

    /// A partition that the table may have: its values and its folder's URL.
    fn example(&self) -> (Vec<String>, String) {
        let date = PartitionDate::of_micros(EXAMPLE_MICROS, self.granularity);
        let values = [Some(date.dt()), date.hour()].into_iter().flatten();
        let folder = match self.layout {
            Layout::Hive => date.to_string(),
            Layout::Plain => date.plain_path(),
        };
        (values.collect(), format!("{}/{folder}", self.location))
    }

    /// Whether its URL has a scheme that Hadoop knows only on Amazon's own clusters.
    fn is_on_s3(&self) -> bool {
        self.location.starts_with("s3://")
    }
}

/// Columns as they stand in a statement, one a line.
fn column_list(columns: impl IntoIterator<Item = String>) -> String {
    let columns: Vec<String> = columns
        .into_iter()
        .map(|column| format!("  {column}"))
        .collect();
    columns.join(",\n")
}

/// A text of standard SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name of standard SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
