//! What Sluicebox tells the world: `CloudEvents` 1.0 about a table's partitions, written and read.
//!
//! ```text
//! a commit's files of one partition ─▶ FilesCommitted ─▶ split at 256 KiB ─▶ Event ─▶ bytes
//! bytes, with or without headers ─▶ parse, parse_kafka ─▶ Event, or an EventError that says why not
//! ```
//!
//! Everything in an event comes from what it is made of, nothing from a clock or a random source:
//! the same commit gives the same bytes, whoever builds the event and however often.
//!
//! Not here: where events come from (`sluicebox-pipeline`) and how they travel (`sluicebox-kafka`,
//! `sluicebox-catalog`).

mod event;
mod files_committed;
mod sealed;
mod table;
mod split;
mod headers;
mod parse;
mod error;
mod json_schema;
mod time;

pub use error::EventError;
pub use event::{Attributes, BATCH_MEDIA_TYPE, Event, EventData, EventType, MEDIA_TYPE};
pub use files_committed::{EventFile, FilesCommitted, KafkaRange, Part, Totals};
pub use json_schema::{json_schema, json_schema_of_all};
pub use parse::{BATCH_BYTES_MAX, EVENT_BYTES_MAX, parse, parse_kafka, parse_structured};
pub use sealed::{KafkaWatermark, Sealed};
pub use table::{EventColumn, EventPartition, EventSchema, EventTable};
pub use time::rfc3339_micros;
