use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::table::{EventPartition, EventSchema, EventTable};

/// Files of one partition of a table have become visible, all of one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FilesCommitted {
    /// The commit, as the footers of its files name it: `<pipeline>/<topic>[<Kafka
    /// partition>]/<place in the chain>`.
    pub commit_id: String,
    /// The table.
    pub table: EventTable,
    /// The partition.
    pub partition: EventPartition,
    /// What the files hold.
    pub schema: EventSchema,
    /// The files, of this part where there are several.
    pub files: Vec<EventFile>,
    /// Sums over `files`.
    pub totals: Totals,
    /// Whether these rows came behind the watermark of their Kafka partition by more than the
    /// allowed lateness: the partition may have been sealed before.
    pub late: bool,
    /// Which part of the commit's files this is; absent where one event holds them all.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventFile {
    /// Its URL.
    pub uri: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Smallest and largest event time of its rows, RFC 3339.
    pub event_time: (String, String),
    /// The offsets that the commit covers.
    pub kafka: KafkaRange,
}

/// A range of offsets of a Kafka partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KafkaRange {
    /// The topic.
    pub topic: String,
    /// The Kafka partition.
    pub partition: i32,
    /// First offset.
    pub start: i64,
    /// The offset after the last.
    pub end: i64,
}

/// Sums over files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// How many.
    pub files: u64,
    /// Their rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A part of what one event could not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// Which, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

impl Totals {
    /// The sums over `files`; beyond 64 bits they stay at the largest number.
    #[must_use]
    pub fn of(files: &[EventFile]) -> Self {
        files.iter().fold(Self::default(), |sum, file| Self {
            files: sum.files.saturating_add(1),
            rows: sum.rows.saturating_add(file.rows),
            bytes: sum.bytes.saturating_add(file.bytes),
        })
    }
}
