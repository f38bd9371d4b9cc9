use arrow::array::{
    ArrayRef, Int32Array, Int64Array, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field};
use arrow::util::display::array_value_to_string;
use proptest::prelude::*;

use super::*;
use crate::RuleKind;

type Row = (
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<Option<i32>>,
);

fn batch_of(rows: &[Row]) -> RecordBatch {
    let member = Field::new("a", DataType::Int32, true);
    let members: Int32Array = rows.iter().map(|row| row.3.flatten()).collect();
    let present = NullBuffer::from(rows.iter().map(|row| row.3.is_some()).collect::<Vec<_>>());
    let s = StructArray::new(vec![member].into(), vec![Arc::new(members)], Some(present));
    let distance: Int64Array = rows.iter().map(|row| row.0).collect();
    let carrier: StringArray = rows.iter().map(|row| row.1.as_deref()).collect();
    let t: TimestampMicrosecondArray = rows.iter().map(|row| row.2).collect();
    let columns: [(&str, ArrayRef); 4] = [
        ("distance", Arc::new(distance)),
        ("carrier", Arc::new(carrier)),
        ("t", Arc::new(t.with_timezone("UTC"))),
        ("s", Arc::new(s)),
    ];
    let columns = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// Four rows: usual, unusual, null, zero.
fn four_rows() -> RecordBatch {
    batch_of(&[
        (
            Some(5),
            Some("AA".to_owned()),
            Some(1_000_000),
            Some(Some(1)),
        ),
        (
            Some(-1),
            Some("b".to_owned()),
            Some(1_567_300_000_000_001),
            Some(Some(2)),
        ),
        (None, None, None, None),
        (Some(0), Some("17".to_owned()), Some(-1), Some(None)),
    ])
}

fn expect(sql: &str) -> RuleSpec {
    RuleSpec {
        name: format!("expect {sql}"),
        kind: RuleKind::Expect,
        sql: sql.to_owned(),
    }
}

fn keep(sql: &str) -> RuleSpec {
    RuleSpec {
        name: format!("where {sql}"),
        kind: RuleKind::Where,
        sql: sql.to_owned(),
    }
}

fn derive(column: &str, sql: &str) -> RuleSpec {
    let kind = RuleKind::Derive {
        column: column.to_owned(),
    };
    RuleSpec {
        name: column.to_owned(),
        kind,
        sql: sql.to_owned(),
    }
}

fn apply(specs: &[RuleSpec], batch: RecordBatch) -> Ruled {
    Rules::compile(specs, &batch.schema()).unwrap().apply(batch)
}

fn fates(specs: &[RuleSpec]) -> Vec<RowFate> {
    apply(specs, four_rows())
        .fates
        .unwrap_or_else(|| vec![RowFate::Pass; 4])
}

fn shown(array: &ArrayRef) -> Vec<String> {
    let value = |row| {
        if array.is_null(row) {
            "null".to_owned()
        } else {
            array_value_to_string(array, row).unwrap()
        }
    };
    (0..array.len()).map(value).collect()
}

const fn rejected(rule: usize) -> RowFate {
    RowFate::Rejected { rule, error: false }
}

const fn failed(rule: usize) -> RowFate {
    RowFate::Rejected { rule, error: true }
}

const fn filtered(rule: usize) -> RowFate {
    RowFate::Filtered { rule }
}

/// Expressions and their values over a usual, an unusual, a null and a zero row; `!` where they
/// cannot be computed.
#[rustfmt::skip]
const VALUES: &[(&str, [&str; 4])] = &[
    ("distance > 0", ["true", "false", "null", "false"]),
    ("upper(carrier) = carrier and length(carrier) = 2", ["true", "false", "null", "true"]),
    ("date_part('year', t) = 1970", ["true", "false", "null", "false"]),
    ("extract(year from t)", ["1970", "2019", "null", "1969"]),
    ("s.a > 1", ["false", "true", "null", "null"]),
    ("s.a + 1", ["2", "3", "null", "null"]),
    ("regexp_like(carrier, '^[A-Z]{2}$')", ["true", "false", "null", "false"]),
    ("distance + 1", ["6", "0", "null", "1"]),
    ("coalesce(distance, 0) * 1.5", ["7.5", "-1.5", "0.0", "0.0"]),
    ("distance is null or distance > 0", ["true", "false", "true", "false"]),
    ("10 / distance", ["2", "-10", "null", "!"]),
    ("10 / nullif(distance, 0)", ["2", "-10", "null", "null"]),
    ("cast(carrier as bigint)", ["!", "!", "null", "17"]),
    ("try_cast(carrier as bigint)", ["null", "null", "null", "17"]),
    ("distance <> 0 and 10 / distance > 1", ["true", "false", "null", "false"]),
    ("case when distance = 0 then 0 else 10 / distance end", ["2", "-10", "null", "0"]),
    ("9223372036854775806 + distance", ["!", "9223372036854775805", "null", "9223372036854775806"]),
    ("(distance - 6) * 4611686018427387904", ["-4611686018427387904", "!", "null", "!"]),
    ("-(distance - 9223372036854775807) - 4", ["9223372036854775798", "!", "null", "9223372036854775803"]),
    ("-distance", ["-5", "1", "null", "0"]),
    ("sqrt(distance)", ["2.23606797749979", "!", "null", "0.0"]),
    ("substring(carrier from 1 for 1)", ["A", "b", "null", "1"]),
    ("position('A' in carrier)", ["1", "0", "null", "0"]),
    ("trim(carrier) || '!'", ["AA!", "b!", "null", "17!"]),
    ("carrier in ('AA', 'UA')", ["true", "false", "null", "false"]),
    ("carrier like 'A%'", ["true", "false", "null", "false"]),
    ("distance between -1 and 0", ["false", "true", "null", "true"]),
    ("t > '2000-01-01'", ["false", "true", "null", "false"]),
    ("t + interval '1 day' > t", ["true", "true", "null", "true"]),
    ("cast(t as date)", ["1970-01-01", "2019-09-01", "null", "1969-12-31"]),
    ("lpad(carrier, 3, '0')", ["0AA", "00b", "null", "017"]),
    ("arrow_cast(distance, 'UInt8')", ["5", "!", "null", "0"]),
    ("arrow_cast(distance * 1000000000000000, 'Timestamp(Second, None)')", ["!", "!", "null", "1970-01-01T00:00:00"]),
    ("to_timestamp_nanos(1999)", ["1970-01-01T00:00:00.000001"; 4]),
];

/// What the language promises, by example.
#[test]
fn expressions_have_the_values_of_sql() {
    for (sql, expected) in VALUES {
        let ruled = apply(&[derive("x", sql)], four_rows());
        let mut values = shown(ruled.batch.column(4));
        for (value, fate) in values.iter_mut().zip(ruled.fates.unwrap_or_default()) {
            if fate == failed(0) {
                assert_eq!(value, "null", "{sql}: a value that could not be computed");
                "!".clone_into(value);
            }
        }
        assert_eq!(values, *expected, "{sql}");
    }
}

/// What true, false, null and an error mean for each kind of rule.
#[test]
fn each_kind_of_rule_has_its_own_null() {
    use RowFate::Pass;
    assert_eq!(
        fates(&[expect("distance > 0")]),
        [Pass, rejected(0), Pass, rejected(0)]
    );
    assert_eq!(
        fates(&[keep("distance > 0")]),
        [Pass, filtered(0), filtered(0), filtered(0)]
    );
    assert_eq!(
        fates(&[expect("10 / distance > 0")]),
        [Pass, rejected(0), Pass, failed(0)]
    );
    assert_eq!(
        fates(&[keep("10 / distance > 0")]),
        [Pass, filtered(0), filtered(0), failed(0)]
    );
    assert_eq!(
        fates(&[derive("x", "10 / distance")]),
        [Pass, Pass, Pass, failed(0)]
    );
    assert_eq!(fates(&[expect("true"), keep("1 < 2")]), [Pass; 4]);
    assert_eq!(fates(&[expect("false")]), [rejected(0); 4]);
}

/// Where several rules fail for a row, derived columns come first, then filters, then
/// expectations, each in the order of the config.
#[test]
fn the_first_failing_rule_decides() {
    let specs = [
        expect("distance < 0"),
        keep("distance <> -1"),
        expect("10 / distance > 10"),
        derive("x", "100 / distance"),
        keep("false"),
    ];
    assert_eq!(
        fates(&specs),
        [filtered(4), filtered(1), filtered(1), failed(3)]
    );
    assert_eq!(
        fates(&specs[..3]),
        [rejected(0), filtered(1), filtered(1), rejected(0)],
        "an expectation that cannot be computed comes after one that failed"
    );
}

/// A row that one rule gave up on does no harm to the others in a later rule that fails for it too.
#[test]
fn a_failed_row_fails_once() {
    let specs = [
        derive("x", "10 / distance"),
        expect("x > 0"),
        expect("10 / distance > 0"),
    ];
    assert_eq!(
        fates(&specs),
        [RowFate::Pass, rejected(1), RowFate::Pass, failed(0)]
    );
}

/// Later expressions use earlier derived columns, whatever stands between them in the config, and
/// the input's columns stay as they were.
#[test]
fn derived_columns_build_on_each_other() {
    let specs = [
        expect("km > 0"),
        derive("km", "distance * 2"),
        derive("m", "km * 1000"),
        keep("m < 1 or m is null or carrier = 'AA'"),
        derive("place", "named_struct('km', km, 'name', upper(carrier))"),
    ];
    let input = four_rows();
    let rules = Rules::compile(&specs, &input.schema()).unwrap();
    let ruled = rules.apply(input.clone());
    assert_eq!(
        ruled.fates,
        Some(vec![RowFate::Pass, rejected(0), RowFate::Pass, rejected(0)])
    );
    assert_eq!(
        shown(ruled.batch.column(5)),
        ["10000", "-2000", "null", "0"]
    );
    assert_eq!(shown(ruled.batch.column(6))[0], "{km: 10, name: AA}");
    assert_eq!(ruled.batch.schema(), rules.output_schema());
    assert_eq!(&ruled.batch.columns()[..4], input.columns());
    let untouched = |column: usize| Arc::ptr_eq(ruled.batch.column(column), input.column(column));
    assert!((0..4).all(untouched), "columns are not copied");
}

/// One row that divides by zero among a thousand is the only one to pay.
#[test]
fn one_bad_row_in_a_thousand_is_alone() {
    let rows: Vec<Row> = (0..1_000)
        .map(|n| (Some(if n == 617 { 0 } else { n + 1 }), None, None, None))
        .collect();
    let ruled = apply(
        &[derive("x", "1000 / distance"), expect("x >= 1")],
        batch_of(&rows),
    );
    let fates = ruled.fates.unwrap();
    assert_eq!(
        fates.iter().position(|fate| *fate != RowFate::Pass),
        Some(617)
    );
    assert_eq!(
        fates.iter().filter(|fate| **fate != RowFate::Pass).count(),
        1
    );
    assert_eq!(fates[617], failed(0));
    assert_eq!(ruled.batch.column(4).null_count(), 1);
}

/// Without rows, and without rules, nothing happens; the schema is still that of the output.
#[test]
fn an_empty_batch_keeps_the_schema() {
    let input = four_rows().slice(0, 0);
    let rules = Rules::compile(&[derive("x", "10 / distance")], &input.schema()).unwrap();
    let ruled = rules.apply(input.clone());
    assert_eq!((ruled.batch.num_rows(), ruled.fates), (0, None));
    assert_eq!(ruled.batch.schema(), rules.output_schema());
    let none = Rules::compile(&[], &input.schema()).unwrap();
    assert!(none.is_empty() && !rules.is_empty());
    assert_eq!(none.apply(four_rows()).batch, four_rows());
    assert_eq!((rules.rule_name(0), rules.rule_name(9)), ("x", ""));
}

/// A batch without the columns of the schema is rejected row by row; it is no panic.
#[test]
fn a_batch_of_another_schema_is_rejected() {
    let rules = Rules::compile(&[derive("x", "distance + s.a")], &four_rows().schema()).unwrap();
    let other = four_rows().project(&[1]).unwrap();
    assert_eq!(rules.apply(other).fates, Some(vec![failed(0); 4]));
}

/// The deepest expression that compiles is also evaluated on an ordinary stack.
#[test]
fn the_deepest_expression_is_evaluated() {
    let sql = format!("{}distance > 0", "s.a + ".repeat(crate::NESTING_MAX - 2));
    assert_eq!(fates(&[expect(&sql)])[0], RowFate::Pass);
}

/// Rules are shared by the workers.
#[test]
fn rules_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Rules>();
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let distance = prop::option::weighted(0.9, prop_oneof![-3..4_i64, any::<i64>()]);
    let carrier = prop::option::weighted(0.9, "[A-B0-9]{0,3}");
    let t = prop::option::weighted(0.9, prop_oneof![0..10_000_000_000_000_i64, any::<i64>()]);
    let s = prop::option::weighted(0.9, prop::option::weighted(0.9, -1..2_i32));
    prop::collection::vec((distance, carrier, t, s), 0..40)
}

fn any_rule() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "distance > 0",
        "10 / distance > 1",
        "distance <> 0 and 10 / distance > 1",
        "10 / distance > 1 and distance <> 0",
        "distance = 0 or 10 / distance > 1",
        "s.a > 0 and distance * 3 > 1",
        "distance + distance > s.a",
        "cast(carrier as bigint) > distance",
        "coalesce(try_cast(carrier as bigint), 10 / distance) > 1",
        "case when s.a = 0 then distance > 1 else 10 / s.a > 1 end",
        "case s.a when 0 then 10 / distance when 1 then 10 / (distance - 1) end > 1",
        "cast(t as date) > '2000-01-01'",
        "date_part('year', t + interval '1 year') > 2000",
        "date_trunc('day', t) = t",
        "abs(distance) >= 0",
        "-distance < 0",
        "-(-cast(s.a as double)) = 0",
        "distance in (1, 2, 10 / s.a)",
        "nullif(distance, 1) % s.a = 0",
        "regexp_like(carrier, '^A') or cast(carrier as int) > 5",
        "not (carrier like 'A%') and distance is not null",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// How records are batched decides nothing: a batch gives each row the fate and the values that
    /// the row would have alone.
    #[test]
    fn a_batch_is_judged_as_its_rows_are(
        rows in rows(),
        derived in prop::collection::vec(any_rule(), 0..3),
        filters in prop::collection::vec(any_rule(), 0..2),
        expectations in prop::collection::vec(any_rule(), 0..4),
        split in 1..41_usize,
    ) {
        let mut specs: Vec<_> = expectations.iter().map(|sql| expect(sql)).collect();
        specs.extend(filters.iter().map(|sql| keep(sql)));
        specs.extend(derived.iter().zip(["x", "y", "z"]).map(|(sql, column)| derive(column, sql)));
        for (index, spec) in specs.iter_mut().enumerate() {
            spec.name = index.to_string();
        }
        let batch = batch_of(&rows);
        let rules = Rules::compile(&specs, &batch.schema()).unwrap();
        let in_parts = |size: usize| {
            let parts = (0..rows.len()).step_by(size);
            let parts = parts.map(|start| batch.slice(start, size.min(rows.len() - start)));
            let ruled: Vec<_> = parts.map(|part| rules.apply(part)).collect();
            let fates: Vec<_> = ruled.iter().flat_map(|ruled| {
                ruled.fates.clone().unwrap_or_else(|| vec![RowFate::Pass; ruled.batch.num_rows()])
            }).collect();
            let batches = ruled.iter().map(|ruled| &ruled.batch);
            (fates, concat_batches(&rules.output_schema(), batches).unwrap())
        };
        let alone = in_parts(1);
        prop_assert_eq!(&in_parts(rows.len().max(1)), &alone);
        prop_assert_eq!(&in_parts(split), &alone);
    }
}
