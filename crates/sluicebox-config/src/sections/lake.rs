use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluicebox_types::Granularity;

use super::{AzureSection, GcsSection, HdfsSection, S3Section};
use crate::values::{ByteSize, HumanDuration, LakeUrl};

/// The lake: where rows go, and how they are laid out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LakeSection {
    /// The root of the tables, which lie at `<url>/<database>/<table>`: `s3://bucket/prefix`,
    /// `gs://bucket/prefix`, `az://container/prefix`,
    /// `abfss://container@account.dfs.core.windows.net/prefix`, `hdfs://nameservice/folder`,
    /// `hdfs://namenode:8020/folder`, `file:///folder`, or `./folder` from where the config file
    /// lies.
    pub url: LakeUrl,

    /// The control tree: commit chains and staging. It lies beside the tables, never inside one,
    /// and it must be kept: it is what makes a restart exact. Default `_sluicebox` beside `url`.
    #[schemars(with = "Option<LakeUrl>")]
    pub control: LakeUrl,

    /// How to reach S3.
    #[serde(default)]
    pub s3: S3Section,

    /// How to reach Google Cloud Storage.
    #[serde(default)]
    pub gcs: GcsSection,

    /// How to reach Azure Blob Storage or ADLS Gen2.
    #[serde(default)]
    pub azure: AzureSection,

    /// How to reach HDFS.
    #[serde(default)]
    pub hdfs: HdfsSection,

    /// When a file closes, and what is inside.
    #[serde(default)]
    pub file: FileSection,

    /// The folders of a partition date: `hive` (`dt=2019-09-01/hour=01`) or `plain`
    /// (`2019/09/01/01`). Default `hive`.
    #[serde(default)]
    pub layout: Layout,

    /// How finely tables are split by event time, UTC: `hour` or `day`. Default `hour`.
    #[serde(default)]
    pub partition_by: PartitionBy,

    /// Whether each row carries `_kafka` (topic, partition, offset, timestamp), which makes the
    /// lake auditable. Default true.
    #[serde(default = "yes")]
    pub kafka_metadata_column: bool,

    /// How long after its end, by event time, a partition still waits for rows: then it is sealed,
    /// and rows that come all the same are told as late. Default 1h, at most 30d.
    #[serde(default = "allowed_lateness")]
    #[schemars(extend("x-maximum" = "30d"))]
    pub allowed_lateness: HumanDuration,

    /// How long nothing may come of a Kafka partition that was read to its end until it no longer
    /// holds seals back: what comes later all the same is told as late. Each time this has passed it
    /// costs a small record in the chain. 1s to 30d. Default: for ever, as `sealed` needs rows of
    /// every Kafka partition then.
    #[serde(default)]
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "30d"))]
    pub quiet_after: Option<HumanDuration>,

    /// Whether a sealed partition gets a file `_SUCCESS` in its folder, which says what the seal
    /// says. Default false.
    #[serde(default)]
    pub success_file: bool,
}

const fn yes() -> bool {
    true
}

const fn allowed_lateness() -> HumanDuration {
    HumanDuration::from_secs(3_600)
}

/// When a file closes, and what is inside. Whichever limit is reached first closes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FileSection {
    /// Bytes of a file, about. Default 128MiB, 1MiB to 5GiB.
    #[schemars(extend("x-minimum" = "1MiB", "x-maximum" = "5GiB"))]
    pub max_bytes: ByteSize,

    /// Rows of a file. Default 5_000_000, 1 to 1_000_000_000.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max_rows: u64,

    /// How long a file stays open, wall clock: the longest that a row waits to be seen. Default 5m,
    /// 1s to 24h.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "24h"))]
    pub max_age: HumanDuration,

    /// How long a file stays open without a new row. Default 1m, 1s to 24h.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "24h"))]
    pub max_idle: HumanDuration,

    /// Bytes of a row group before compression, about; an open file holds one in memory. Default
    /// 128MiB, 1MiB to 1GiB.
    #[schemars(extend("x-minimum" = "1MiB", "x-maximum" = "1GiB"))]
    pub row_group_bytes: ByteSize,

    /// `snappy` or `zstd`. Default `snappy`, without the columns that it shortens by less than an
    /// eighth, such as random ids.
    pub compression: Compression,
}

impl Default for FileSection {
    fn default() -> Self {
        Self {
            max_bytes: ByteSize::from_mib(128),
            max_rows: 5_000_000,
            max_age: HumanDuration::from_secs(300),
            max_idle: HumanDuration::from_secs(60),
            row_group_bytes: ByteSize::from_mib(128),
            compression: Compression::Snappy,
        }
    }
}

/// How Parquet pages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Compression {
    /// Fast, and read by everything. A column that it hardly shortens is left as it is.
    Snappy,
    /// Smaller, for more CPU.
    Zstd,
}

/// The folders of a partition date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Layout {
    /// `dt=2019-09-01/hour=01`: found by every engine by itself.
    #[default]
    Hive,
    /// `2019/09/01/01`: partitions are registered one by one.
    Plain,
}

/// How finely a table is split by event time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum PartitionBy {
    /// One partition an hour.
    #[default]
    Hour,
    /// One partition a day.
    Day,
}

impl From<PartitionBy> for Granularity {
    fn from(partition_by: PartitionBy) -> Self {
        match partition_by {
            PartitionBy::Hour => Self::Hour,
            PartitionBy::Day => Self::Day,
        }
    }
}
