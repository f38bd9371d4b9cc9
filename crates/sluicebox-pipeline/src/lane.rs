use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sluicebox_chain::{ChainId, CommitRecord, DedupResume, RecordTable, Tail};
use sluicebox_decode::{JsonDecoder, SchemaError};
use sluicebox_dedup::{KeyError, KeyHasher, KeySpec, LogClock, ResumePoint, ResumePoints, Window};
use sluicebox_parquet::{Cut, WriteError};
use sluicebox_types::{Offset, OffsetRange, SourceRecord, TopicPartition};

use crate::commit::CutRange;
use crate::environment::Environment;
use crate::hops::decode::{LogTime, decode};
use crate::hops::dedup::{DedupScratch, Unique};
use crate::hops::write::write;
use crate::hops::{dedup, event_time, rules};
use crate::open_range::OpenRange;
use crate::ports::DeadLetter;
use crate::quiet::Quiet;
use crate::status::Holding;
use crate::topic::{RollCause, TopicSpec};

/// One Kafka partition on its worker: its place in the log, its dedup window and what is open.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) partition: TopicPartition,
    /// Which assignment of the partition this is; answers to an earlier one are stale.
    pub(crate) epoch: u64,
    pub(crate) spec: Arc<TopicSpec>,
    chain: ChainId,
    tail: Tail,
    /// The next offset to read.
    position: Offset,
    time: LogTime,
    window: Option<Window>,
    range: OpenRange,
    quiet: Quiet,
    /// A commit is on its way; until it is answered no other may start.
    pub(crate) committing: bool,
    /// Whether the end of the partition was seen.
    pub(crate) caught_up: bool,
    read_timestamp_millis: Option<i64>,
    accounted_bytes: usize,
}

/// What a worker keeps per topic, for all the partitions that it reads of it.
#[derive(Debug)]
pub(crate) struct TopicTools {
    decoder: JsonDecoder,
    hasher: Option<KeyHasher>,
    scratch: DedupScratch,
}

/// A fault of the program, not of the data: the partition halts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaneError {
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Schema(#[from] SchemaError),
    #[error("internal error: a topic without decoder")]
    NoTools,
}

/// How a partition is started: everything that its new owner knows of it.
#[derive(Debug)]
pub(crate) struct LaneStart {
    pub(crate) partition: TopicPartition,
    pub(crate) epoch: u64,
    pub(crate) spec: Arc<TopicSpec>,
    pub(crate) chain: ChainId,
    pub(crate) tail: Tail,
    /// Where reading starts: at the tail's end, or further back to rebuild the dedup window.
    pub(crate) read_from: Offset,
    /// What retention removed behind the tail.
    pub(crate) gap: Option<OffsetRange>,
}

impl TopicTools {
    pub(crate) fn new(spec: &TopicSpec) -> Result<Self, LaneError> {
        let decoder = spec.decoder()?;
        let hasher = match spec.dedup.as_ref().map(|dedup| &dedup.key) {
            Some(KeySpec::Fields(fields)) => {
                Some(KeyHasher::for_fields(&spec.rules.output_schema(), fields)?)
            }
            _ => None,
        };
        Ok(Self {
            decoder,
            hasher,
            scratch: DedupScratch::default(),
        })
    }
}

impl Lane {
    pub(crate) fn new(start: LaneStart) -> Self {
        let LaneStart {
            partition,
            epoch,
            spec,
            chain,
            tail,
            read_from,
            gap,
        } = start;
        let mut range = OpenRange::new(&spec, tail.end);
        range.gaps.extend(gap);
        let clock_before = tail.dedup.and_then(|dedup| dedup.clock_before);
        let window = spec.dedup.as_ref().map(|dedup| dedup.window);
        let (length, jump) = window.map_or((0, None), |w| (w.length_millis, w.jump_millis));
        let point = ResumePoint {
            offset: read_from,
            clock_before,
        };
        let time = LogTime {
            clock: LogClock::new(jump, clock_before),
            resume: ResumePoints::resuming(length, point),
        };
        Self {
            partition,
            epoch,
            chain,
            tail,
            position: read_from,
            time,
            window: window.map(Window::new),
            quiet: Quiet::new(spec.quiet_after),
            range,
            committing: false,
            caught_up: false,
            read_timestamp_millis: None,
            accounted_bytes: 0,
            spec,
        }
    }

    /// Takes records in, in offset order.
    pub(crate) fn ingest(
        &mut self,
        tools: &mut TopicTools,
        records: &[SourceRecord<'_>],
        now: Duration,
        outbox: &mut VecDeque<DeadLetter>,
    ) -> Result<(), LaneError> {
        let mut rest = self.advance(records, now);
        while !rest.is_empty() {
            let (decoded, taken) = decode(&self.spec, &mut tools.decoder, &mut self.time, rest);
            let ruled = rules::apply(&self.spec.rules, decoded);
            let timed = event_time::assign(&self.spec.event_time, ruled);
            let unique = match (&self.spec.dedup, &mut self.window) {
                (Some(spec), Some(window)) => {
                    let TopicTools {
                        hasher, scratch, ..
                    } = tools;
                    dedup::mark(&spec.key, hasher.as_mut(), window, scratch, timed)?
                }
                _ => Unique(timed),
            };
            let (now_read, later) = rest.split_at(taken.min(rest.len()));
            let dead_letter = self.spec.dead_letter;
            write(
                &mut self.range,
                &self.partition,
                now_read,
                dead_letter,
                unique,
                outbox,
            )?;
            rest = later;
        }
        Ok(())
    }

    /// Moves the position over these records and over offsets without one. Answers the records that
    /// are new: a client that hands out a record again is not believed.
    fn advance<'a, 'r>(
        &mut self,
        records: &'r [SourceRecord<'a>],
        now: Duration,
    ) -> &'r [SourceRecord<'a>] {
        let known = records.partition_point(|record| record.offset < self.position);
        let (_, new) = records.split_at(known);
        for record in new {
            self.range.pass_absent(self.position, record.offset);
            self.position = record.offset + 1;
        }
        if let Some(last) = new.last() {
            self.quiet.end();
            self.read_timestamp_millis = last.timestamp_millis.or(self.read_timestamp_millis);
            if self.position > self.range.start() {
                self.range.touch(now);
            }
        }
        new
    }

    /// The end of the partition is at `offset`: everything before it was handed out, or is no
    /// record.
    pub(crate) fn reach_end(&mut self, offset: Offset, now: Duration) {
        self.caught_up = true;
        self.quiet.begin(now);
        if offset > self.position {
            self.range.pass_absent(self.position, offset);
            self.position = offset;
        }
        // Also where only a gap was passed, behind which there is nothing.
        if self.has_uncommitted() {
            self.range.touch(now);
        }
    }

    /// Whether, and why, what is open should be committed now.
    pub(crate) fn due(&self, now: Duration) -> Option<RollCause> {
        if self.committing {
            return None;
        }
        if !self.has_uncommitted() {
            return self.quiet.is_due(now).then_some(RollCause::Idle);
        }
        self.range.due(&self.spec.roll, self.position, now)
    }

    /// Whether there is anything that a commit would cover.
    pub(crate) fn has_uncommitted(&self) -> bool {
        self.position > self.range.start()
    }

    /// Closes everything at the current position; the next range is open when this returns.
    pub(crate) fn cut(
        &mut self,
        env: &Environment,
        cause: RollCause,
    ) -> Result<CutRange, LaneError> {
        let id = (env.fresh_id)();
        let end = self.position;
        let mut record = CommitRecord::after(&self.tail, self.chain.clone(), id, end);
        if record.range.is_empty() {
            let quiet_until = self.quiet.watermark(env.clock.now_millis());
            record.watermark = record.watermark.max(quiet_until);
            self.quiet.begin(env.clock.monotonic());
        }
        let cut = Cut {
            partition: self.partition.partition,
            range: record.range,
            attempt: id,
            commit_id: format!("{}/{}", self.chain, record.seq),
        };
        let next = OpenRange::new(&self.spec, end);
        let mut range = std::mem::replace(&mut self.range, next);
        let mut files = range.golden.close(&cut)?;
        files.extend(range.quarantine.close(&cut)?);
        record.table = (!files.is_empty()).then(|| self.record_table());
        record.gaps = range.gaps;
        record.count = range.counts;
        record.duplicates = range.duplicates;
        record.skipped = range.skipped;
        record.absent = range.absent;
        record.dedup = self.window.as_ref().map(|_| self.dedup_resume(end));
        record.decision.clone_from(&self.spec.decision);
        record.writer = env.writer.clone();
        record.at = crate::chain_io::rfc3339(env.clock.now_millis());
        self.committing = true;
        let bytes = files.iter().map(|file| file.bytes.len()).sum();
        Ok(CutRange {
            partition: self.partition.clone(),
            epoch: self.epoch,
            table: Arc::clone(&self.spec.golden),
            record,
            files,
            outstanding: range.outstanding,
            held: env.memory.hold(bytes),
            cause,
        })
    }

    fn record_table(&self) -> RecordTable {
        let golden = &self.spec.golden;
        RecordTable {
            database: golden.database.clone(),
            name: golden.table.clone(),
            folder: golden.folder(),
            schema: golden.schema_fingerprint.clone(),
        }
    }

    fn dedup_resume(&self, end: Offset) -> DedupResume {
        let ResumePoint {
            offset,
            clock_before,
        } = self.time.resume.resume_at(end);
        let clock_end = self.time.clock.value();
        DedupResume {
            window_start: offset,
            clock_before,
            clock_end,
        }
    }

    /// The commit on its way has become the tail.
    pub(crate) fn committed(&mut self, tail: Tail) {
        self.tail = tail;
        self.committing = false;
    }

    /// The next offset to read.
    pub(crate) const fn position(&self) -> Offset {
        self.position
    }

    /// Kafka's timestamp of the last record that had one.
    pub(crate) const fn read_timestamp_millis(&self) -> Option<i64> {
        self.read_timestamp_millis
    }

    /// What it keeps in memory.
    pub(crate) fn holding(&self) -> Holding {
        Holding {
            files: self.range.open_files(),
            file_bytes: self.range.memory_bytes(),
            since: self.range.first_read_at(),
            window_entries: self.window.as_ref().map_or(0, Window::entries),
            window_bytes: self.window.as_ref().map_or(0, Window::memory_bytes),
        }
    }

    /// Bytes of what is open: what a commit would free.
    pub(crate) fn open_bytes(&self) -> usize {
        self.range.memory_bytes()
    }

    /// Brings the process's account up to date with what this lane holds.
    pub(crate) fn account(&mut self, env: &Environment) {
        let window = self.window.as_ref().map_or(0, Window::memory_bytes);
        let now = self.range.memory_bytes() + window;
        env.memory.replace_open(self.accounted_bytes, now);
        self.accounted_bytes = now;
    }

    /// Gives its memory back; the lane is about to be dropped.
    pub(crate) fn release(&mut self, env: &Environment) {
        env.memory.replace_open(self.accounted_bytes, 0);
        self.accounted_bytes = 0;
    }
}
