//! What the file may say. The documentation of a field is the documentation of its key: unit,
//! default, limits and what happens at them.

mod kafka;
mod sasl;
mod start;
mod lake;
mod s3;
mod hdfs;
mod gcs;
mod azure;
mod topic;
mod event_time;
mod dedup;
mod rule;
mod columns;
mod notify;
mod catalog;
mod crawler;
mod limits;
mod server;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use azure::AzureSection;
pub use catalog::{CatalogSection, GlueSection, HiveSection};
pub(crate) use columns::simple_type;
pub use crawler::{CrawlerSection, ScanSection};
pub use dedup::{DedupKey, DedupMode, DedupScope, DedupSection};
pub use event_time::{EventTimeFallback, EventTimeSection};
pub use gcs::GcsSection;
pub use hdfs::{HdfsSection, KerberosSection};
pub use kafka::{FetchSection, GroupProtocol, KafkaSection, RetentionGap, TlsSection};
pub use lake::{Compression, FileSection, LakeSection, Layout, PartitionBy};
pub use limits::LimitsSection;
pub use notify::{
    AirflowSection, BasicSection, KafkaTargetSection, NotifyEvent, NotifyMode, NotifySection,
    NotifyStart, WebhookSection,
};
pub use rule::RuleSection;
pub use s3::{S3Encryption, S3Section};
pub use sasl::SaslSection;
pub use server::{LogFormat, LogLevel, LogSection, ServerSection};
pub use start::StartPosition;
pub use topic::{
    DeadLetterSection, Format, Tombstones, TopicSection, TopicSelector, UnknownFields,
};

use crate::error::{ConfigError, Place};
use crate::values::HumanDuration;

/// One pipeline: raw topics of one Kafka cluster into the tables of one lake.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-unsupported" = ["processed"]))]
pub struct Config {
    /// The pipeline's name: part of control paths, of the consumer group and of metrics. One name,
    /// one control tree: give every pipeline its own. 1 to 64 of `a-z 0-9 - _ .`, a letter or digit
    /// first.
    #[schemars(
        regex(pattern = r"^[a-z0-9][a-z0-9._-]{0,63}$"),
        extend("x-expected" = "1 to 64 of a-z 0-9 - _ . with a letter or digit first")
    )]
    pub name: String,

    /// Where records come from.
    pub kafka: KafkaSection,

    /// Where rows go.
    pub lake: LakeSection,

    /// What becomes of each topic: keys are topics by name, or by a regular expression that starts
    /// with `^`. A topic that several keys match belongs to the one that is its exact name, else to
    /// the first expression in the file.
    #[serde(deserialize_with = "topic::in_order")]
    #[schemars(with = "BTreeMap<String, TopicSection>", extend("minProperties" = 1))]
    pub topics: Vec<TopicSection>,

    /// Who is told of files that have become visible. Default: nobody.
    #[serde(default)]
    pub notify: Vec<NotifySection>,

    /// The catalog that is kept up to date with the lake. Default: none.
    #[serde(default)]
    pub catalog: Option<CatalogSection>,

    /// How it is kept up to date.
    #[serde(default)]
    pub crawler: CrawlerSection,

    /// How much of the machine the process takes.
    #[schemars(with = "Option<LimitsSection>")]
    pub limits: LimitsSection,

    /// The port for metrics, health and the console.
    #[serde(default)]
    pub server: ServerSection,

    /// What is logged, and how.
    #[serde(default)]
    pub log: LogSection,

    /// How long a drain may take after the first SIGTERM or SIGINT, or when partitions are revoked.
    /// At its end the process goes without a commit: nothing is lost, the next one reads it again.
    /// Default 30s, 1s to 1h.
    #[serde(default = "drain_timeout")]
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "1h"))]
    pub drain_timeout: HumanDuration,

    /// What is allowed but unwise, for the log and for `validate`.
    #[serde(skip)]
    pub warnings: Vec<ConfigError>,

    /// Where each value stands, by JSON pointer, such as `/topics/flights/rules/0/expect`.
    #[serde(skip)]
    pub places: BTreeMap<String, Place>,
}

const fn drain_timeout() -> HumanDuration {
    HumanDuration::from_secs(30)
}

impl Config {
    /// The settings of a topic: those under its exact name, else under the first expression in the
    /// file that matches it.
    #[must_use]
    pub fn topic(&self, topic: &str) -> Option<&TopicSection> {
        let named = |section: &&TopicSection| section.name == TopicSelector::Name(topic.to_owned());
        let exact = self.topics.iter().find(named);
        exact.or_else(|| {
            self.topics
                .iter()
                .find(|section| section.name.matches(topic))
        })
    }
}
