use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use proptest::prelude::*;
use sluicebox_parquet::{ClosedFile, Cut, TableWriter, WriteError};
use sluicebox_types::{Granularity, OffsetRange, PartitionDate};
use uuid::Uuid;

use crate::tables::{HOUR, SEPTEMBER, cut, flights, flights_batch, read, spec};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However rows arrive, each is in exactly one file, in the folder of its date, in order.
    #[test]
    fn files_together_are_the_input(
        appends in prop::collection::vec(
            prop::collection::vec(-3 * HOUR..3 * HOUR, 0..300), 0..12,
        ),
        one_large in 0..6_000_i64,
    ) {
        let mut writer = TableWriter::new(Arc::new(spec(&flights())));
        let mut times = Vec::new();
        let appends = appends.into_iter().chain([vec![0; usize::try_from(one_large).unwrap()]]);
        for append in appends {
            let append: Vec<i64> = append.iter().map(|time| SEPTEMBER + time).collect();
            let start = i64::try_from(times.len()).unwrap();
            times.extend_from_slice(&append);
            let end = i64::try_from(times.len()).unwrap();
            writer.append(&flights_batch(start..end), &append).unwrap();
        }
        prop_assert_eq!(writer.rows(), times.len() as u64);
        let closed = writer.close(&cut(0, 1_000_000)).unwrap();
        let mut seen: Vec<i64> = closed.iter().flat_map(|file| checked_rows(file, &times)).collect();
        seen.sort_unstable();
        prop_assert!(seen.into_iter().eq(0..i64::try_from(times.len()).unwrap()));
    }
}

/// The numbers of a file's rows, after a look at everything that its manifest says about them.
fn checked_rows(file: &ClosedFile, times: &[i64]) -> Vec<i64> {
    let rows = read(&file.bytes.to_bytes());
    let numbers = rows["n"].as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(file.rows, numbers.len() as u64);
    assert!(numbers.is_sorted(), "rows keep their order");
    let times: Vec<i64> = numbers
        .iter()
        .map(|&n| times[usize::try_from(n).unwrap()])
        .collect();
    assert_eq!(
        file.event_time,
        [*times.iter().min().unwrap(), *times.iter().max().unwrap()]
    );
    let date = file.partition_date;
    assert!(
        file.path
            .starts_with(&format!("air/flights/{date}/p00012-")),
        "{}",
        file.path
    );
    assert!(
        times
            .iter()
            .all(|&time| PartitionDate::of_micros(time, Granularity::Hour) == date)
    );
    let texts = rows["text"].as_string::<i32>();
    for (n, text) in numbers.iter().zip(texts) {
        assert_eq!(
            text,
            Some(format!("flight {n}").as_str()),
            "columns of a row stay together"
        );
    }
    numbers
}

/// A writer goes on after a cut as if it were new, and no two files ever have one path.
#[test]
fn cuts_follow_each_other_and_paths_never_meet() {
    let mut writer = TableWriter::new(Arc::new(spec(&flights())));
    let mut paths = BTreeSet::new();
    let mut files = 0;
    for (start, attempt) in [(0, 1), (0, 2), (10, 3)] {
        let times = [SEPTEMBER, SEPTEMBER + HOUR, SEPTEMBER + 2 * HOUR];
        writer
            .append(&flights_batch(start..start + 3), &times)
            .unwrap();
        let cut = Cut {
            range: OffsetRange::new(start, start + 10),
            attempt: Uuid::from_u128(attempt << 96),
            ..cut(0, 1)
        };
        let closed = writer.close(&cut).unwrap();
        assert!(closed.is_sorted_by_key(|file| file.partition_date));
        assert_eq!(
            (writer.rows(), writer.open_files(), writer.memory_bytes()),
            (0, 0, 0)
        );
        assert_eq!(writer.largest_file_bytes(), 0);
        files += closed.len();
        paths.extend(closed.into_iter().map(|file| file.path));
    }
    assert_eq!((files, paths.len()), (9, 9));
}

/// Without rows there is nothing to close, whatever the cut.
#[test]
fn no_rows_give_no_files() {
    let mut writer = TableWriter::new(Arc::new(spec(&flights())));
    writer.append(&flights_batch([]), &[]).unwrap();
    assert_eq!(writer.close(&cut(5, 5)).unwrap(), []);
}

/// After an error nothing half-written can be closed; a discard makes the writer usable again.
#[test]
fn errors_poison_until_discarded() {
    let mut writer = TableWriter::new(Arc::new(spec(&flights())));
    writer
        .append(&flights_batch(0..3), &[SEPTEMBER; 3])
        .unwrap();
    let error = writer
        .append(&flights_batch(3..6), &[SEPTEMBER; 2])
        .unwrap_err();
    assert!(matches!(
        error,
        WriteError::EventTimes {
            rows: 3,
            event_times: 2,
            marks: 3,
        }
    ));
    assert!(matches!(
        writer.close(&cut(0, 6)),
        Err(WriteError::Poisoned)
    ));
    assert!(matches!(
        writer.append(&flights_batch(3..6), &[SEPTEMBER; 3]),
        Err(WriteError::Poisoned)
    ));
    writer.discard();
    assert_eq!((writer.rows(), writer.memory_bytes()), (0, 0));
    writer
        .append(&flights_batch(0..6), &[SEPTEMBER; 6])
        .unwrap();
    assert_eq!(writer.close(&cut(0, 6)).unwrap()[0].rows, 6);
}

/// A cut that no file can be named after is refused before a file exists.
#[test]
fn rows_need_a_cut_with_offsets() {
    let mut writer = TableWriter::new(Arc::new(spec(&flights())));
    writer
        .append(&flights_batch(0..3), &[SEPTEMBER; 3])
        .unwrap();
    assert!(matches!(
        writer.close(&cut(3, 3)),
        Err(WriteError::InvalidCut { .. })
    ));
}
