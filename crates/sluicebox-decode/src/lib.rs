//! JSON records to Arrow under a declared schema: one row for each record, or one reject that says
//! why not, names the field, and costs the rows around it nothing.
//!
//! The schema drives a pull reader over the record's text straight into column buffers that can take
//! a row back: no document tree, no allocation per record while records are good. It is our own, for
//! it needs what serde-shaped readers hide: numbers as they are written (decimals and integers are
//! exact or refused), raw text, depth in skipped values, the same strictness in skipped values.
//!
//! A value is judged in this order: empty, too large, not UTF-8; then its first fault in the order of
//! the text. A value of the wrong type is first read to its end, so what is not JSON, or nests too
//! deep, is not called of the wrong type. Missing fields and fields in the wrong case are judged where
//! their object ends, trailing data last. Unknown fields are not checked for repeats.
//!
//! Not here: guessing types, deciding what becomes of a reject, tombstones, event time.

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
