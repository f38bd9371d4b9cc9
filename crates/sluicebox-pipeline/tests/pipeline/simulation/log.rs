use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use sluicebox_types::{OwnedRecord, TimestampType};

use super::dice::Dice;
use crate::scenario::NOON;

/// Kafka's log of one topic: partitions of records, with offsets at which there is none.
#[derive(Debug)]
pub(super) struct Log(Mutex<Vec<Partition>>);

#[derive(Clone, Debug, Default)]
struct Partition {
    /// All records that ever were.
    records: Vec<OwnedRecord>,
    /// The first offset that still exists.
    low: i64,
    /// The offset of the next record.
    end: i64,
    stamp: i64,
}

/// What has to become of every record of a partition, by the definitions and from the log alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fates {
    pub(super) golden: BTreeSet<i64>,
    pub(super) rejected: BTreeSet<i64>,
    pub(super) duplicates: BTreeSet<i64>,
    pub(super) skipped: BTreeSet<i64>,
}

impl Fates {
    /// Whether this may have become of a log of which `lost` was removed unread, and of which
    /// nobody could say for sure any more what repeats what was removed.
    pub(super) fn is_possible(&self, must: &Self, lost: &BTreeSet<i64>) -> bool {
        let without_loss = |offsets: &BTreeSet<i64>| -> BTreeSet<i64> { offsets - lost };
        let rows = |fates: &Self| -> BTreeSet<i64> { &fates.golden | &fates.duplicates };
        self.golden.is_disjoint(&self.duplicates)
            && self.rejected == without_loss(&must.rejected)
            && self.skipped == without_loss(&must.skipped)
            && rows(self) == without_loss(&rows(must))
    }
}

impl Log {
    pub(super) fn new(partitions: usize) -> Self {
        let empty = Partition {
            stamp: NOON,
            ..Partition::default()
        };
        Self(Mutex::new(vec![empty; partitions]))
    }

    pub(super) fn partitions(&self) -> usize {
        self.0.lock().len()
    }

    pub(super) fn end(&self, partition: usize) -> i64 {
        self.0.lock()[partition].end
    }

    pub(super) fn low(&self, partition: usize) -> i64 {
        self.0.lock()[partition].low
    }

    /// Retention removes what was there first, up to anywhere.
    pub(super) fn remove(&self, partition: usize, dice: &Dice) {
        let partition = &mut self.0.lock()[partition];
        let (low, end) = (partition.low.unsigned_abs(), partition.end.unsigned_abs());
        partition.low = i64::try_from(dice.within(low..=end)).expect("small");
    }

    /// The first records at `from` or behind it, at most so many.
    pub(super) fn read(&self, partition: usize, from: i64, limit: usize) -> Vec<OwnedRecord> {
        let log = self.0.lock();
        let records = &log[partition].records;
        let first = records.partition_point(|record| record.offset < from);
        records[first..].iter().take(limit).cloned().collect()
    }

    /// A few records of any kind.
    pub(super) fn append(&self, partition: usize, dice: &Dice) {
        let mut log = self.0.lock();
        for _ in 0..dice.within(1..=12) {
            log[partition].append(dice);
        }
    }

    /// A record that has to become a row.
    pub(super) fn append_good(&self, partition: usize) {
        let partition = &mut self.0.lock()[partition];
        partition.stamp += 120_000;
        let (stamp, value) = (partition.stamp, event(partition.end));
        partition.push(stamp, Some(value));
    }

    pub(super) fn fates(&self, partition: usize) -> Fates {
        self.0.lock()[partition].fates()
    }
}

impl Partition {
    fn append(&mut self, dice: &Dice) {
        if dice.once_in(12) {
            // A transaction's marker, or what compaction took.
            self.end += i64::try_from(dice.within(1..=3)).expect("small");
            return;
        }
        self.stamp += i64::try_from(dice.within(0..=20_000)).expect("small");
        if dice.once_in(25) {
            self.stamp += 600_000;
        }
        let late = i64::try_from(dice.within(0..=30_000)).expect("small");
        let stamp = self.stamp - if dice.once_in(3) { late } else { 0 };
        let value = match dice.within(0..=19) {
            0 => Some("{\"id\":".to_owned()),
            1 => Some("{\"at\":\"2026-01-01T12:00:00Z\"}".to_owned()),
            2 => None,
            // A repeat of something, near or far.
            3..=8 => Some(event(
                self.end - i64::try_from(dice.within(1..=9)).expect("small"),
            )),
            _ => Some(event(self.end)),
        };
        self.push(stamp, value);
    }

    fn push(&mut self, stamp: i64, value: Option<String>) {
        self.records.push(OwnedRecord {
            offset: self.end,
            timestamp_millis: Some(stamp),
            timestamp_type: TimestampType::CreateTime,
            key: None,
            value: value.map(String::into_bytes),
            headers: Vec::new(),
        });
        self.end += 1;
    }

    fn fates(&self) -> Fates {
        let mut fates = Fates::default();
        let mut clock = None;
        let mut seen: BTreeMap<&[u8], i64> = BTreeMap::new();
        for record in &self.records {
            let stamp = record.timestamp_millis.expect("every record has a stamp");
            let now = clock.map_or(stamp, |clock: i64| clock.max(stamp.min(clock + 300_000)));
            clock = Some(now);
            let fate = match record.value.as_deref() {
                None => &mut fates.skipped,
                Some(value) if !value.starts_with(b"{\"id\":") || value.len() < 10 => {
                    &mut fates.rejected
                }
                Some(value) => match seen.insert(value, now) {
                    Some(before) if now - before <= 60_000 => &mut fates.duplicates,
                    _ => &mut fates.golden,
                },
            };
            fate.insert(record.offset);
        }
        fates
    }
}

/// Three hours at a time, so that a commit has several files, and later ones as time goes on, so that
/// hours become complete.
fn event(id: i64) -> String {
    let hour = 12 + id.rem_euclid(3) + (id.max(0) / 30).min(8);
    format!(r#"{{"id":{id},"at":"2026-01-01T{hour}:00:00Z"}}"#)
}
