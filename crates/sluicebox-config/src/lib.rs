//! The config file: what it may say, where each of its values came from, and everything that is
//! wrong with it, at once.
//!
//! A value is looked for in these layers, the last one wins: defaults, the file, environment
//! variables `SLUICEBOX__A__B`, `--set a.b=c`. The documented structs of [`sections`] are the
//! single truth: the JSON Schema, the checks and the typed [`Config`] all come from them.
//!
//! This crate is the only reader of the process environment.
//!
//! Not here: anything that dials a broker or a store, and any SQL.

mod load;
mod environment;
mod document;
mod check;
mod json_schema;
mod defaults;
mod machine;
mod consistency;
pub mod sections;
mod values;
mod pointer;
mod report;
mod error;

pub use environment::Environment;
pub use error::{ConfigError, ConfigErrors, Place, Position};
pub use json_schema::json_schema;
pub use load::{load, parse};
pub use sections::*;
pub use values::{
    BucketScheme, ByteSize, HumanDuration, LakeUrl, Secret, TableName, Timestamp, ValueError,
};
