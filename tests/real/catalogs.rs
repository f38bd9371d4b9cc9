//! The adapters of the catalog port against real catalogs.

mod hive;
mod glue;
