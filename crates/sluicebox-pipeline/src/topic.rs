use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sluicebox_decode::{DecodeOptions, JsonDecoder, SchemaError};
use sluicebox_dedup::{KeySpec, WindowSpec};
use sluicebox_parquet::TableSpec;
use sluicebox_rules::Rules;
use sluicebox_types::TableSchema;

/// Everything that decides what becomes of one topic's records. Shared by all its partitions.
#[derive(Debug)]
pub struct TopicSpec {
    /// Kafka's name of the topic.
    pub topic: Arc<str>,
    /// The declared schema of its values.
    pub schema: TableSchema,
    /// How strictly values are read.
    pub decode: DecodeOptions,
    /// What becomes of null values.
    pub tombstones: Tombstones,
    /// Expectations, filters and derived columns.
    pub rules: Rules,
    /// How a row gets its partition date.
    pub event_time: EventTimeSpec,
    /// Which records count as repeats; none keeps every record.
    pub dedup: Option<DedupSpec>,
    /// Whether rows carry the `_kafka` column.
    pub kafka_column: bool,
    /// Whether rejects are also sent to a dead-letter topic.
    pub dead_letter: bool,
    /// The golden table.
    pub golden: Arc<TableSpec>,
    /// Its quarantine.
    pub quarantine: Arc<TableSpec>,
    /// When files are closed.
    pub roll: RollPolicy,
    /// How long nothing may come of a partition that was read to its end until a record says that
    /// it is quiet; none for never.
    pub quiet_after: Option<Duration>,
    /// Hash of everything above that decides a record's fate.
    pub decision: String,
}

impl TopicSpec {
    /// A decoder for this topic's values.
    ///
    /// # Errors
    /// When the schema is not one; `validate` has found that before.
    pub fn decoder(&self) -> Result<JsonDecoder, SchemaError> {
        JsonDecoder::new(&self.schema, self.decode.clone())
    }
}

/// What becomes of a null value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tombstones {
    /// Counted and left out.
    Skip,
    /// Rejected.
    DeadLetter,
    /// Written as a row of nulls.
    Write,
}

/// How a row gets its event time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTimeSpec {
    /// The timestamp or date column it is taken from; none takes Kafka's timestamp.
    pub column: Option<String>,
    /// Whether Kafka's timestamp stands in where the column is null; otherwise the row is rejected.
    pub fallback_to_kafka: bool,
    /// Earliest event time that is accepted, microseconds since 1970-01-01 UTC.
    pub earliest_micros: i64,
    /// Latest event time that is accepted, microseconds since 1970-01-01 UTC.
    pub latest_micros: i64,
}

/// Which records count as repeats.
#[derive(Clone, Debug)]
pub struct DedupSpec {
    /// What makes two records the same.
    pub key: KeySpec,
    /// For how long.
    pub window: WindowSpec,
}

/// When the open files of a Kafka partition are closed and committed. All close at one offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollPolicy {
    /// The largest open file has about this size.
    pub max_bytes: usize,
    /// So many records were read since the last commit.
    pub max_rows: u64,
    /// The oldest record not yet committed was read this long ago.
    pub max_age: Duration,
    /// No record has come for this long.
    pub max_idle: Duration,
}

/// Why files were closed; the label of `rolls_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollCause {
    /// [`RollPolicy::max_bytes`].
    Bytes,
    /// [`RollPolicy::max_rows`], or the widest range that a record can describe.
    Rows,
    /// [`RollPolicy::max_age`].
    Age,
    /// [`RollPolicy::max_idle`].
    Idle,
    /// The memory limit.
    Memory,
    /// The partition goes away, or the process ends.
    Drain,
}

impl RollCause {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Rows => "rows",
            Self::Age => "age",
            Self::Idle => "idle",
            Self::Memory => "memory",
            Self::Drain => "drain",
        }
    }
}

/// Finds the spec of a topic by its name. A topic that matches a regular expression gets its spec
/// when its first partition is assigned.
pub trait TopicCatalog: Send + Sync {
    /// The spec of `topic`.
    ///
    /// # Errors
    /// A sentence for people: the topic is not configured, or its table cannot be named.
    fn spec(&self, topic: &str) -> Result<Arc<TopicSpec>, String>;
}

/// A catalog of topics that are all known beforehand.
impl TopicCatalog for BTreeMap<String, Arc<TopicSpec>> {
    fn spec(&self, topic: &str) -> Result<Arc<TopicSpec>, String> {
        self.get(topic)
            .cloned()
            .ok_or_else(|| format!("topic {topic} is not configured"))
    }
}
