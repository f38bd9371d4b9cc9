use std::fmt::Write as _;

use fastrand::Rng;

use super::text::{incompressible, quoted, shown};

/// Columns of the fields that every event has.
const OF_EVENT: u32 = 10;

/// What the columns of an event are called.
const EVENT_SCHEMA: &str = include_str!("../../config/schemas/a.yaml");

/// The types that the columns take in turn.
const TYPES: [&str; 4] = ["bigint", "double", "boolean", "string"];

fn columns(count: u32) -> impl Iterator<Item = (u32, &'static str)> {
    (OF_EVENT..count).zip(TYPES.into_iter().cycle())
}

/// Appends one field for each column that the event's own do not fill.
pub(super) fn write(random: &mut Rng, count: u32, json: &mut String) {
    for (index, kind) in columns(count) {
        // Writing to a string cannot fail.
        let _written = write!(json, ",\"column_{index}\":");
        match kind {
            "bigint" => shown(json, random.u32(0..10_000_000)),
            "double" => shown(json, format_args!("{:.4}", random.f64() * 1000.0)),
            "boolean" => shown(json, random.bool()),
            _ => quoted(json, |json| incompressible(random, 12, json)),
        }
    }
}

/// The schema file of records with so many columns.
pub(super) fn schema(count: u32) -> String {
    let mut schema = EVENT_SCHEMA.trim_end().to_owned();
    for (index, kind) in columns(count) {
        let _written = write!(schema, "\n  - {{ name: column_{index}, type: {kind} }}");
    }
    schema
}
