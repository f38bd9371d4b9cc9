use sluicebox_types::{FileKind, Offset, OffsetRange};

use crate::record::CommitRecord;

/// Something in a chain that breaks a promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A record is missing.
    #[error("record {missing} is missing: {after} is followed by {found}")]
    Missing {
        /// The record before the hole.
        after: u64,
        /// The first one missing.
        missing: u64,
        /// The record after the hole.
        found: u64,
    },
    /// A record does not follow the one before it.
    #[error("record {seq} names {named} as its predecessor, which is {actual}")]
    WrongPredecessor {
        /// The record.
        seq: u64,
        /// What it says.
        named: String,
        /// What is there.
        actual: String,
    },
    /// Two records overlap, or offsets between them are covered by none.
    #[error("record {seq} starts at offset {start}, its predecessor ends at {end}")]
    NotContiguous {
        /// The record.
        seq: u64,
        /// Where it starts.
        start: Offset,
        /// Where it should.
        end: Offset,
    },
    /// A record's counts do not add up.
    #[error("record {seq}: {detail}")]
    Unbalanced {
        /// The record.
        seq: u64,
        /// Which numbers differ.
        detail: String,
    },
}

/// What is wrong between a record and the one before it.
#[must_use]
pub fn audit_link(before: &CommitRecord, record: &CommitRecord) -> Vec<Finding> {
    let mut findings = Vec::new();
    if record.seq != before.seq + 1 {
        let (after, found) = (before.seq, record.seq);
        return vec![Finding::Missing {
            after,
            missing: after + 1,
            found,
        }];
    }
    if record.prev != Some(before.id) {
        let named = record
            .prev
            .map_or_else(|| "none".to_owned(), |id| id.to_string());
        let actual = before.id.to_string();
        findings.push(Finding::WrongPredecessor {
            seq: record.seq,
            named,
            actual,
        });
    }
    if record.range.start != before.range.end {
        let (start, end) = (record.range.start, before.range.end);
        findings.push(Finding::NotContiguous {
            seq: record.seq,
            start,
            end,
        });
    }
    findings
}

/// What is wrong inside one record: every offset of its range has exactly one fate.
#[must_use]
pub fn audit_record(record: &CommitRecord) -> Vec<Finding> {
    let rows = |kind| -> u64 {
        record
            .files
            .iter()
            .filter(|file| file.kind == kind)
            .map(|file| file.rows)
            .sum()
    };
    let lost: i64 = record.gaps.iter().map(width).sum();
    let accounted = record.count.read + record.absent.len() + lost.unsigned_abs();
    let count = &record.count;
    let mut findings = Vec::new();
    let mut differ = |what: &str, one: u64, other: u64| {
        if one != other {
            let detail = format!("{what}: {one} against {other}");
            findings.push(Finding::Unbalanced {
                seq: record.seq,
                detail,
            });
        }
    };
    let fates = count.golden + count.rejected + count.duplicate + count.skipped;
    differ("records read against their fates", count.read, fates);
    differ(
        "golden rows against rows in files",
        count.golden,
        rows(FileKind::Golden),
    );
    differ(
        "rejected records against rows in quarantine",
        count.rejected,
        rows(FileKind::Quarantine),
    );
    differ(
        "duplicates against their offsets",
        count.duplicate,
        record.duplicates.len(),
    );
    differ(
        "skipped records against their offsets",
        count.skipped,
        record.skipped.len(),
    );
    differ(
        "offsets of the range against those accounted for",
        width(&record.range).unsigned_abs(),
        accounted,
    );
    findings
}

const fn width(range: &OffsetRange) -> i64 {
    range.end - range.start
}
