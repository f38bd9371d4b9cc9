//! Proves the promise from the lake alone: every offset of every chain has exactly one fate, and
//! every file is there, whole, once.
//!
//! Reads the chains record by record, so memory grows with the number of files (16 bytes each), not
//! with their size. May run while ingestion runs: what is committed after its chain was walked is
//! simply not judged.

mod chain_walk;
mod file_check;
mod orphans;

use std::collections::HashSet;

use serde::Serialize;
use sluicebox_chain::{ChainId, Counts};
use sluicebox_types::Offset;
use xxhash_rust::xxh3::xxh3_128;

use crate::ports::{LakeStore, StoreError};

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct VerifyReport {
    /// One entry per Kafka partition, ordered by topic and partition.
    pub partitions: Vec<PartitionProof>,
    /// Files that lie in the tables but in no record.
    pub orphans: Vec<Problem>,
    /// Committed files whose publication is still under way (of newest records only).
    pub pending: Vec<String>,
}

/// What is proved of one Kafka partition.
#[derive(Debug, Serialize)]
pub struct PartitionProof {
    /// Which chain.
    #[serde(flatten)]
    pub chain: ChainId,
    /// Records in the chain.
    pub records: u64,
    /// First offset covered.
    pub start: Offset,
    /// First offset not covered.
    pub end: Offset,
    /// Files named by the records.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What became of the records read.
    pub counts: Counts,
    /// Offsets at which Kafka held no record.
    pub absent: u64,
    /// Offsets lost to retention before they could be read.
    pub lost: u64,
    /// What breaks the promise.
    pub problems: Vec<Problem>,
}

/// One thing that breaks the promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file or record, as a path below the lake's or the control tree's root.
    pub path: String,
    /// What is wrong with it.
    pub detail: String,
}

impl VerifyReport {
    /// Whether nothing breaks the promise.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.problems().next().is_none()
    }

    /// Everything that breaks it.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        let of_chains = self
            .partitions
            .iter()
            .flat_map(|partition| &partition.problems);
        of_chains.chain(&self.orphans)
    }
}

/// Verifies every chain of `pipeline`, or those of one topic.
///
/// # Errors
/// When the store cannot be read; what is wrong *in* it is part of the report.
pub async fn verify(
    store: &dyn LakeStore,
    pipeline: &str,
    topic: Option<&str>,
) -> Result<VerifyReport, StoreError> {
    let mut report = VerifyReport::default();
    let mut known = Known::default();
    let prefix = topic.map_or_else(
        || format!("{pipeline}/"),
        |topic| format!("{pipeline}/{topic}/"),
    );
    chain_walk::walk(store, &prefix, &mut report, &mut known).await?;
    report.orphans = orphans::find(store, pipeline, topic, &known).await?;
    Ok(report)
}

/// The committed files, and the folders in which they lie.
#[derive(Debug, Default)]
struct Known {
    files: HashSet<u128>,
    table_prefixes: std::collections::BTreeSet<String>,
}

impl Known {
    fn add(&mut self, path: &str) {
        self.files.insert(xxh3_128(path.as_bytes()));
        if let Some(prefix) = table_prefix(path) {
            self.table_prefixes.insert(prefix);
        }
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains(&xxh3_128(path.as_bytes()))
    }
}

/// The folder of the table that a file belongs to: everything before its partition date.
fn table_prefix(path: &str) -> Option<String> {
    let segments: Vec<_> = path.split('/').collect();
    let is_date = |segment: &&str| {
        segment.starts_with("dt=") || (segment.len() == 4 && segment.parse::<u16>().is_ok())
    };
    let date = segments.iter().skip(1).position(is_date)? + 1;
    segments
        .get(..date)
        .map(|table| format!("{}/", table.join("/")))
}
