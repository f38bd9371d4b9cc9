use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sluicebox_chain::CommitRecord;
use sluicebox_events::{FilesCommitted, Sealed};
use sluicebox_types::FileKind;

use super::instance::ALLOWED_LATENESS;

/// What was told of complete partitions. A partition is named by its events' subject.
#[derive(Debug, Default)]
pub(super) struct Seals {
    /// Where each Kafka partition stood, by sealed partition.
    sealed: BTreeMap<String, BTreeMap<i32, i64>>,
    /// Kafka partition, first offset and lateness of what was told of each partition.
    told: BTreeMap<String, Vec<(i32, i64, bool)>>,
}

impl Seals {
    /// A seal comes once and in order, and says that files are visible which are.
    pub(super) fn take(
        &mut self,
        subject: &str,
        seal: &Sealed,
        chains: &[Arc<CommitRecord>],
        is_visible: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        if let Some((last, _)) = self.sealed.last_key_value()
            && last.as_str() >= subject
        {
            return Err(format!("{subject} is sealed after {last}"));
        }
        let kafka = seal.kafka.iter().map(|place| (place.partition, place.end));
        let ends: BTreeMap<_, _> = kafka.collect();
        for record in chains {
            let end = ends.get(&record.chain.partition).copied().unwrap_or(0);
            let files = record.files.iter().filter(|_| record.range.end <= end);
            let mut golden = files.filter(|file| file.kind == FileKind::Golden);
            if let Some(file) = golden.find(|file| !is_visible(&file.path)) {
                return Err(format!("{subject} is sealed before {}", file.path));
            }
        }
        self.sealed.insert(subject.to_owned(), ends);
        Ok(())
    }

    pub(super) fn take_files(&mut self, subject: &str, data: &FilesCommitted) {
        let told = self.told.entry(subject.to_owned()).or_default();
        let files = data.files.iter();
        told.extend(files.map(|file| (file.kafka.partition, file.kafka.start, data.late)));
    }

    /// What came behind a seal was told as late, whichever was heard first.
    pub(super) fn wrong(&self) -> Option<String> {
        let unnoticed = |(subject, ends): (&String, &BTreeMap<i32, i64>)| {
            let told = self.told.get(subject)?.iter();
            let behind = |(partition, start, _): &&(i32, i64, bool)| {
                ends.get(partition).is_none_or(|end| start >= end)
            };
            let (partition, start, _) = told.filter(behind).find(|(_, _, late)| !late)?;
            Some(format!(
                "{subject} was sealed, and offset {start} of {partition} is not told as late"
            ))
        };
        self.sealed.iter().find_map(unnoticed)
    }

    /// Whether every partition that all chains have passed is sealed, but for those of which nothing
    /// came in time.
    pub(super) fn are_complete(&self, chains: &[Arc<CommitRecord>]) -> bool {
        let mut watermarks = BTreeMap::new();
        for record in chains {
            watermarks.insert(record.chain.partition, record.watermark);
        }
        let all: Option<Vec<i64>> = watermarks.into_values().collect();
        let Some(least) = all.and_then(|all| all.into_iter().min()) else {
            return true;
        };
        let lateness = i64::try_from(ALLOWED_LATENESS.as_micros()).expect("small");
        let files = chains.iter().flat_map(|record| &record.files);
        let golden = files.filter(|file| file.kind == FileKind::Golden);
        let dates: BTreeSet<_> = golden.map(|file| file.partition_date).collect();
        let passed = dates
            .into_iter()
            .filter(|date| date.end_micros().saturating_add(lateness) <= least);
        passed
            .map(|date| format!("db.events/{date}"))
            .all(|subject| {
                let mut told = self.told.get(&subject).into_iter().flatten();
                self.sealed.contains_key(&subject) || told.all(|(_, _, late)| *late)
            })
    }
}
