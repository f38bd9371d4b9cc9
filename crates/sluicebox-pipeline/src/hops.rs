//! The hops of one record inside a worker, in the order in which it passes them. Each takes the
//! type that the hop before it gives.
//!
//! ```text
//! SourceRecord ─decode─▶ Decoded ─rules─▶ Ruled ─event_time─▶ Timed ─dedup─▶ Unique ─write─▶ files
//! ```
//!
//! A hop never drops a row: it changes the row's [`Fate`], so that at the end every record of the
//! run has exactly one. Rejects come before dedup, so a rejected record never shadows a good one.

pub(crate) mod decode;
pub(crate) mod rules;
pub(crate) mod event_time;
pub(crate) mod dedup;
pub(crate) mod write;

use arrow::record_batch::RecordBatch;
use sluicebox_types::{Offset, Reject};

/// Where a row came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// Index of its record in the run.
    pub(crate) record: usize,
    /// Its record's offset.
    pub(crate) offset: Offset,
    /// Its record's timestamp.
    pub(crate) timestamp_millis: Option<i64>,
    /// The log clock at its record.
    pub(crate) clock_millis: i64,
    /// Its dedup key, if that is not made of columns.
    pub(crate) key: Option<u128>,
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fate {
    /// A row in golden.
    Golden,
    /// Quarantine and the dead-letter topic.
    Rejected(Reject),
    /// Left out on purpose: tombstone, or a `where` rule.
    Skipped,
    /// A repeat inside the window.
    Duplicate,
}

/// Rows with their origins and fates: what every hop carries.
#[derive(Debug)]
pub(crate) struct Rows {
    /// One row per origin.
    pub(crate) batch: RecordBatch,
    /// Where each row came from.
    pub(crate) origins: Vec<Origin>,
    /// What becomes of each row.
    pub(crate) fates: Vec<Fate>,
    /// Records that did not become rows.
    pub(crate) rowless: Vec<(usize, Fate)>,
}

impl Rows {
    /// Rejects a row, unless an earlier hop has decided already.
    pub(crate) fn reject(&mut self, row: usize, reject: impl FnOnce() -> Reject) {
        if let Some(fate @ Fate::Golden) = self.fates.get_mut(row) {
            *fate = Fate::Rejected(reject());
        }
    }
}
