use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::HumanDuration;

/// How the catalog is kept up to date. All of it has defaults: a `catalog` is enough.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CrawlerSection {
    /// Whether `run` does it beside its own work, told of its own commits. False where
    /// `crawler run` is a service of its own, or `crawler crawl` a cron job. Default true.
    pub run_inside: bool,

    /// How long changes of one table are gathered before the catalog is asked. Default 10s, 100ms
    /// to 10m.
    #[schemars(extend("x-minimum" = "100ms", "x-maximum" = "10m"))]
    pub coalesce: HumanDuration,

    /// How the lake is looked at when nobody tells of a change.
    pub scan: ScanSection,

    /// Whether partitions get `numFiles`, `numRows` and `totalSize`. Default true.
    pub statistics: bool,

    /// Whether a partition whose folder is empty is dropped from the catalog. Files are never
    /// deleted. Default false.
    pub prune: bool,

    /// The first day of partition projection, such as `2013-01-01`: tables get the `projection.*`
    /// properties of Athena. Not with `lake.layout: plain`. Default: no projection.
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"), extend("x-expected" = "a day such as 2013-01-01"))]
    pub projection_since: Option<String>,

    /// The Kafka topic whose events tell `crawler run` where to look. Default: none.
    #[schemars(extend("format" = "topic-name", "x-expected" = "a topic's name: 1 to 249 of A-Z a-z 0-9 . _ -"))]
    pub events_topic: Option<String>,
}

impl Default for CrawlerSection {
    fn default() -> Self {
        Self {
            run_inside: true,
            coalesce: HumanDuration::from_secs(10),
            scan: ScanSection::default(),
            statistics: true,
            prune: false,
            projection_since: None,
            events_topic: None,
        }
    }
}

/// How the lake is looked at when nobody tells of a change: at the start, and now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScanSection {
    /// How often. Default 10m, 1s to 24h.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "24h"))]
    pub every: HumanDuration,

    /// How many of a table's latest partitions. Default 48, 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub last_partitions: u16,
}

impl Default for ScanSection {
    fn default() -> Self {
        Self {
            every: HumanDuration::from_secs(600),
            last_partitions: 48,
        }
    }
}
