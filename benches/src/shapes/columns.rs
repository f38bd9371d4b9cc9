use std::fmt::Write as _;

use fastrand::Rng;

use super::text::incompressible;

/// Columns of the fields that every event has.
const OF_EVENT: u32 = 10;

/// What the columns of an event are called.
const EVENT_SCHEMA: &str = include_str!("../../config/schemas/a.yaml");

/// Appends one field for each column that the event's own do not fill.
pub(super) fn write(random: &mut Rng, count: u32, json: &mut String) {
    for index in OF_EVENT..count {
        // Writing to a string cannot fail.
        let _written = write!(json, ",\"column_{index}\":");
        let _written = match index % 4 {
            0 => write!(json, "{}", random.u32(0..10_000_000)),
            1 => write!(json, "{:.4}", random.f64() * 1000.0),
            2 => write!(json, "{}", random.bool()),
            _ => {
                json.push('"');
                incompressible(random, 12, json);
                json.push('"');
                Ok(())
            }
        };
    }
}

/// The schema file of records with so many columns.
pub(super) fn schema(count: u32) -> String {
    let mut schema = EVENT_SCHEMA.trim_end().to_owned();
    for index in OF_EVENT..count {
        let kind = match index % 4 {
            0 => "bigint",
            1 => "double",
            2 => "boolean",
            _ => "string",
        };
        let _written = write!(schema, "\n  - {{ name: column_{index}, type: {kind} }}");
    }
    schema
}
