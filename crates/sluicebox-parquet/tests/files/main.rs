//! Rows written through the public interface and read back by the Parquet reader.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of tests fail by panicking, as tests do"
)]

mod tables;
mod types;
mod footers;
mod partitions;
mod encodings;
mod texts;
mod memory;
mod quarantine;
mod damage;
