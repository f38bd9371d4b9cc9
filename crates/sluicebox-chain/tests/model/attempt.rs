//! A record in few bytes, and its way to a real one and back.

use sluicebox_chain::{ChainId, CommitRecord, Tail, Writer};
use sluicebox_types::{DataFile, FileKind, Granularity, PartitionDate, Staged};
use uuid::Uuid;

/// All that matters of a record: its place, its offsets and the attempt that made it. Who made the
/// one before it matters to an auditor only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Attempt {
    pub(crate) seq: u8,
    pub(crate) start: u8,
    pub(crate) end: u8,
    pub(crate) id: u8,
}

/// What a hint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Told {
    pub(crate) seq: u8,
    pub(crate) id: u8,
}

impl Attempt {
    /// The record as a driver makes it, with a file for each of `files` partition dates.
    pub(crate) fn record(self, files: u8) -> CommitRecord {
        let id = Uuid::from_u128(self.id.into());
        if self.seq == 0 {
            return CommitRecord::genesis(chain(), id, self.start.into(), writer(), String::new());
        }
        let before = tail(self.seq - 1, self.start);
        let mut record = CommitRecord::after(&before, chain(), id, self.end.into());
        record.files = (0..self.files(files)).map(file).collect();
        record
    }

    /// What a driver's record says.
    pub(crate) fn of(record: &CommitRecord) -> Self {
        Self {
            seq: small(record.seq),
            start: small(record.range.start),
            end: small(record.range.end),
            id: small(record.id.as_u128()),
        }
    }

    /// What a hint says of it.
    pub(crate) const fn told(self) -> Told {
        Told {
            seq: self.seq,
            id: self.id,
        }
    }

    /// How many files it has: one for each partition date, unless it covers nothing.
    pub(crate) const fn files(self, dates: u8) -> u8 {
        if self.start == self.end { 0 } else { dates }
    }

    /// One bit for each of its files.
    pub(crate) const fn all(self, dates: u8) -> u8 {
        (1 << self.files(dates)) - 1
    }

    /// One bit for each offset that it covers.
    pub(crate) const fn offsets(self) -> u8 {
        below(self.end) & !below(self.start)
    }
}

/// One bit for each offset below `end`.
pub(crate) const fn below(end: u8) -> u8 {
    (1 << end) - 1
}

/// A number of a model, which has no large ones.
pub(crate) fn small<N: TryInto<u8>>(number: N) -> u8
where
    N::Error: std::fmt::Debug,
{
    number.try_into().expect("a model's numbers are small")
}

/// The one chain.
pub(crate) fn chain() -> ChainId {
    ChainId {
        pipeline: String::new(),
        topic: String::new(),
        partition: 0,
    }
}

/// Who writes.
pub(crate) const fn writer() -> Writer {
    Writer {
        instance: String::new(),
        version: String::new(),
    }
}

/// The end of a chain at this place.
pub(crate) const fn tail(seq: u8, end: u8) -> Tail {
    Tail {
        topic_id: None,
        seq: seq as u64,
        id: Uuid::nil(),
        end: end as i64,
        dedup: None,
        watermark: None,
        decision: String::new(),
    }
}

fn file(index: u8) -> DataFile {
    DataFile {
        path: index.to_string(),
        kind: FileKind::Golden,
        bytes: 1,
        rows: 1,
        xxh3: String::new(),
        partition_date: PartitionDate::of_micros(0, Granularity::Hour),
        event_time: [0, 0],
        stage: Staged::File {
            path: String::new(),
        },
    }
}
