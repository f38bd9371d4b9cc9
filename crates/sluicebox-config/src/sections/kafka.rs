use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{SaslSection, StartPosition};
use crate::values::{ByteSize, HumanDuration, Secret};

/// The Kafka cluster and the consumer. Always `read_committed`: records of aborted transactions are
/// never seen.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["brokers"]))]
pub struct KafkaSection {
    /// Addresses to start from, `host:port`: a list, or one text with commas.
    #[serde(
        deserialize_with = "comma_separated",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(schema_with = "brokers_schema")]
    pub brokers: Vec<String>,

    /// The consumer group. Default `sluicebox-<name>`. All processes of one pipeline share it.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(min = 1, max = 255))]
    pub group_id: String,

    /// The client's name in the brokers' logs and quotas. Default `sluicebox`.
    #[schemars(length(min = 1, max = 255))]
    pub client_id: String,

    /// Where to begin in a partition that has neither a commit chain nor an offset of the group.
    /// Default `earliest`.
    pub start: StartPosition,

    /// What to do when retention has deleted records that were not read yet. Default `halt`.
    pub retention_gap: RetentionGap,

    /// The rebalance protocol: `classic` (cooperative-sticky), or `consumer` (KIP-848, brokers from
    /// 4.0 on). Default `classic`.
    pub group_protocol: GroupProtocol,

    /// How long the group waits for a silent member. Default 45s, 6s to 30m; the brokers may narrow
    /// it. With `group_protocol: consumer` the brokers' own setting counts.
    #[schemars(extend("x-minimum" = "6s", "x-maximum" = "30m"))]
    pub session_timeout: HumanDuration,

    /// How long the process may go without polling before the group gives its partitions away.
    /// Polling does not wait for the lake, so reaching it means that the process hangs. Default 5m,
    /// 10s to 1h.
    #[schemars(extend("x-minimum" = "10s", "x-maximum" = "1h"))]
    pub max_poll_interval: HumanDuration,

    /// How often to look for new partitions and for new topics that match an expression. Default
    /// 30s, 1s to 1h. With `group_protocol: consumer` the brokers look: for partitions at once, for
    /// topics within seconds of their creation, and for changed permissions every
    /// `group.consumer.regex.refresh.interval.ms` of theirs, by default ten minutes.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "1h"))]
    pub discovery_interval: HumanDuration,

    /// How much is fetched ahead.
    pub fetch: FetchSection,

    /// TLS to the brokers; `tls: {}` trusts the system's certificate authorities. Without this key
    /// the connection is not encrypted.
    pub tls: Option<TlsSection>,

    /// How to log in at the brokers.
    pub sasl: Option<SaslSection>,

    /// Lets `sasl` send its password over a connection without TLS. Default false.
    pub allow_plaintext_sasl: bool,

    /// More properties of librdkafka, by its own names, passed through as they are. Those that
    /// would break the promise of exactly once, or that have a key of their own here, are refused.
    #[serde(deserialize_with = "property_map")]
    #[schemars(schema_with = "property_map_schema")]
    pub librdkafka: BTreeMap<String, String>,
}

impl Default for KafkaSection {
    fn default() -> Self {
        Self {
            brokers: Vec::new(),
            group_id: String::new(),
            client_id: "sluicebox".to_owned(),
            start: StartPosition::Earliest,
            retention_gap: RetentionGap::Halt,
            group_protocol: GroupProtocol::Classic,
            session_timeout: HumanDuration::from_secs(45),
            max_poll_interval: HumanDuration::from_secs(300),
            discovery_interval: HumanDuration::from_secs(30),
            fetch: FetchSection::default(),
            tls: None,
            sasl: None,
            allow_plaintext_sasl: false,
            librdkafka: BTreeMap::new(),
        }
    }
}

/// What to do when records were deleted before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RetentionGap {
    /// Stop this partition and say so: a person decides.
    Halt,
    /// Go on at the first record that is left, and record the gap in the chain and in metrics.
    SkipAndReport,
}

/// The rebalance protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum GroupProtocol {
    /// Cooperative-sticky assignment by the members (KIP-429).
    Classic,
    /// Assignment by the broker (KIP-848).
    Consumer,
}

/// How much is fetched ahead of what is being worked on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FetchSection {
    /// Bytes fetched ahead, for each worker thread; part of `limits.memory`, which sets as much aside
    /// once more for gaps. When it is full, fetching waits. For each 640 bytes one record is fetched at
    /// most, as each costs the client 320 bytes more than it weighs. Default 16MiB, 1MiB to 1GiB.
    #[schemars(extend("x-minimum" = "1MiB", "x-maximum" = "1GiB"))]
    pub queue_bytes: ByteSize,

    /// Bytes one request asks of one partition; a larger record still comes, alone. In all a request
    /// asks a broker for a 1024th of `limits.memory`, at most a quarter of `queue_bytes` or 50MiB, and
    /// there is one at a time: a slow link to the brokers wants more memory. Default 1MiB, 16KiB to
    /// 64MiB.
    #[schemars(extend("x-minimum" = "16KiB", "x-maximum" = "64MiB"))]
    pub max_partition_bytes: ByteSize,

    /// How long the broker may hold a request back for want of data. There is one request at a time,
    /// and a partition whose queue was full when it was sent waits for its end: so it is short. Default
    /// 50ms, at most 30s.
    #[schemars(extend("x-maximum" = "30s"))]
    pub wait: HumanDuration,
}

impl Default for FetchSection {
    fn default() -> Self {
        Self {
            queue_bytes: ByteSize::from_mib(16),
            max_partition_bytes: ByteSize::from_mib(1),
            wait: HumanDuration::from_millis(50),
        }
    }
}

/// TLS to the brokers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSection {
    /// PEM file of the certificate authorities to trust. Default: the system's.
    pub ca: Option<PathBuf>,

    /// PEM file of the client's certificate, for mutual TLS; needs `key`.
    pub cert: Option<PathBuf>,

    /// PEM file of the client's private key; needs `cert`.
    pub key: Option<PathBuf>,

    /// The password of the private key.
    pub key_password: Option<Secret>,

    /// Whether the broker's certificate must name the host that was dialled. Default true.
    pub verify_hostname: bool,
}

impl Default for TlsSection {
    fn default() -> Self {
        Self {
            ca: None,
            cert: None,
            key: None,
            key_password: None,
            verify_hostname: true,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn comma_separated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(brokers) => brokers,
        OneOrMany::One(text) => {
            let brokers = text
                .split(',')
                .map(str::trim)
                .filter(|broker| !broker.is_empty());
            brokers.map(str::to_owned).collect()
        }
    })
}

fn brokers_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let broker_list = serde_json::json!({
        "type": "string",
        "format": "broker-list",
        "pattern": r"[^,\s]",
        "x-expected": "host:port",
    });
    schemars::json_schema!({
        "anyOf": [
            broker_list,
            {
                "type": "array",
                "minItems": 1,
                "items": broker_list,
            },
        ],
        "x-expected": "host:port, separated by commas, or a list of them",
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Property {
    Text(String),
    Switch(bool),
    Integer(i64),
    Number(f64),
}

fn property_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let properties = BTreeMap::<String, Property>::deserialize(deserializer)?;
    let text = |property| match property {
        Property::Text(text) => text,
        Property::Switch(switch) => switch.to_string(),
        Property::Integer(integer) => integer.to_string(),
        Property::Number(number) => number.to_string(),
    };
    Ok(properties
        .into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect())
}

fn property_map_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "additionalProperties": {
            "type": ["string", "boolean", "number"],
            "x-expected": "text, a number, true or false",
        },
    })
}
