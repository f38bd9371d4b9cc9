use std::collections::BTreeMap;

use sluicebox_types::{Granularity, PartitionDate};

use crate::selection::Selection;

/// The rows of a batch that belong to one date.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DateRows {
    pub(crate) date: PartitionDate,
    pub(crate) rows: Selection,
    /// Smallest and largest event time, microseconds.
    pub(crate) event_time: [i64; 2],
}

/// Groups the rows that are kept by the date of their event times, in order within each date. One
/// group per date; no row is lost or doubled.
pub(crate) fn split_by_date(
    event_time_micros: &[i64],
    kept: &[bool],
    granularity: Granularity,
) -> Vec<DateRows> {
    let rows = event_time_micros.iter().copied().enumerate().zip(kept);
    let rows = rows.filter_map(|(row, kept)| kept.then_some(row));
    let times = || rows.clone().map(|(_, time)| time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return vec![];
    };
    let date = PartitionDate::of_micros(first, granularity);
    if date == PartitionDate::of_micros(last, granularity) {
        let rows = match kept.iter().all(|kept| *kept) {
            true => Selection::All,
            false => Selection::These(rows.map(|(row, _)| row).collect()),
        };
        return vec![DateRows {
            date,
            rows,
            event_time: [first, last],
        }];
    }
    group_by_date(rows, granularity)
}

#[derive(Debug)]
struct Group {
    rows: Vec<usize>,
    event_time: [i64; 2],
}

fn group_by_date(
    rows: impl Iterator<Item = (usize, i64)>,
    granularity: Granularity,
) -> Vec<DateRows> {
    let mut groups: BTreeMap<PartitionDate, Group> = BTreeMap::new();
    for (row, time) in rows {
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
            rows: Selection::These(rows),
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
        let groups = split_by_date(
            &[HOUR - 1, HOUR, HOUR - 1, -1],
            &[true; 4],
            Granularity::Hour,
        );
        let found: Vec<_> = groups
            .iter()
            .map(|group| (group.date.to_string(), &group.rows, group.event_time))
            .collect();
        let these = |rows: &[usize]| Selection::These(rows.to_vec());
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
        let groups = split_by_date(&[5, 3, 9], &[true; 3], Granularity::Day);
        assert_eq!(groups.len(), 1);
        assert_eq!(
            (&groups[0].rows, groups[0].event_time),
            (&Selection::All, [3, 9])
        );
        assert!(split_by_date(&[], &[], Granularity::Day).is_empty());
        assert!(split_by_date(&[5], &[false], Granularity::Day).is_empty());
    }

    proptest! {
        /// Every row that is kept is in the group of its date, exactly once, and groups keep the order.
        #[test]
        fn groups_partition_the_rows(
            rows in prop::collection::vec((-5 * HOUR..5 * HOUR, any::<bool>()), 1..200),
        ) {
            let (times, kept): (Vec<i64>, Vec<bool>) = rows.into_iter().unzip();
            let mut seen = vec![false; times.len()];
            for group in split_by_date(&times, &kept, Granularity::Hour) {
                let rows = match group.rows {
                    Selection::All => (0..times.len()).collect(),
                    Selection::These(rows) => rows,
                };
                prop_assert!(rows.is_sorted());
                for &row in &rows {
                    prop_assert!(!std::mem::replace(&mut seen[row], true));
                    let date = PartitionDate::of_micros(times[row], Granularity::Hour);
                    prop_assert_eq!(date, group.date);
                }
                let times = || rows.iter().map(|&row| times[row]);
                prop_assert_eq!(group.event_time, [times().min().unwrap(), times().max().unwrap()]);
            }
            prop_assert_eq!(seen, kept);
        }
    }
}
