//! SQL expressions of rules, over rows with a column of every type.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array,
    Int64Array, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field};
use sluicebox_rules::{RowFate, RuleKind, RuleSpec, Rules};

/// An expression compiles or is refused with a reason. What it says of a row does not depend on the
/// rows beside it. Its first byte says what the rule does.
pub(crate) fn run(data: &[u8]) {
    let Some((kind, sql)) = data.split_first() else {
        return;
    };
    let Ok(sql) = str::from_utf8(sql) else {
        return;
    };
    let rows = rows();
    let spec = RuleSpec {
        name: "rule".to_owned(),
        kind: match kind % 3 {
            0 => RuleKind::Expect,
            1 => RuleKind::Where,
            _ => RuleKind::Derive {
                column: "derived".to_owned(),
            },
        },
        sql: sql.to_owned(),
    };
    match Rules::compile(&[spec], &rows.schema()) {
        Ok(rules) => apply(&rules, &rows),
        Err(mistakes) => assert!(mistakes.iter().all(|told| !told.message.is_empty())),
    }
}

fn apply(rules: &Rules, rows: &RecordBatch) {
    let together = rules.apply(rows.clone());
    let count = rows.num_rows();
    let fates = together.fates.unwrap_or_else(|| vec![RowFate::Pass; count]);
    assert_eq!(together.batch.schema(), rules.output_schema());
    assert_eq!((fates.len(), together.batch.num_rows()), (count, count));
    for (row, fate) in fates.iter().enumerate() {
        let alone = rules.apply(rows.slice(row, 1));
        let fate_alone = alone.fates.map_or(RowFate::Pass, |fates| fates[0]);
        assert_eq!(fate_alone, *fate, "row {row}");
        let columns = alone.batch.columns().iter().zip(together.batch.columns());
        for (alone, together) in columns {
            assert_eq!(
                format!("{alone:?}"),
                format!("{:?}", together.slice(row, 1))
            );
        }
    }
}

/// Usual, smallest, null, empty, largest.
fn rows() -> RecordBatch {
    let micros = || {
        let values = [Some(1_567_296_000_000_001), Some(i64::MIN), None, Some(0)];
        TimestampMicrosecondArray::from_iter(values.into_iter().chain([Some(i64::MAX)]))
    };
    let decimal = |most: i128, precision, scale| -> ArrayRef {
        let values = [Some(12_345), Some(-most), None, Some(0), Some(most)];
        let values = Decimal128Array::from_iter(values);
        Arc::new(
            values
                .with_precision_and_scale(precision, scale)
                .expect("a decimal"),
        )
    };
    let texts = [
        Some("AA 17"),
        Some("Zürich\u{0} 東京 🛫"),
        None,
        Some(""),
        Some("2019-09-01"),
    ];
    let text: ArrayRef = Arc::new(StringArray::from_iter(texts));
    let small = [Some(7), Some(i32::MIN), None, Some(0), Some(i32::MAX)];
    let small: ArrayRef = Arc::new(Int32Array::from_iter(small));
    let large = [Some(42), Some(i64::MIN), None, Some(0), Some(i64::MAX)];
    let real = [
        Some(1.5),
        Some(f64::MIN),
        None,
        Some(-0.0),
        Some(f64::INFINITY),
    ];
    let bytes = [
        Some(&b"\x00\xff"[..]),
        Some(b"a"),
        None,
        Some(b""),
        Some(b"{}"),
    ];
    let flags = [Some(true), Some(false), None, Some(false), Some(true)];
    let days = [Some(18_140), Some(i32::MIN), None, Some(0), Some(i32::MAX)];
    let member = |name, data_type| Field::new(name, data_type, true);
    let place = StructArray::from(vec![
        (Arc::new(member("city", DataType::Utf8)), Arc::clone(&text)),
        (Arc::new(member("zip", DataType::Int32)), Arc::clone(&small)),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("flag", Arc::new(BooleanArray::from_iter(flags))),
        ("small", small),
        ("large", Arc::new(Int64Array::from_iter(large))),
        ("real", Arc::new(Float64Array::from_iter(real))),
        ("price", decimal(999_999_999, 9, 2)),
        ("total", decimal(10_i128.pow(38) - 1, 38, 10)),
        ("text", text),
        ("bytes", Arc::new(BinaryArray::from_iter(bytes))),
        ("day", Arc::new(Date32Array::from_iter(days))),
        ("moment", Arc::new(micros().with_timezone("UTC"))),
        ("wall_clock", Arc::new(micros())),
        ("place", Arc::new(place)),
    ];
    let columns = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}
