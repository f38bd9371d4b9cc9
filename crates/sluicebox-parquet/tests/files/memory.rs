use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sluicebox_parquet::{TableWriter, kafka_column, table_schema};

use crate::tables::{HOUR, SEPTEMBER, cut, flights, flights_batch, spec};

fn ten_columns() -> SchemaRef {
    let fields = (0..10).map(|column| {
        let data_type = if column % 2 == 0 {
            DataType::Int64
        } else {
            DataType::Utf8
        };
        Field::new(format!("c{column}"), data_type, true)
    });
    table_schema(&Schema::new(fields.collect::<Vec<_>>())).unwrap()
}

fn ten_columns_batch(rows: i64) -> RecordBatch {
    let mut columns: Vec<ArrayRef> = Vec::new();
    for column in 0..10 {
        columns.push(if column % 2 == 0 {
            Arc::new(Int64Array::from_iter_values(0..rows))
        } else {
            Arc::new(
                (0..rows)
                    .map(|row| Some(format!("value {row}")))
                    .collect::<StringArray>(),
            )
        });
    }
    columns.push(Arc::new(kafka_column(
        "raw.flights",
        12,
        (0..rows).collect(),
        &[],
    )));
    RecordBatch::try_new(ten_columns(), columns).unwrap()
}

/// A backfill that touches hundreds of dates with a few rows each stays cheap, whether they come at
/// once or one by one.
#[test]
fn many_dates_with_few_rows_are_cheap() {
    for appends in [1, 5] {
        let mut writer = TableWriter::new(Arc::new(spec(&ten_columns())));
        let rows = 300 * 5 / appends;
        let times: Vec<i64> = (0..rows).map(|row| SEPTEMBER + row % 300 * HOUR).collect();
        for _ in 0..appends {
            writer.append(&ten_columns_batch(rows), &times).unwrap();
        }
        assert_eq!((writer.open_files(), writer.rows()), (300, 1_500));
        assert!(
            writer.memory_bytes() < 8 << 20,
            "{} in {appends}",
            writer.memory_bytes()
        );
    }
}

/// Memory and file size follow what is held: they grow with it, memory covers what is encoded, the
/// size is about that of the file to come, and both are zero when nothing is held.
#[test]
fn sizes_follow_what_is_held() {
    let mut writer = TableWriter::new(Arc::new(spec(&flights())));
    let mut sizes = vec![(0, 0)];
    for start in (0..1_000_000).step_by(4_000) {
        writer
            .append(&flights_batch(start..start + 4_000), &[SEPTEMBER; 4_000])
            .unwrap();
        assert!(writer.memory_bytes() > writer.largest_file_bytes());
        if start % 200_000 == 0 {
            sizes.push((writer.memory_bytes(), writer.largest_file_bytes()));
        }
    }
    assert!(
        sizes.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1),
        "{sizes:?}"
    );
    let expected = writer.largest_file_bytes();
    let found = writer
        .close(&cut(0, 1_000_000))
        .unwrap()
        .remove(0)
        .bytes
        .len();
    assert!(
        expected.abs_diff(found) < found / 4,
        "{expected} expected, {found} found"
    );
    assert_eq!((writer.memory_bytes(), writer.largest_file_bytes()), (0, 0));
}

/// A few rows cut out of a large batch do not keep the large batch in memory.
#[test]
fn slices_do_not_pin_their_batch() {
    let mut writer = TableWriter::new(Arc::new(spec(&flights())));
    let large = flights_batch(0..100_000);
    for row in 0..100 {
        writer
            .append(&large.slice(row * 1_000, 1), &[SEPTEMBER])
            .unwrap();
    }
    drop(large);
    assert!(writer.memory_bytes() < 100_000, "{}", writer.memory_bytes());
}
