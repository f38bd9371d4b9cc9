//! JSON records to Arrow under a declared schema: one row for each record, or one reject that says
//! why not, names the field, and costs the rows around it nothing.
//!
//! The schema drives a pull reader over the record's text straight into column buffers that can take
//! a row back: no document tree, no allocation per record while records are good. The reader is our
//! own because it must see numbers as they are written (integers and decimals are exact or refused),
//! be as strict with what it skips as with what it keeps, and never recurse over input.
//!
//! A value is judged in this order: empty, too large, not UTF-8; then its first fault in the order of
//! the text. One of the wrong type is first read to its end, so it may turn out not to be JSON, or to
//! be too deep. Missing fields and fields in the wrong case are judged where their object ends,
//! trailing data last. Unknown fields are not checked for repeats.
//!
//! Not here: guessing types, tombstones, event time, what becomes of a reject.

#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod decoder;
mod schema;
mod arrow_schema;
mod object;
mod column;
mod json;
mod text;
mod buffer;
mod unknown;
mod fault;

pub use decoder::{DecodeOptions, JsonDecoder};
pub use schema::{SchemaError, SchemaMistake, SchemaProblem};
pub use unknown::UnknownFields;
