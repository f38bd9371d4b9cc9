//! Tells the world what is in the lake: webhooks that receive events, and the crawler that makes a
//! catalog (Hive metastore, AWS Glue) say what the lake holds.
//!
//! ```text
//! events, listings ─▶ touched partitions ─▶ coalesce ─▶ what is (catalog) vs what should be (lake)
//!                                                         └─▶ plan ─▶ apply, through `Catalog`
//! ```
//!
//! Not here: the relay that walks the commit chain (`sluicebox-pipeline`), Kafka as a target
//! (`sluicebox-kafka`), HTTP listeners (`sluicebox-console`).

pub mod webhook;
pub mod crawler;
pub mod catalog;
mod failure;
mod operation;
mod parquet_format;
mod table_type;
mod statistics;
pub mod hive;
pub mod glue;
#[cfg(any(test, feature = "testing"))]
pub mod memory;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
pub mod ddl;

pub use catalog::{
    Catalog, CatalogError, CatalogPartition, CatalogTable, Class, DeclaredColumn,
    PartitionStatistics, TableKind,
};
pub use parquet_format::PARQUET_INPUT_FORMAT;
