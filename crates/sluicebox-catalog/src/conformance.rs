//! What every implementation of [`Catalog`] must keep, as tests: the one suite for memory, Hive
//! metastores and Glue. [`conformance_tests!`](crate::conformance_tests) makes a test of each rule.

mod tables;
mod partitions;

use std::collections::BTreeMap;
use std::sync::Arc;

use sluicebox_types::{Granularity, PartitionDate};

use crate::{
    Catalog, CatalogPartition, CatalogTable, DeclaredColumn, PARQUET_INPUT_FORMAT,
    PartitionStatistics, TableKind,
};

pub use partitions::*;
pub use tables::*;

/// A catalog without a table that several handles can be opened on, as several processes do.
pub trait Subject: Sync {
    /// A handle of its own on the catalog.
    fn open(&self) -> Arc<dyn Catalog>;

    /// A database that no other test uses. It need not exist.
    fn database(&self) -> &str;

    /// The URL of a folder that the catalog may look into, without a `/` at its end.
    fn location(&self) -> &str;
}

/// Makes a test of each rule of the port, or of those that are named. `$subject` is an expression
/// for a future of a [`Subject`]: a new one for each test.
///
/// One rule stands apart: `a_cascade_reaches_the_partitions` asks for `alter_table` alone to do it.
#[macro_export]
macro_rules! conformance_tests {
    ($subject:expr) => {
        $crate::conformance_tests! { $subject;
            a_missing_table_is_none
            a_created_table_comes_back
            creating_again_changes_nothing
            columns_and_parameters_are_altered
            a_cascade_reaches_the_partitions
            without_cascade_partitions_stay
            an_alter_of_an_old_version_conflicts
            work_on_a_missing_table_conflicts
            partitions_are_added_once
            partitions_are_found_as_far_as_they_exist
            many_partitions_are_no_trouble
            a_table_by_day_has_one_key
            statistics_are_absolute
            partitions_without_statistics_have_none
            altered_partitions_are_replaced
            altering_a_missing_partition_conflicts
            dropped_partitions_are_forgotten
            two_at_once_do_no_harm
        }
    };
    ($subject:expr; $($rule:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                $crate::conformance::$rule(&$subject.await).await;
            }
        )+
    };
}

/// A table as the crawler makes it: every kind of type, split by hour.
pub fn example_table(catalog: &dyn Subject) -> CatalogTable {
    CatalogTable {
        database: catalog.database().to_owned(),
        name: "flights".to_owned(),
        kind: TableKind::External,
        location: format!("{}/flights", catalog.location()),
        columns: vec![
            column("carrier", "string"),
            column("distance", "bigint"),
            column("price", "decimal(18,4)"),
            column("departure", "timestamp"),
            column("stops", "array<struct<airport:string,minutes:int>>"),
            column(
                "_kafka",
                "struct<topic:string,partition:int,offset:bigint,timestamp:timestamp>",
            ),
        ],
        partition_keys: vec![column("dt", "string"), column("hour", "string")],
        input_format: PARQUET_INPUT_FORMAT.to_owned(),
        parameters: BTreeMap::from(
            [
                ("EXTERNAL", "TRUE"),
                ("classification", "parquet"),
                ("sluicebox.schema", "größer"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        ),
        owner: Some("sluicebox".to_owned()),
        version: None,
    }
}

/// A column without a comment.
#[must_use]
pub fn column(name: &str, data_type: &str) -> DeclaredColumn {
    DeclaredColumn {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        comment: None,
    }
}

/// The partition date that is `hours` after 2019-09-01 00:00.
#[must_use]
pub fn date(hours: i64) -> PartitionDate {
    const START_MICROS: i64 = 1_567_296_000_000_000;
    PartitionDate::of_micros(START_MICROS + hours * 3_600_000_000, Granularity::Hour)
}

/// A partition of a table with the table's columns, in the table's folder, with some statistics.
#[must_use]
pub fn partition(table: &CatalogTable, date: PartitionDate) -> CatalogPartition {
    CatalogPartition {
        date,
        location: format!("{}/{date}", table.location),
        columns: table.columns.clone(),
        statistics: Some(PartitionStatistics {
            files: 2,
            rows: 1_000_000,
            bytes: 5_000_000_000,
        }),
    }
}

/// Makes the example table and gives it as the catalog does.
async fn created(subject: &dyn Subject, catalog: &dyn Catalog) -> CatalogTable {
    let table = example_table(subject);
    catalog.create_table(&table).await.expect("create");
    found(catalog, &table).await
}

/// The table as the catalog gives it now.
async fn found(catalog: &dyn Catalog, table: &CatalogTable) -> CatalogTable {
    let found = catalog.table(&table.database, &table.name).await;
    found.expect("an answer").expect("the table")
}

/// All partitions of a table, ascending.
async fn all_partitions(catalog: &dyn Catalog, table: &CatalogTable) -> Vec<CatalogPartition> {
    let dates = catalog.partition_dates(table).await.expect("dates");
    let mut partitions = catalog.partitions(table, &dates).await.expect("partitions");
    partitions.sort_by_key(|partition| partition.date);
    partitions
}
