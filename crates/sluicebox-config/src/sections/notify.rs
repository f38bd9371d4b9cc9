use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::values::{HumanDuration, Secret};

/// The longest name of a target.
const NAME_MAX: usize = 64;

/// One target: a Kafka topic or a webhook. It is told in the background, in the order of each Kafka
/// partition, at least once, and from where it was left after a restart; what it misses while it is
/// away it gets later, and nobody waits for it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifySection {
    /// A topic of the cluster that is read.
    #[serde(default)]
    pub kafka: Option<KafkaTargetSection>,

    /// An HTTP endpoint.
    #[serde(default)]
    pub webhook: Option<WebhookSection>,

    /// The target's name, in metrics, and of the cursor that says what it was told: a target with
    /// another name is another target. Default `kafka-<topic>` or `webhook-<host>`. 1 to 64 of
    /// `a-z 0-9 - _ .`, a letter first.
    #[serde(default)]
    #[schemars(
        regex(pattern = r"^[a-z][a-z0-9._-]{0,63}$"),
        extend("x-expected" = "1 to 64 of a-z 0-9 - _ . with a letter first")
    )]
    pub name: Option<String>,

    /// Which events it is told: `files_committed`, `sealed` (a partition is complete). Default
    /// `[files_committed]`.
    #[serde(default = "all_events")]
    #[schemars(length(min = 1))]
    pub events: Vec<NotifyEvent>,

    /// Where a target begins that was never told anything: `earliest` (with the first commit there
    /// is) or `latest` (with the next one). Default `earliest`.
    #[serde(default)]
    pub start: NotifyStart,
}

fn all_events() -> Vec<NotifyEvent> {
    vec![NotifyEvent::FilesCommitted]
}

/// A type of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NotifyEvent {
    /// Files have become visible.
    FilesCommitted,
    /// A partition is complete: every Kafka partition of the topic has rows that are later than its
    /// end by `lake.allowed_lateness`. A Kafka partition without rows holds all seals back, unless
    /// `lake.quiet_after` is set.
    Sealed,
}

/// Where a new target begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NotifyStart {
    /// With the first commit that there is.
    #[default]
    Earliest,
    /// With the next commit.
    Latest,
}

/// How an event travels (`CloudEvents` 1.0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NotifyMode {
    /// The whole event is the body.
    #[default]
    Structured,
    /// The data is the body, everything else are headers.
    Binary,
}

/// A topic of the cluster that is read, under the same login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KafkaTargetSection {
    /// The topic. It must exist, and must not be one that this pipeline reads.
    #[schemars(extend("format" = "topic-name", "x-expected" = "a topic's name: 1 to 249 of A-Z a-z 0-9 . _ -"))]
    pub topic: String,

    /// `structured` or `binary` (headers `ce_…`). Default `structured`.
    #[serde(default)]
    pub mode: NotifyMode,
}

/// An HTTP endpoint that takes a POST for each event. 2xx says that it has the event.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSection {
    /// Where to. Redirects are not followed.
    #[schemars(extend("format" = "http-url", "x-expected" = "a URL such as https://broker.example.com/lake"))]
    pub url: String,

    /// `structured` or `binary` (headers `ce-…`). Default `structured`.
    #[serde(default)]
    pub mode: NotifyMode,

    /// Sends what Airflow's `POST /api/v2/assets/events` takes, with the event under `extra`.
    #[serde(default)]
    pub airflow: Option<AirflowSection>,

    /// How long an answer may take. Default 10s, 100ms to 5m.
    #[serde(default = "timeout")]
    #[schemars(extend("x-minimum" = "100ms", "x-maximum" = "5m"))]
    pub timeout: HumanDuration,

    /// Signs each request as Standard Webhooks says: headers `webhook-id`, `webhook-timestamp` and
    /// `webhook-signature`. `whsec_` and base64, or any text, whose bytes are the key then.
    #[serde(default)]
    pub hmac_secret: Option<Secret>,

    /// The token of `Authorization: Bearer`.
    #[serde(default)]
    pub bearer_token: Option<Secret>,

    /// User and password of `Authorization: Basic`.
    #[serde(default)]
    pub basic: Option<BasicSection>,

    /// More headers. Not for secrets: they are shown where the config is.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,

    /// PEM file of the certificate authorities to trust besides the system's.
    #[serde(default)]
    pub ca: Option<PathBuf>,
}

const fn timeout() -> HumanDuration {
    HumanDuration::from_secs(10)
}

/// What Airflow has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AirflowSection {
    /// The asset that an event updates.
    pub asset_id: u64,
}

/// A login.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicSection {
    /// The user.
    #[schemars(length(min = 1))]
    pub username: String,
    /// The password.
    pub password: Secret,
}

impl NotifySection {
    /// Its name, given or derived.
    #[must_use]
    pub fn target_name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let host = |webhook: &WebhookSection| {
            let url = Url::parse(&webhook.url).ok();
            url.and_then(|url| url.host_str().map(str::to_owned))
        };
        let derived = match (&self.kafka, &self.webhook) {
            (Some(kafka), _) => format!("kafka-{}", kafka.topic),
            (None, Some(webhook)) => format!("webhook-{}", host(webhook).unwrap_or_default()),
            (None, None) => String::new(),
        };
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let lower = derived.to_ascii_lowercase();
        let letters = lower.chars().map(|c| if allowed(c) { c } else { '-' });
        letters.take(NAME_MAX).collect()
    }
}
