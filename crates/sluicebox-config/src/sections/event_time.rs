use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::Timestamp;

/// Which time decides the partition date of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventTimeSection {
    /// A column of type `timestamp`, `timestamp_ntz` (taken as UTC) or `date`, or one that a rule
    /// derives. Default: none, the Kafka timestamp counts.
    pub field: Option<String>,

    /// What counts for a row whose `field` is null: `kafka_timestamp`, or `reject`. Default
    /// `kafka_timestamp`.
    pub fallback: EventTimeFallback,

    /// The earliest sane moment; a record before it is rejected as `event_time_out_of_range`.
    /// Default 2000-01-01T00:00:00Z.
    pub earliest: Timestamp,

    /// The first moment that is no longer sane; a record from then on is rejected as
    /// `event_time_out_of_range`. Fixed, not relative to now, so that a replay decides as the first
    /// reading did. Default 2100-01-01T00:00:00Z.
    pub latest: Timestamp,
}

impl Default for EventTimeSection {
    fn default() -> Self {
        Self {
            field: None,
            fallback: EventTimeFallback::KafkaTimestamp,
            earliest: Timestamp::YEAR_2000,
            latest: Timestamp::YEAR_2100,
        }
    }
}

/// What counts for a row without an event time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum EventTimeFallback {
    /// The record's Kafka timestamp.
    KafkaTimestamp,
    /// Nothing: the record is rejected as `event_time_missing`.
    Reject,
}
