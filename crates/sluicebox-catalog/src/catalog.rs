//! The port that every catalog stands behind: a few idempotent calls, in the words of Hive.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use sluicebox_types::{CatalogColumn, PartitionDate};

/// A catalog of tables. Only what the crawler needs, and nothing that it must not do.
///
/// Calls are idempotent: what exists already is success for the call that would make it. No call
/// retries without end; each ends with an answer or an error within the adapter's own time limits.
/// Nothing here drops a table. Work on a table or a partition that somebody has dropped meanwhile is
/// [`Class::Conflict`]. The crate's conformance suite holds all of this as tests.
#[async_trait]
pub trait Catalog: Send + Sync + fmt::Debug {
    /// `hive`, `glue`: its name in metrics and messages.
    fn name(&self) -> &'static str;

    /// A table as it is; `None` when there is none.
    async fn table(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<CatalogTable>, CatalogError>;

    /// Makes a table, and its database where there is none.
    async fn create_table(&self, table: &CatalogTable) -> Result<(), CatalogError>;

    /// Gives a table these columns and parameters; whatever else it has stays. With `cascade` its
    /// partitions get the columns too, in the same step where the catalog can. If the table has a
    /// [`version`](CatalogTable::version) and the catalog has another by now, nothing is changed:
    /// [`Class::Conflict`].
    async fn alter_table(&self, table: &CatalogTable, cascade: bool) -> Result<(), CatalogError>;

    /// Which partitions a table has, ascending, all of them: pages are the adapter's matter.
    /// Partitions whose values are no partition date are not ours, and left out.
    async fn partition_dates(
        &self,
        table: &CatalogTable,
    ) -> Result<Vec<PartitionDate>, CatalogError>;

    /// These partitions, as far as they exist. Any number: the adapter splits what the catalog takes
    /// in one call.
    async fn partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<Vec<CatalogPartition>, CatalogError>;

    /// Adds these partitions with the table's columns. Those that exist are left as they are. Any
    /// number.
    async fn add_partitions(
        &self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), CatalogError>;

    /// Replaces location, columns and statistics of these partitions, which exist. Any number.
    async fn alter_partitions(
        &self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), CatalogError>;

    /// Forgets these partitions; their files stay. Only for a crawler that was told to prune.
    async fn drop_partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<(), CatalogError>;
}

/// A table in a catalog: as it is, or as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogTable {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// External, or something that is not ours.
    pub kind: TableKind,
    /// Its folder's URL.
    pub location: String,
    /// Its columns without the partition keys, by the catalog's texts, which may be types that no
    /// table of ours has.
    pub columns: Vec<DeclaredColumn>,
    /// The names of its partition keys in order: `dt`, `hour`.
    pub partition_keys: Vec<DeclaredColumn>,
    /// How files are read: Hive's class of the input format.
    pub input_format: String,
    /// Its parameters (`TBLPROPERTIES`).
    pub parameters: BTreeMap<String, String>,
    /// Who owns it, as far as the catalog says.
    pub owner: Option<String>,
    /// The catalog's own version of it, for writes that must not overwrite somebody else's.
    pub version: Option<String>,
}

/// A column as a catalog declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredColumn {
    /// Its name, lower case.
    pub name: String,
    /// Its type in Hive's spelling.
    pub data_type: String,
    /// What somebody wrote about it; kept.
    pub comment: Option<String>,
}

/// What a catalog says that a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Its files belong to somebody else: us.
    External,
    /// Its files belong to the catalog. Never ours.
    Managed,
    /// A query. Never ours.
    View,
}

/// A partition of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogPartition {
    /// Its values.
    pub date: PartitionDate,
    /// Its folder's URL.
    pub location: String,
    /// Its columns.
    pub columns: Vec<DeclaredColumn>,
    /// What is in it, if that is known.
    pub statistics: Option<PartitionStatistics>,
}

/// What a partition holds: absolute numbers, never added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionStatistics {
    /// Files.
    pub files: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Passing: try again.
    Retry,
    /// Somebody else changed it meanwhile: read again, plan again.
    Conflict,
    /// Will not heal without a person (permission, a type change that the catalog refuses).
    Fatal,
}

/// A catalog's failure, in words for people.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{catalog} {operation} {subject}: {message}")]
pub struct CatalogError {
    /// `hive`, `glue`.
    pub catalog: &'static str,
    /// `table`, `create_table`, `add_partitions` …
    pub operation: &'static str,
    /// What it was about: `air.flights`.
    pub subject: String,
    /// What happened and, where known, the cure. One line, no stack trace, no secrets.
    pub message: String,
    /// What to do.
    pub class: Class,
}

impl From<&CatalogColumn> for DeclaredColumn {
    fn from(column: &CatalogColumn) -> Self {
        Self {
            name: column.name.clone(),
            data_type: column.data_type.to_string(),
            comment: None,
        }
    }
}
