use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;
use sluicebox_types::{Granularity, PartitionDate};

/// The rows of a batch that belong to one date.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DateRows {
    pub(crate) date: PartitionDate,
    pub(crate) rows: RowSelection,
    /// Smallest and largest event time, microseconds.
    pub(crate) event_time: [i64; 2],
}

/// Which rows of a batch, in its order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RowSelection {
    All,
    These(Vec<u64>),
}

impl RowSelection {
    /// A copy of these rows that shares no memory with `batch`.
    pub(crate) fn copy_from(self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let rows: UInt64Array = match self {
            Self::All => (0..).take(batch.num_rows()).collect(),
            Self::These(rows) => rows.into(),
        };
        let rows: ArrayRef = std::sync::Arc::new(rows);
        take_record_batch(batch, &rows)
    }
}

/// Groups rows by the date of their event times, in order within each date. One group per date;
/// no row is lost or doubled.
pub(crate) fn split_by_date(event_time_micros: &[i64], granularity: Granularity) -> Vec<DateRows> {
    let (Some(&first), Some(&last)) = (
        event_time_micros.iter().min(),
        event_time_micros.iter().max(),
    ) else {
        return vec![];
    };
    let date = PartitionDate::of_micros(first, granularity);
    if date == PartitionDate::of_micros(last, granularity) {
        return vec![DateRows {
            date,
            rows: RowSelection::All,
            event_time: [first, last],
        }];
    }
    group_by_date(event_time_micros, granularity)
}

#[derive(Debug)]
struct Group {
    rows: Vec<u64>,
    event_time: [i64; 2],
}

fn group_by_date(event_time_micros: &[i64], granularity: Granularity) -> Vec<DateRows> {
    let mut groups: BTreeMap<PartitionDate, Group> = BTreeMap::new();
    for (row, &time) in (0..).zip(event_time_micros) {
        let group = groups
            .entry(PartitionDate::of_micros(time, granularity))
            .or_insert_with(|| Group {
                rows: vec![],
                event_time: [time, time],
            });
        group.rows.push(row);
        group.event_time = widened(group.event_time, [time, time]);
    }
    groups
        .into_iter()
        .map(|(date, Group { rows, event_time })| DateRows {
            date,
            rows: RowSelection::These(rows),
            event_time,
        })
        .collect()
}

/// The span that covers both.
pub(crate) fn widened([a_min, a_max]: [i64; 2], [b_min, b_max]: [i64; 2]) -> [i64; 2] {
    [a_min.min(b_min), a_max.max(b_max)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    /// A boundary belongs to the hour that it starts.
    #[test]
    fn hours_are_half_open() {
        let groups = split_by_date(&[HOUR - 1, HOUR, HOUR - 1, -1], Granularity::Hour);
        let found: Vec<_> = groups
            .iter()
            .map(|group| (group.date.to_string(), &group.rows, group.event_time))
            .collect();
        let these = |rows: &[u64]| RowSelection::These(rows.to_vec());
        assert_eq!(
            found,
            [
                ("dt=1969-12-31/hour=23".to_owned(), &these(&[3]), [-1, -1]),
                (
                    "dt=1970-01-01/hour=00".to_owned(),
                    &these(&[0, 2]),
                    [HOUR - 1, HOUR - 1]
                ),
                (
                    "dt=1970-01-01/hour=01".to_owned(),
                    &these(&[1]),
                    [HOUR, HOUR]
                ),
            ]
        );
    }

    /// The common case, one date, names no rows at all.
    #[test]
    fn one_date_is_not_split() {
        let groups = split_by_date(&[5, 3, 9], Granularity::Day);
        assert_eq!(groups.len(), 1);
        assert_eq!(
            (&groups[0].rows, groups[0].event_time),
            (&RowSelection::All, [3, 9])
        );
        assert!(split_by_date(&[], Granularity::Day).is_empty());
    }

    proptest! {
        /// Every row is in the group of its date, exactly once, and groups keep the order.
        #[test]
        fn groups_partition_the_rows(
            times in prop::collection::vec(-5 * HOUR..5 * HOUR, 1..200),
        ) {
            let mut seen = vec![0; times.len()];
            for group in split_by_date(&times, Granularity::Hour) {
                let rows = match group.rows {
                    RowSelection::All => (0..times.len()).collect(),
                    RowSelection::These(rows) => {
                        rows.into_iter().map(|row| usize::try_from(row).unwrap()).collect::<Vec<_>>()
                    }
                };
                prop_assert!(rows.is_sorted());
                for &row in &rows {
                    seen[row] += 1;
                    let date = PartitionDate::of_micros(times[row], Granularity::Hour);
                    prop_assert_eq!(date, group.date);
                }
                let times = || rows.iter().map(|&row| times[row]);
                prop_assert_eq!(group.event_time, [times().min().unwrap(), times().max().unwrap()]);
            }
            prop_assert!(seen.iter().all(|&count| count == 1));
        }
    }
}
