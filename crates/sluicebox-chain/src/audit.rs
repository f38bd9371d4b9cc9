use sluicebox_types::{FileKind, Offset, OffsetRange};

use crate::record::{CommitRecord, Counts};

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
    if before.seq.checked_add(1) != Some(record.seq) {
        let (after, found) = (before.seq, record.seq);
        return vec![Finding::Missing {
            after,
            missing: after.saturating_add(1),
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
    let rows = |kind| -> i128 {
        record
            .files
            .iter()
            .filter(|file| file.kind == kind)
            .map(|file| i128::from(file.rows))
            .sum()
    };
    let lost: i128 = record.gaps.iter().map(width).sum();
    let [read, golden, rejected, duplicate, skipped] = fates(&record.count);
    let [duplicates, skips, absent] = [&record.duplicates, &record.skipped, &record.absent]
        .map(|offsets| i128::from(offsets.len()));
    let mut findings = Vec::new();
    let mut differ = |what: &str, one: i128, other: i128| {
        if one != other {
            let detail = format!("{what}: {one} against {other}");
            findings.push(Finding::Unbalanced {
                seq: record.seq,
                detail,
            });
        }
    };
    differ(
        "records read against their fates",
        read,
        golden + rejected + duplicate + skipped,
    );
    differ(
        "golden rows against rows in files",
        golden,
        rows(FileKind::Golden),
    );
    differ(
        "rejected records against rows in quarantine",
        rejected,
        rows(FileKind::Quarantine),
    );
    differ("duplicates against their offsets", duplicate, duplicates);
    differ("skipped records against their offsets", skipped, skips);
    differ(
        "offsets of the range against those accounted for",
        width(&record.range),
        read + absent + lost,
    );
    findings
}

/// In numbers that no sum of them leaves: a damaged record may hold any.
fn fates(count: &Counts) -> [i128; 5] {
    let Counts {
        read,
        golden,
        rejected,
        duplicate,
        skipped,
    } = *count;
    [read, golden, rejected, duplicate, skipped].map(i128::from)
}

/// Negative for a range that ends before it starts.
fn width(range: &OffsetRange) -> i128 {
    i128::from(range.end) - i128::from(range.start)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::record::{ChainId, Writer};

    fn record() -> CommitRecord {
        let chain = ChainId {
            pipeline: "flights".to_owned(),
            topic: "flights".to_owned(),
            partition: 0,
        };
        let writer = Writer {
            instance: String::new(),
            version: String::new(),
        };
        CommitRecord::genesis(chain, Uuid::nil(), 0, writer, String::new())
    }

    fn told(record: &CommitRecord) -> Vec<String> {
        audit_record(record)
            .iter()
            .map(Finding::to_string)
            .collect()
    }

    /// A range that ends before it starts is not accounted for by as many records.
    #[test]
    fn a_reversed_range_is_found() {
        let mut reversed = record();
        reversed.range = OffsetRange::new(7, 0);
        (reversed.count.read, reversed.count.golden) = (7, 7);
        assert!(told(&reversed).contains(
            &"record 0: offsets of the range against those accounted for: -7 against 7".to_owned()
        ));
    }

    /// Numbers at their limits are told, not wrapped around into a sum that fits.
    #[test]
    fn sums_beyond_64_bits_are_found() {
        let mut damaged = record();
        damaged.range = OffsetRange::new(i64::MIN, i64::MAX);
        damaged.gaps = vec![damaged.range; 2];
        (damaged.count.golden, damaged.count.rejected) = (u64::MAX, 1);
        let told = told(&damaged);
        assert_eq!(told.len(), 4, "{told:?}");
        let last = CommitRecord {
            seq: u64::MAX,
            ..record()
        };
        assert_eq!(audit_link(&last, &record()).len(), 1);
    }
}
