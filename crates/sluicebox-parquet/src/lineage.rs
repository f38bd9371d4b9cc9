use parquet::file::metadata::{KeyValue, ParquetMetaData};
use serde::{Deserialize, Serialize};
use sluicebox_types::OffsetRange;

const PIPELINE: &str = "sluicebox.pipeline";
const VERSION: &str = "sluicebox.version";
const COMMIT_ID: &str = "sluicebox.commit_id";
const SCHEMA_FINGERPRINT: &str = "sluicebox.schema_fingerprint";
const EVENT_TIME_MIN: &str = "sluicebox.event_time_min";
const EVENT_TIME_MAX: &str = "sluicebox.event_time_max";
const KAFKA: &str = "sluicebox.kafka";

/// Where a file comes from, as its footer tells: enough to rebuild the catalog from the files alone.
///
/// It stands in the footer's key-value metadata under `sluicebox.*`: `pipeline`, `version`,
/// `commit_id`, `schema_fingerprint`, `event_time_min` and `event_time_max` (decimal microseconds
/// since 1970-01-01 UTC), and `kafka` (JSON with `topic`, `partition`, `start`, `end`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The pipeline that wrote it.
    pub pipeline: String,
    /// The version of the product that wrote it.
    pub version: String,
    /// The commit that it was written for.
    pub commit_id: String,
    /// Its Kafka topic.
    pub topic: String,
    /// Its Kafka partition.
    pub partition: i32,
    /// The offsets of its commit.
    pub range: OffsetRange,
    /// Its rows.
    pub rows: u64,
    /// The fingerprint of its schema.
    pub schema_fingerprint: String,
    /// Smallest and largest event time of its rows, microseconds since 1970-01-01 UTC.
    pub event_time: [i64; 2],
}

/// A footer that does not tell where its file comes from.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LineageError {
    /// An entry is missing.
    #[error("the footer has no `{key}`: the file was not written by Sluicebox")]
    Missing {
        /// The entry.
        key: &'static str,
    },
    /// An entry is not of its form.
    #[error("the footer's `{key}` is no {expected}: the file is damaged or from another writer")]
    Invalid {
        /// The entry.
        key: &'static str,
        /// What stands there in files of Sluicebox.
        expected: &'static str,
    },
}

#[derive(Serialize, Deserialize)]
struct KafkaRange {
    topic: String,
    partition: i32,
    start: i64,
    end: i64,
}

impl Lineage {
    /// The key-value pairs of the footer.
    pub(crate) fn into_footer(self) -> Vec<KeyValue> {
        let OffsetRange { start, end } = self.range;
        let kafka = serde_json::json!(
            { "topic": self.topic, "partition": self.partition, "start": start, "end": end }
        );
        let [min, max] = self.event_time;
        [
            (PIPELINE, self.pipeline),
            (VERSION, self.version),
            (COMMIT_ID, self.commit_id),
            (SCHEMA_FINGERPRINT, self.schema_fingerprint),
            (EVENT_TIME_MIN, min.to_string()),
            (EVENT_TIME_MAX, max.to_string()),
            (KAFKA, kafka.to_string()),
        ]
        .into_iter()
        .map(|(key, value)| KeyValue::new(key.to_owned(), value))
        .collect()
    }

    /// The inverse of [`Self::into_footer`].
    pub(crate) fn from_footer(footer: &ParquetMetaData) -> Result<Self, LineageError> {
        let file = footer.file_metadata();
        let entries = file.key_value_metadata().map_or(&[][..], Vec::as_slice);
        let kafka: KafkaRange =
            serde_json::from_str(entry(entries, KAFKA)?).map_err(|_not_json| {
                LineageError::Invalid {
                    key: KAFKA,
                    expected: "JSON with topic, partition, start, end",
                }
            })?;
        let rows = u64::try_from(file.num_rows()).map_err(|_negative| LineageError::Invalid {
            key: "num_rows",
            expected: "count",
        })?;
        Ok(Self {
            pipeline: entry(entries, PIPELINE)?.to_owned(),
            version: entry(entries, VERSION)?.to_owned(),
            commit_id: entry(entries, COMMIT_ID)?.to_owned(),
            topic: kafka.topic,
            partition: kafka.partition,
            range: OffsetRange::new(kafka.start, kafka.end),
            rows,
            schema_fingerprint: entry(entries, SCHEMA_FINGERPRINT)?.to_owned(),
            event_time: [
                micros(entries, EVENT_TIME_MIN)?,
                micros(entries, EVENT_TIME_MAX)?,
            ],
        })
    }
}

fn entry<'a>(entries: &'a [KeyValue], key: &'static str) -> Result<&'a str, LineageError> {
    let found = entries.iter().find(|entry| entry.key == key);
    found
        .and_then(|entry| entry.value.as_deref())
        .ok_or(LineageError::Missing { key })
}

fn micros(entries: &[KeyValue], key: &'static str) -> Result<i64, LineageError> {
    let invalid = |_not_a_number| LineageError::Invalid {
        key,
        expected: "number of microseconds",
    };
    entry(entries, key)?.parse().map_err(invalid)
}
