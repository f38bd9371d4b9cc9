use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::table::{EventPartition, EventTable};

/// A partition of a table is complete as far as can be told: every Kafka partition has passed its
/// end by the allowed lateness. What comes later all the same is announced with `late: true`. All files
/// are visible by now; a target that is behind may hear of a seal before it hears of the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sealed {
    /// The table.
    pub table: EventTable,
    /// The partition.
    pub partition: EventPartition,
    /// How much later than the partition's end rows were still expected, in seconds.
    pub allowed_lateness_seconds: u64,
    /// Where the Kafka partitions stood when this was decided. Every file up to these offsets was
    /// visible by then.
    pub kafka: Vec<KafkaWatermark>,
}

/// How far a Kafka partition has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KafkaWatermark {
    /// The topic.
    pub topic: String,
    /// The Kafka partition.
    pub partition: i32,
    /// The first offset that was not committed.
    pub end: i64,
    /// The latest event time in its golden rows, RFC 3339; absent where it had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<String>,
}
