//! A load: the records of a topic, ready to be sent.

use std::thread;

use anyhow::{Context, Result, anyhow};
use bytes::{Bytes, BytesMut};
use serde::Serialize;

use crate::batch;
use crate::contents::Contents;
use crate::records::{Fate, Record, Records};

/// JSON in one record batch, about: what a producer sends that is set up for throughput.
const BATCH_BYTES: usize = 256 << 10;

/// JSON that is generated at most; more than that goes round again, later in time.
const GENERATED_BYTES_MAX: f64 = 3.0e9;

/// Between a round and the next one: longer than the dedup window of the configs, so that what comes
/// again is new, and shorter than the log clock may jump.
const BETWEEN_ROUNDS_MILLIS: i64 = 120_000;

/// How much it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Records.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Records that repeat one.
    pub repeats: u64,
    /// Records that are no JSON.
    pub malformed: u64,
}

/// What is sent.
#[derive(Debug)]
pub struct Load {
    /// Where it goes.
    pub topics: Vec<TopicLog>,
    /// How much it is in all.
    pub totals: Totals,
}

/// What goes into one topic.
#[derive(Debug)]
pub struct TopicLog {
    /// The topic's name.
    pub name: String,
    /// The log of each of its partitions.
    pub partitions: Vec<PartitionLog>,
}

impl Load {
    /// Generates a load, evenly over all partitions.
    ///
    /// # Errors
    /// When the sizes fit no log.
    pub fn prepare(contents: &Contents) -> Result<Self> {
        Self::prepare_seen(contents, |_record| ())
    }

    /// The same, and shows every record of the first round to `see`, from several threads.
    ///
    /// # Errors
    /// When the sizes fit no log.
    pub fn prepare_seen(contents: &Contents, see: impl Fn(&Record) + Sync) -> Result<Self> {
        let bytes = contents.gigabytes * 1e9;
        let rounds = (bytes / GENERATED_BYTES_MAX).ceil().max(1.0);
        let share = bytes / rounds / f64::from(contents.all_partitions());
        let see = &see;
        let prepared = thread::scope(|scope| {
            let threads: Vec<_> = (0..contents.all_partitions())
                .map(|index| {
                    let records = Records::new(contents, index);
                    scope.spawn(move || PartitionLog::of(records, share, rounds, see))
                })
                .collect();
            let logs = threads.into_iter().map(|thread| {
                let prepared = thread.join();
                prepared.map_err(|_panic| anyhow!("the generator panicked"))?
            });
            logs.collect::<Result<Vec<_>>>()
        })?;
        let mut totals = Totals::default();
        for (_, of_one) in &prepared {
            totals.add(*of_one);
        }
        let mut logs = prepared.into_iter().map(|(log, _)| log);
        let of_topic = usize::try_from(contents.partitions)?;
        let topics = (0..contents.topics).map(|index| TopicLog {
            name: contents.topic(index),
            partitions: logs.by_ref().take(of_topic).collect(),
        });
        Ok(Self {
            topics: topics.collect(),
            totals,
        })
    }
}

impl Totals {
    /// Rows that must come of them.
    #[must_use]
    pub const fn unique(&self) -> u64 {
        self.records - self.repeats - self.malformed
    }

    /// JSON in units of 10⁹ bytes.
    #[must_use]
    pub const fn gigabytes(&self) -> f64 {
        self.bytes as f64 / 1e9
    }

    fn count(&mut self, record: &Record) {
        self.records += 1;
        self.bytes += record.value.len() as u64;
        self.repeats += u64::from(record.fate == Fate::Repeat);
        self.malformed += u64::from(record.fate == Fate::Malformed);
    }

    const fn add(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.repeats += other.repeats;
        self.malformed += other.malformed;
    }

    const fn times(self, rounds: u64) -> Self {
        Self {
            records: self.records * rounds,
            bytes: self.bytes * rounds,
            repeats: self.repeats * rounds,
            malformed: self.malformed * rounds,
        }
    }
}

/// The log of a partition: batches that go round, each round later in the log and in time.
#[derive(Debug)]
pub struct PartitionLog {
    batches: Vec<Batch>,
    round_offsets: i64,
    round_millis: i64,
    rounds: i64,
}

#[derive(Debug)]
struct Batch {
    first_offset: i64,
    bytes: Bytes,
}

impl PartitionLog {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes of loads and numbers of rounds are far below 2⁵³"
    )]
    fn of(
        records: Records,
        round_bytes: f64,
        rounds: f64,
        see: impl Fn(&Record),
    ) -> Result<(Self, Totals)> {
        let mut log = Self {
            batches: Vec::new(),
            round_offsets: 0,
            round_millis: BETWEEN_ROUNDS_MILLIS,
            rounds: rounds as i64,
        };
        let mut totals = Totals::default();
        let mut waiting = Vec::new();
        let mut batch_ends = BATCH_BYTES as u64;
        let first_millis = records.at_millis();
        for record in records {
            see(&record);
            totals.count(&record);
            log.round_millis = BETWEEN_ROUNDS_MILLIS + record.at_millis - first_millis;
            waiting.push(record);
            let is_end = totals.bytes >= round_bytes as u64;
            if is_end || totals.bytes >= batch_ends {
                batch_ends = totals.bytes + BATCH_BYTES as u64;
                log.append(&waiting)?;
                waiting.clear();
            }
            if is_end {
                break;
            }
        }
        Ok((log, totals.times(rounds as u64)))
    }

    fn append(&mut self, records: &[Record]) -> Result<()> {
        self.batches.push(Batch {
            first_offset: self.round_offsets,
            bytes: batch::encode(self.round_offsets, records)?,
        });
        self.round_offsets += i64::try_from(records.len())?;
        Ok(())
    }

    /// The offset after the last record.
    #[must_use]
    pub const fn end(&self) -> i64 {
        self.round_offsets * self.rounds
    }

    /// The batch that holds `offset`, and the offset after it; none at the end of the log.
    ///
    /// # Errors
    /// When there is no such offset.
    pub fn batch_at(&self, offset: i64) -> Result<Option<(BytesMut, i64)>> {
        if offset >= self.end() {
            return Ok(None);
        }
        let (round, in_round) = (offset / self.round_offsets, offset % self.round_offsets);
        let after = self
            .batches
            .partition_point(|batch| batch.first_offset <= in_round);
        let batch = self.batches.get(after.saturating_sub(1));
        let batch = batch.context("a negative offset")?;
        let offsets = round * self.round_offsets;
        let bytes = batch::moved(&batch.bytes, offsets, round * self.round_millis);
        let next = self.batches.get(after);
        let next = next.map_or(self.round_offsets, |next| next.first_offset);
        Ok(Some((bytes, offsets + next)))
    }

    /// The whole batches, from the one that holds `offset` on, that fit into `bytes_max`; the first one
    /// also if it does not fit. Nothing at the end of the log.
    ///
    /// # Errors
    /// When there is no such offset.
    pub fn read(&self, mut offset: i64, bytes_max: usize) -> Result<BytesMut> {
        let mut bytes = BytesMut::new();
        while let Some((batch, next)) = self.batch_at(offset)? {
            if !bytes.is_empty() && bytes.len() + batch.len() > bytes_max {
                break;
            }
            bytes.extend_from_slice(&batch);
            offset = next;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::Shape;

    fn log(rounds: f64) -> (PartitionLog, Totals) {
        let contents = Contents::of(Shape::A, 1.0);
        PartitionLog::of(Records::new(&contents, 0), 1e6, rounds, |_| ()).expect("a log")
    }

    /// What is read goes on without a gap, over the rounds and to the end, and every batch stands at
    /// its offset.
    #[test]
    fn a_log_has_no_gap() {
        let (log, totals) = log(3.0);
        assert_eq!(log.end().unsigned_abs(), totals.records);
        let mut offset = 0;
        while let Some((batch, next)) = log.batch_at(offset).expect("an offset of the log") {
            assert_eq!(batch.get(..8), Some(&offset.to_be_bytes()[..]));
            assert!(next > offset);
            offset = next;
        }
        assert_eq!(offset, log.end());
    }

    /// What is read keeps within its limit, unless one batch alone is more.
    #[test]
    fn a_limit_is_kept() {
        let (log, _) = log(1.0);
        let read = |bytes_max| log.read(0, bytes_max).expect("an offset of the log").len();
        let one = read(1);
        assert!(one > 1);
        assert_eq!(read(one), one);
        assert!((one + 1..=3 * one).contains(&read(3 * one)));
    }

    /// From inside of a batch, the batch that holds the offset is read.
    #[test]
    fn an_offset_is_found_inside_its_batch() {
        let (log, _) = log(2.0);
        let from_start = log
            .read(log.round_offsets, 1)
            .expect("an offset of the log");
        let from_inside = log
            .read(log.round_offsets + 5, 1)
            .expect("an offset of the log");
        assert_eq!(from_start, from_inside);
    }
}
