use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::values::HumanDuration;

/// How repeats are recognised. Of the records of one key within the window the first one passes;
/// time is the records' own, so that a replay decides as the first reading did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DedupSection {
    /// What makes two records the same: a list of columns, `record_key`, `payload`, or
    /// `{header: name}`.
    pub key: DedupKey,

    /// How long a key is remembered. Default 60s, 1s to 24h. It takes about 34 bytes of memory for
    /// each distinct key.
    #[serde(default = "window")]
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "24h"))]
    pub window: HumanDuration,

    /// `sliding`: each sight of a key keeps it for another `window`. `tumbling`: time is cut into
    /// intervals of `window`, and a key passes once in each. Default `sliding`.
    #[serde(default)]
    pub mode: DedupMode,

    /// How far one record may move the clock: a timestamp from the future does not empty the
    /// window. Without meaning for topics with LogAppendTime. Default 5m, 1s to 24h.
    #[serde(default = "jump")]
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "24h"))]
    pub jump: HumanDuration,

    /// Where repeats meet: `partition`, as producers that key their records have it. Default
    /// `partition`.
    #[serde(default)]
    pub scope: DedupScope,
}

const fn window() -> HumanDuration {
    HumanDuration::from_secs(60)
}

const fn jump() -> HumanDuration {
    HumanDuration::from_secs(300)
}

/// What makes two records the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DedupKey {
    /// The record's key.
    RecordKey,
    /// The whole value, byte by byte.
    Payload,
    /// The last header of this name.
    Header(String),
    /// The values of these columns.
    #[serde(untagged)]
    Fields(Vec<String>),
}

impl JsonSchema for DedupKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DedupKey".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                { "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "string" } },
                { "enum": ["record_key", "payload"] },
                {
                    "type": "object",
                    "properties": { "header": { "type": "string", "minLength": 1 } },
                    "required": ["header"],
                    "additionalProperties": false,
                },
            ],
            "x-expected": "a list of columns, record_key, payload or {header: <name>}",
        })
    }
}

/// How the window moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DedupMode {
    /// Each sight of a key keeps it for another window.
    #[default]
    Sliding,
    /// A key passes once in each fixed interval.
    Tumbling,
}

/// Where repeats meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline, extend("x-unsupported" = ["topic"]))]
pub enum DedupScope {
    /// On one Kafka partition.
    #[default]
    Partition,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SectionOrOff {
    Section(DedupSection),
    Off(serde::de::IgnoredAny),
}

pub(super) fn section_or_off<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DedupSection>, D::Error> {
    Ok(match SectionOrOff::deserialize(deserializer)? {
        SectionOrOff::Section(section) => Some(section),
        SectionOrOff::Off(_) => None,
    })
}

pub(super) fn section_or_off_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    or_off(
        generator.subschema_for::<DedupSection>(),
        "{key: …, window: 60s} or off",
    )
}

/// `section`, or `off` (which YAML 1.1 editors take for false).
pub(super) fn or_off(section: schemars::Schema, expected: &str) -> schemars::Schema {
    schemars::json_schema!({
        "anyOf": [section, { "enum": ["off", false] }],
        "x-expected": expected,
    })
}
