use std::sync::Arc;
use std::time::Duration;

use sluicebox_chain::{Counts, OffsetSet};
use sluicebox_parquet::TableWriter;
use sluicebox_types::{Offset, OffsetRange};

use crate::hops::Fate;
use crate::ports::Outstanding;
use crate::topic::{RollCause, RollPolicy, TopicSpec};

/// What was read of a Kafka partition since its last commit: the record to be, with its files still
/// open.
#[derive(Debug)]
pub(crate) struct OpenRange {
    start: Offset,
    /// Offsets that retention removed before they could be read.
    pub(crate) gaps: Vec<OffsetRange>,
    pub(crate) counts: Counts,
    pub(crate) duplicates: OffsetSet,
    pub(crate) skipped: OffsetSet,
    pub(crate) absent: OffsetSet,
    pub(crate) golden: TableWriter,
    pub(crate) quarantine: TableWriter,
    /// Dead letters of this range that the broker has not acknowledged.
    pub(crate) outstanding: Arc<Outstanding>,
    /// Whether golden rows carry `_kafka`.
    pub(crate) kafka_column: bool,
    first_read_at: Option<Duration>,
    last_read_at: Duration,
}

impl OpenRange {
    pub(crate) fn new(spec: &TopicSpec, start: Offset) -> Self {
        Self {
            start,
            gaps: Vec::new(),
            counts: Counts::default(),
            duplicates: OffsetSet::default(),
            skipped: OffsetSet::default(),
            absent: OffsetSet::default(),
            golden: TableWriter::new(Arc::clone(&spec.golden)),
            quarantine: TableWriter::new(Arc::clone(&spec.quarantine)),
            outstanding: Arc::new(Outstanding::default()),
            kafka_column: spec.kafka_column,
            first_read_at: None,
            last_read_at: Duration::ZERO,
        }
    }

    pub(crate) const fn start(&self) -> Offset {
        self.start
    }

    /// Counts one record's fate.
    pub(crate) fn count(&mut self, offset: Offset, fate: &Fate) {
        self.counts.read += 1;
        match fate {
            Fate::Golden => self.counts.golden += 1,
            Fate::Rejected(_) => self.counts.rejected += 1,
            Fate::Skipped => {
                self.counts.skipped += 1;
                self.skipped.insert(self.start, offset);
            }
            Fate::Duplicate => {
                self.counts.duplicate += 1;
                self.duplicates.insert(self.start, offset);
            }
        }
    }

    /// Kafka holds no record at `from..to`.
    pub(crate) fn pass_absent(&mut self, from: Offset, to: Offset) {
        let from = from.max(self.start);
        if from < to {
            self.absent.insert_range(self.start, from, to);
        }
    }

    /// Something of this range was read now.
    pub(crate) fn touch(&mut self, now: Duration) {
        self.first_read_at.get_or_insert(now);
        self.last_read_at = now;
    }

    /// Whether, and why, its files should be closed.
    pub(crate) fn due(
        &self,
        policy: &RollPolicy,
        position: Offset,
        now: Duration,
    ) -> Option<RollCause> {
        let first = self.first_read_at?;
        let size = || {
            self.golden
                .largest_file_bytes()
                .max(self.quarantine.largest_file_bytes())
        };
        if size() >= policy.max_bytes {
            Some(RollCause::Bytes)
        } else if self.counts.read >= policy.max_rows
            || position - self.start > OffsetSet::WIDTH_MAX / 2
        {
            Some(RollCause::Rows)
        } else if now.saturating_sub(first) >= policy.max_age {
            Some(RollCause::Age)
        } else if now.saturating_sub(self.last_read_at) >= policy.max_idle {
            Some(RollCause::Idle)
        } else {
            None
        }
    }

    /// When its first record was read.
    pub(crate) const fn first_read_at(&self) -> Option<Duration> {
        self.first_read_at
    }

    /// How many files are open.
    pub(crate) fn open_files(&self) -> usize {
        self.golden.open_files() + self.quarantine.open_files()
    }

    /// What its open files hold in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.golden.memory_bytes() + self.quarantine.memory_bytes()
    }
}
