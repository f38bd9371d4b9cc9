//! Tests against real servers: Kafka, stores, metastores, engines. They share them, so they are one
//! binary; see `tests/README.md`.

#![expect(clippy::panic, reason = "a test says what it missed")]

mod harness;
mod secrets;
mod local_store;
mod source;
mod s3_store;
mod hdfs_store;
mod gcs_store;
mod azure_store;
mod dedup;
mod memory;
mod proof;
mod flights;
mod crash_steps;
mod notify;
mod bad_input;
mod bad_dependency;
mod under_fire;
mod catalogs;
mod engines;
mod lake_side;
mod crawler;
mod confidential;
