use std::fmt;

use serde::{Deserialize, Serialize};
use sluicebox_types::{DataFile, Offset, OffsetRange};
use uuid::Uuid;

use crate::offset_set::OffsetSet;

/// The format that this version writes, and the newest it reads.
const FORMAT: u32 = 1;

/// Which chain: one per pipeline, topic and Kafka partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChainId {
    /// The pipeline's name.
    pub pipeline: String,
    /// The Kafka topic.
    pub topic: String,
    /// The Kafka partition.
    pub partition: i32,
}

/// A file system lists a folder only as a whole, and HDFS takes at most 1,048,576 names into one
/// (`dfs.namenode.fs-limits.max-directory-items`).
const RECORDS_PER_FOLDER: u64 = 1_000;

impl ChainId {
    /// The folder of the chain's records below the control root, with a trailing `/`.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("{}/{}/p{:05}/c/", self.pipeline, self.topic, self.partition)
    }

    /// The path of record `seq` below the control root.
    #[must_use]
    pub fn path(&self, seq: u64) -> String {
        let folder = seq / RECORDS_PER_FOLDER;
        format!("{}{folder:017}/{seq:020}.json", self.prefix())
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}[{}]", self.pipeline, self.topic, self.partition)
    }
}

/// The sequence number in a record's path; none for a path that is no record's.
#[must_use]
pub fn seq_of_path(path: &str) -> Option<u64> {
    let name = path.rsplit('/').next()?.strip_suffix(".json")?;
    (name.len() == 20).then(|| name.parse().ok())?
}

/// What became of the records of a range. `read` is the sum of all the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records that Kafka delivered.
    pub read: u64,
    /// Rows in golden files.
    pub golden: u64,
    /// Rows in quarantine files (and the dead-letter topic).
    pub rejected: u64,
    /// Dropped as duplicates.
    pub duplicate: u64,
    /// Tombstones that were skipped, and rows that a `where` rule left out.
    pub skipped: u64,
}

impl Counts {
    /// Whether every record read has exactly one fate.
    #[must_use]
    pub const fn balanced(&self) -> bool {
        let kept = self.golden.saturating_add(self.rejected);
        let dropped = self.duplicate.saturating_add(self.skipped);
        self.read == kept.saturating_add(dropped)
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.read = self.read.saturating_add(other.read);
        self.golden = self.golden.saturating_add(other.golden);
        self.rejected = self.rejected.saturating_add(other.rejected);
        self.duplicate = self.duplicate.saturating_add(other.duplicate);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }
}

/// Where the next owner starts to rebuild the dedup window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DedupResume {
    /// First offset to replay.
    pub window_start: Offset,
    /// The log clock before that offset, if it had a value.
    pub clock_before: Option<i64>,
    /// The log clock at the end of the range: a rebuild must arrive at it.
    pub clock_end: Option<i64>,
}

/// Who made a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// The process: host name and a random part.
    pub instance: String,
    /// Its version of Sluicebox.
    pub version: String,
}

/// The table that a record's golden files belong to, as it was when the record was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordTable {
    /// The database that catalogs know it in.
    pub database: String,
    /// Its name.
    pub name: String,
    /// Its folder below the lake's root, without `/` at its ends.
    pub folder: String,
    /// The fingerprint of its schema.
    pub schema: String,
}

/// One link of the chain. About 1 KB of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommitRecord {
    /// Format version.
    pub v: u32,
    /// Which chain it belongs to.
    #[serde(flatten)]
    pub chain: ChainId,
    /// Kafka's id of the topic (KIP-516): another topic of the same name has another. None where
    /// the brokers know none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,
    /// The table of its golden files; none in a record without files, or of an early version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<RecordTable>,
    /// Its place in the chain, from 0 (the genesis record, which covers no offset).
    pub seq: u64,
    /// The attempt that made it.
    pub id: Uuid,
    /// The id of its predecessor; none for the genesis record.
    pub prev: Option<Uuid>,
    /// The offsets it covers.
    #[serde(flatten)]
    pub range: OffsetRange,
    /// Offsets of the range that were lost to retention before they could be read.
    pub gaps: Vec<OffsetRange>,
    /// Its files.
    pub files: Vec<DataFile>,
    /// What became of its records.
    pub count: Counts,
    /// Offsets dropped as duplicates.
    pub duplicates: OffsetSet,
    /// Offsets skipped (tombstones, `where`).
    pub skipped: OffsetSet,
    /// Offsets at which Kafka holds no record (transaction markers, aborted records, compaction).
    pub absent: OffsetSet,
    /// Where a dedup window is rebuilt from; none without dedup.
    pub dedup: Option<DedupResume>,
    /// Latest event time of all golden rows of the chain up to the end of this record, microseconds
    /// since 1970-01-01 UTC; none before the first row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<i64>,
    /// Hash of everything that decides a record's fate (schema, rules, dedup).
    pub decision: String,
    /// Who made it.
    pub writer: Writer,
    /// When, RFC 3339. For people; nothing decides by it.
    pub at: String,
}

/// Bytes that are no record of this chain.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not the JSON of a record.
    #[error("{path} is no commit record: {source}")]
    Malformed {
        /// Path below the control root.
        path: String,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// Written by a newer version.
    #[error("{path} has format {format}, this version reads up to {FORMAT}: upgrade Sluicebox")]
    Newer {
        /// Path below the control root.
        path: String,
        /// The format found.
        format: u64,
    },
}

impl CommitRecord {
    /// The first record of a chain: it covers nothing and fixes where reading starts.
    #[must_use]
    pub fn genesis(chain: ChainId, id: Uuid, start: Offset, writer: Writer, at: String) -> Self {
        Self {
            v: FORMAT,
            chain,
            topic_id: None,
            table: None,
            seq: 0,
            id,
            prev: None,
            range: OffsetRange::new(start, start),
            gaps: Vec::new(),
            files: Vec::new(),
            count: Counts::default(),
            duplicates: OffsetSet::default(),
            skipped: OffsetSet::default(),
            absent: OffsetSet::default(),
            dedup: None,
            watermark: None,
            decision: String::new(),
            writer,
            at,
        }
    }

    /// The record after `tail`, still without content.
    #[must_use]
    pub fn after(tail: &Tail, chain: ChainId, id: Uuid, end: Offset) -> Self {
        let writer = Writer {
            instance: String::new(),
            version: String::new(),
        };
        let genesis = Self::genesis(chain, id, tail.end, writer, String::new());
        Self {
            topic_id: tail.topic_id.clone(),
            seq: tail.seq.saturating_add(1),
            prev: Some(tail.id),
            range: OffsetRange::new(tail.end, end),
            watermark: tail.watermark,
            ..genesis
        }
    }

    /// Its path below the control root.
    #[must_use]
    pub fn path(&self) -> String {
        self.chain.path(self.seq)
    }

    /// Its JSON.
    ///
    /// # Errors
    /// None that a caller can cause; serialisation of a well-formed value.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads a record; `path` is for the error's text.
    ///
    /// # Errors
    /// Foreign bytes, or a format of the future.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, RecordError> {
        let malformed = |source| RecordError::Malformed {
            path: path.to_owned(),
            source,
        };
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(malformed)?;
        match value.get("v").and_then(serde_json::Value::as_u64) {
            Some(format) if format > u64::from(FORMAT) => Err(RecordError::Newer {
                path: path.to_owned(),
                format,
            }),
            _ => serde_json::from_value(value).map_err(malformed),
        }
    }

    /// What the next link needs to know of this one.
    #[must_use]
    pub fn tail(&self) -> Tail {
        Tail {
            topic_id: self.topic_id.clone(),
            seq: self.seq,
            id: self.id,
            end: self.range.end,
            dedup: self.dedup,
            watermark: self.watermark,
            decision: self.decision.clone(),
        }
    }
}

/// The end of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Kafka's id of the topic.
    pub topic_id: Option<String>,
    /// Its newest record's place.
    pub seq: u64,
    /// Its newest record's attempt.
    pub id: Uuid,
    /// The first offset that no record covers.
    pub end: Offset,
    /// Where the dedup window is rebuilt from.
    pub dedup: Option<DedupResume>,
    /// Latest event time of the chain's golden rows.
    pub watermark: Option<i64>,
    /// How fates were decided.
    pub decision: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chain() -> ChainId {
        ChainId {
            pipeline: "flights".into(),
            topic: "raw.flights".into(),
            partition: 12,
        }
    }

    /// Names sort as their numbers do: a listing is in chain order on every store.
    #[test]
    fn paths_sort_by_sequence() {
        assert_eq!(
            chain().path(4711),
            "flights/raw.flights/p00012/c/00000000000000004/00000000000000004711.json"
        );
        for (one, next) in [(9, 10), (999, 1_000), (u64::MAX - 1, u64::MAX)] {
            assert!(chain().path(one) < chain().path(next));
        }
        assert_eq!(seq_of_path(&chain().path(4711)), Some(4711));
        assert_eq!(seq_of_path("flights/raw.flights/p00012/c/x.json"), None);
    }

    /// A record is read back as it was written.
    #[test]
    fn json_round_trips() {
        let writer = Writer {
            instance: "host-1".into(),
            version: "0.1.0".into(),
        };
        let at = "2026-11-23T00:00:00Z".to_owned();
        let genesis = CommitRecord::genesis(chain(), Uuid::nil(), 42, writer, at);
        let bytes = genesis.to_bytes().unwrap();
        assert_eq!(CommitRecord::parse("p", &bytes).unwrap(), genesis);
        let next = CommitRecord::after(&genesis.tail(), chain(), Uuid::max(), 50);
        assert_eq!(
            (next.seq, next.prev, next.range),
            (1, Some(Uuid::nil()), OffsetRange::new(42, 50))
        );
    }

    /// A record of a later version stops the reader instead of being half understood.
    #[test]
    fn newer_formats_are_refused() {
        let error = CommitRecord::parse("c/1.json", br#"{"v":2}"#).unwrap_err();
        assert!(error.to_string().contains("upgrade"), "{error}");
    }

    proptest! {
        /// Foreign bytes are an error, never a panic.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(CommitRecord::parse("p", &bytes).is_err());
        }
    }
}
