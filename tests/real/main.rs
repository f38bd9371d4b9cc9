//! Tests against real servers: Kafka and S3. They share both, so they are one binary; see
//! `tests/README.md`.

mod harness;
mod local_store;
mod s3_store;
