use serde::{Deserialize, Serialize};

use crate::PartitionDate;

/// What a data file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Good rows.
    Golden,
    /// Rejected records, as they were.
    Quarantine,
}

/// Where the bytes of a file lie until its commit is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Staged {
    /// A multipart upload on the final key that only waits for its completion (object stores).
    Multipart {
        /// The store's id of the upload.
        upload: String,
        /// The store's ids of its parts, in order.
        parts: Vec<String>,
    },
    /// A closed and synced file in the staging tree, to be renamed (local disk, HDFS).
    File {
        /// Its path below the staging root.
        path: String,
    },
}

/// One file of a commit: everything about it that the lake needs without opening it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFile {
    /// Path below the lake's root, `/` between segments, never a leading one.
    pub path: String,
    /// Golden or quarantine.
    pub kind: FileKind,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// XXH3 (128 bit) of the file's bytes, 32 hex digits.
    pub xxh3: String,
    /// The partition it lies in.
    pub partition_date: PartitionDate,
    /// Smallest and largest event time of its rows, microseconds since 1970-01-01 UTC.
    pub event_time: [i64; 2],
    /// Where its bytes are until the commit is published.
    pub stage: Staged,
}
