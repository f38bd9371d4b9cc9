//! What the decoder promises, seen from outside.
#![cfg(test)]

mod support;
mod rows;
mod bad_input;
mod types;
mod objects;
mod unknown_fields;
mod schema_mistakes;
mod batches;
mod naive;
mod oracle;
