use std::fmt;

use regex::Regex;
use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use sluicebox_types::TableSchema;

use super::columns::{self, SchemaSection};
use super::{DedupSection, EventTimeSection, FileSection, RuleSection, StartPosition, dedup};
use crate::values::{ByteSize, TableName};

/// What becomes of the records of a topic, or of all topics that an expression matches.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-unsupported" = ["processed", "catalog"]))]
pub struct TopicSection {
    /// The topic, or the expression: the key of this section.
    #[serde(skip)]
    pub name: TopicSelector,

    /// The table for its rows, `database.table`. Under an expression the table's part holds
    /// `{topic}`, which stands for the topic's name in lower snake case; without it all topics that
    /// match share the table.
    pub table: TableName,

    /// How values are encoded. Default `json`.
    #[serde(default)]
    pub format: Format,

    /// The table's columns, and where in a record they come from: `{file: path}`, relative to the
    /// config file, or `{columns: […]}`.
    #[serde(deserialize_with = "columns::table_schema")]
    #[schemars(with = "SchemaSection")]
    pub schema: TableSchema,

    /// Which time decides the partition date of a row. Default: the Kafka timestamp.
    #[serde(default)]
    pub event_time: EventTimeSection,

    /// How repeats are recognised, or `off` to keep every record.
    #[serde(deserialize_with = "dedup::section_or_off")]
    #[schemars(schema_with = "dedup::section_or_off_schema", required)]
    pub dedup: Option<DedupSection>,

    /// What rows must fulfil, which are left out, and which columns are computed; in this order.
    #[serde(default)]
    pub rules: Vec<RuleSection>,

    /// The topic for rejected records, or `off`. Rejects are kept in quarantine either way. Default
    /// `off`.
    #[serde(default, deserialize_with = "dead_letter_or_off")]
    #[schemars(schema_with = "dead_letter_or_off_schema")]
    pub dead_letter: Option<DeadLetterSection>,

    /// What becomes of records without a value: `skip` (counted), `dead_letter`, or `write` (a row
    /// of nulls). Default `skip`.
    #[serde(default)]
    pub tombstones: Tombstones,

    /// What becomes of fields that the schema does not declare: `ignore` (counted), `reject` (the
    /// record) or `keep` (as JSON text in the column `_extra`). Default `ignore`.
    #[serde(default)]
    pub unknown_fields: UnknownFields,

    /// Bytes of a value; a larger one is rejected as `too_large`. Default 16MiB, 1KiB to 1GiB.
    #[serde(default = "max_value_bytes")]
    #[schemars(extend("x-minimum" = "1KiB", "x-maximum" = "1GiB"))]
    pub max_value_bytes: ByteSize,

    /// How deep a value may nest; a deeper one is rejected as `too_deep`. Default 64, 1 to 512.
    #[serde(default = "max_depth")]
    #[schemars(range(min = 1, max = 512))]
    pub max_depth: u16,

    /// Where to begin, instead of `kafka.start`.
    #[schemars(with = "Option<StartPosition>")]
    pub start: StartPosition,

    /// When files close, instead of `lake.file`: keys that are absent here count as they are there.
    #[serde(default)]
    pub file: FileSection,
}

const fn max_value_bytes() -> ByteSize {
    ByteSize::from_mib(16)
}

const fn max_depth() -> u16 {
    64
}

/// Which topics a section is for.
#[derive(Clone, Debug)]
pub enum TopicSelector {
    /// The topic of this name.
    Name(String),
    /// Every topic whose name this expression matches; it starts with `^`.
    Regex(Regex),
}

impl TopicSelector {
    /// Whether the section is for `topic`, as far as this key alone can say.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        match self {
            Self::Name(name) => name == topic,
            Self::Regex(regex) => regex.is_match(topic),
        }
    }

    /// The key as it stands in the file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Regex(regex) => regex.as_str(),
        }
    }

    /// Reads the key: an expression starts with `^`.
    pub(crate) fn of_key(key: String) -> Result<Self, regex::Error> {
        if key.starts_with('^') {
            return Regex::new(&key).map(Self::Regex);
        }
        Ok(Self::Name(key))
    }
}

impl PartialEq for TopicSelector {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for TopicSelector {}

impl Default for TopicSelector {
    fn default() -> Self {
        Self::Name(String::new())
    }
}

impl fmt::Display for TopicSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How values are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline, extend("x-unsupported" = ["avro", "protobuf", "debezium"]))]
pub enum Format {
    /// One JSON object per record.
    #[default]
    Json,
}

/// What becomes of records without a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Tombstones {
    /// Counted and passed over.
    #[default]
    Skip,
    /// Rejected.
    DeadLetter,
    /// Written as a row of nulls.
    Write,
}

/// What becomes of fields that the schema does not declare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum UnknownFields {
    /// Counted and left out.
    #[default]
    Ignore,
    /// The record is rejected.
    Reject,
    /// Kept as JSON text in the column `_extra`.
    Keep,
}

/// Where rejected records are sent, unchanged, with headers that say why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterSection {
    /// The topic. It must not be one that this pipeline reads.
    #[schemars(extend("format" = "topic-name", "x-expected" = "a topic's name: 1 to 249 of A-Z a-z 0-9 . _ -"))]
    pub topic: String,

    /// What the headers' names start with. Default `__connect.errors.`, as Kafka Connect has it.
    #[serde(default = "header_prefix")]
    pub header_prefix: String,
}

fn header_prefix() -> String {
    "__connect.errors.".to_owned()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum DeadLetterOrOff {
    Section(DeadLetterSection),
    Off(serde::de::IgnoredAny),
}

fn dead_letter_or_off<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DeadLetterSection>, D::Error> {
    Ok(match DeadLetterOrOff::deserialize(deserializer)? {
        DeadLetterOrOff::Section(section) => Some(section),
        DeadLetterOrOff::Off(_) => None,
    })
}

fn dead_letter_or_off_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    dedup::or_off(
        generator.subschema_for::<DeadLetterSection>(),
        "{topic: <name>} or off",
    )
}

/// Reads the mapping of topics in the order of the file.
pub(super) fn in_order<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<TopicSection>, D::Error> {
    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<TopicSection>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping of topics")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut topics = Vec::new();
            while let Some((key, section)) = map.next_entry::<String, TopicSection>()? {
                let name = TopicSelector::of_key(key).map_err(serde::de::Error::custom)?;
                topics.push(TopicSection { name, ..section });
            }
            Ok(topics)
        }
    }

    deserializer.deserialize_map(InOrder)
}
