use arrow::datatypes::TimeUnit;

use super::*;
use crate::{EXPRESSION_BYTES_MAX, NESTING_MAX};

fn input() -> SchemaRef {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let member = Field::new("a", DataType::Int32, true);
    Arc::new(Schema::new(vec![
        Field::new("distance", DataType::Int64, true),
        Field::new("carrier", DataType::Utf8, true),
        Field::new("t", utc, true),
        Field::new("s", DataType::Struct(vec![member].into()), true),
        Field::new("order", DataType::Utf8, true),
    ]))
}

fn expect(name: &str, sql: &str) -> RuleSpec {
    RuleSpec {
        name: name.to_owned(),
        kind: RuleKind::Expect,
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

fn mistakes(specs: &[RuleSpec]) -> Vec<RuleError> {
    Rules::compile(specs, &input()).err().unwrap_or_default()
}

fn derived_type(sql: &str) -> Result<DataType, String> {
    let rules = Rules::compile(&[derive("x", sql)], &input());
    rules
        .map_err(|errors| errors[0].message.clone())
        .map(|r| r.output_schema().field(5).data_type().clone())
}

/// Expressions with a mistake, what is said of it, and where it is.
#[rustfmt::skip]
const MISTAKES: &[(&str, &str, (usize, usize))] = &[
    // Syntax.
    ("", "Expected: an expression", (1, 1)),
    ("1 +", "Expected: an expression", (1, 4)),
    ("upper(carrier", "Expected: )", (1, 14)),
    ("distance > 0 distance", "ends before `distance`", (1, 14)),
    ("'abc", "Unterminated string literal", (1, 1)),
    ("distance >\n  0 and (", "Expected: an expression", (2, 10)),
    ("*", "Expected: an expression", (1, 1)),
    // Names.
    ("distanse > 0", "no column `distanse`; did you mean `distance`?", (1, 1)),
    ("Distance > 0", "no column `Distance`; did you mean `distance`?", (1, 1)),
    ("distance > 0 and\n  carier = 'AA'", "did you mean `carrier`?", (2, 3)),
    ("distance > nothing_like_it", "no column `nothing_like_it`", (1, 12)),
    ("foo.bar > 1", "no column `foo`", (1, 1)),
    ("distance > 0 or s.b > 1", "Field b not found", (1, 17)),
    ("s.a.b > 1", "Cannot access field", (1, 1)),
    ("true and uper(carrier) = 'A'", "no function `uper`; did you mean `upper`?", (1, 10)),
    ("true or s['a'] > 1", "as `column.member`", (1, 9)),
    ("array[1] = 1", "no arrays", (1, 7)),
    ("md5(carrier) = 'A'", "no function `md5`", (1, 1)),
    // Types.
    ("distance", "must be true or false, but it is of type Int64", (1, 1)),
    ("distance > 'x'", "Cannot cast string 'x'", (1, 1)),
    ("true and carrier + 1 > 2", "Utf8 + Int64", (1, 10)),
    ("upper(distance) = 'A'", "'upper' requires String", (1, 1)),
    ("not carrier", "'NOT' requires a boolean", (1, 5)),
    ("t > '2020-13-01'", "Error parsing timestamp", (1, 1)),
    ("distance = NULL", "is `IS NULL` meant?", (1, 1)),
    // What could not be computed for any row.
    ("distance > 1/0", "`1 / 0` cannot be computed", (1, 12)),
    ("cast('x' as bigint) > 1", "Cannot cast string 'x'", (1, 6)),
    ("regexp_like(carrier, '[')", "unclosed character class", (1, 1)),
    ("distance > 0 or date_part('yeer', t) = 1", "yeer", (1, 17)),
    ("distance > 9223372036854775807 + 1", "Overflow", (1, 12)),
    ("$1 > 2", "`$1` cannot be computed", (1, 1)),
    ("@x > 2", "variable", (1, 1)),
    // What is not the same each time.
    ("distance > 1 and random() > 0.5", "`random` gives another result", (1, 18)),
    ("now() > t", "`now` gives another result", (1, 1)),
    ("current_date > t", "`current_date` gives another result", (1, 1)),
    // What is not of one row.
    ("distance > 1 and sum(distance) > 1", "aggregates are not possible", (1, 18)),
    ("row_number() over () > 1", "window functions are not possible", (1, 1)),
    ("distance in (select 1)", "subqueries are not possible", (1, 1)),
    ("exists (select 1)", "subqueries are not possible", (1, 9)),
    ("(select max(x) from y) > 1", "subqueries are not possible", (1, 2)),
    // What a record could make expensive.
    ("repeat(carrier, distance) = ''", "argument 2 of `repeat` must be a constant", (1, 1)),
    ("lpad(carrier, 100000, '0') = ''", "`lpad` must be less than 10000", (1, 1)),
    ("carrier ~ carrier", "pattern must be a constant", (1, 1)),
    ("regexp_like(carrier, carrier)", "pattern must be a constant", (1, 1)),
];

/// Each kind of mistake is found before any record is read, said in words that name it, and placed
/// at the part of the expression that has it.
#[test]
fn mistakes_are_found_and_placed() {
    for (sql, message, position) in MISTAKES {
        let errors = mistakes(&[expect("r", sql)]);
        assert_eq!(errors.len(), 1, "{sql}: {errors:?}");
        assert!(
            errors[0].message.contains(message),
            "{sql}: {}",
            errors[0].message
        );
        assert_eq!(
            errors[0].position,
            Some(*position),
            "{sql}: {}",
            errors[0].message
        );
        assert!(
            !errors[0].message.contains("DataFusion"),
            "{sql}: {}",
            errors[0].message
        );
    }
}

/// All mistakes of all rules come at once, in the order of the config.
#[test]
fn all_mistakes_come_at_once() {
    let specs = [
        expect("a", "distanse > 0"),
        derive("Far", "distance >"),
        derive("dt", "carrier"),
        derive("carrier", "upper(carrier)"),
        derive("far", "distance > 100"),
        derive("far", "distance > 200"),
        expect("a", "true and"),
        expect("", "true"),
        RuleSpec {
            kind: RuleKind::Where,
            ..expect("w", "distance + 1")
        },
    ];
    let errors = mistakes(&specs);
    let found: Vec<_> = errors
        .iter()
        .map(|error| (error.rule.as_str(), error.position))
        .collect();
    let expected = [
        ("a", Some((1, 1))),
        ("Far", None),
        ("Far", Some((1, 11))),
        ("dt", None),
        ("carrier", None),
        ("far", None),
        ("far", None),
        ("a", None),
        ("a", Some((1, 9))),
        ("", None),
        ("w", Some((1, 1))),
    ];
    assert_eq!(found, expected, "{errors:#?}");
    let display = errors[0].to_string();
    assert_eq!(
        display,
        "rule `a`: there is no column `distanse`; did you mean `distance`? (line 1, column 1)"
    );
}

/// A mistake in a derived column is told once, not again by all that use the column.
#[test]
fn what_uses_a_mistaken_column_is_not_blamed() {
    let specs = [
        derive("km", "distanse * 2"),
        derive("m", "km * 1000"),
        expect("far", "m > 1 and km > 1"),
    ];
    let errors = mistakes(&specs);
    assert_eq!(
        errors
            .iter()
            .map(|error| error.rule.as_str())
            .collect::<Vec<_>>(),
        ["km"]
    );
}

/// Derived columns get types that every engine reads alike, whatever type the expression has.
#[test]
fn derived_columns_have_types_of_the_lake() {
    let micros =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    let cases = [
        ("distance > 1", DataType::Boolean),
        ("distance * 1.609", DataType::Float64),
        (
            "cast(distance as decimal(10,2))",
            DataType::Decimal128(10, 2),
        ),
        (
            "arrow_cast(distance, 'UInt64')",
            DataType::Decimal128(20, 0),
        ),
        ("arrow_cast(distance, 'UInt32')", DataType::Int64),
        ("arrow_cast(distance, 'UInt8')", DataType::Int32),
        ("arrow_cast(distance, 'Int16')", DataType::Int32),
        ("arrow_cast(distance, 'Float32')", DataType::Float32),
        ("arrow_cast(carrier, 'Utf8View')", DataType::Utf8),
        ("arrow_cast(carrier, 'LargeUtf8')", DataType::Utf8),
        (
            "arrow_cast(carrier, 'Dictionary(Int32, Utf8)')",
            DataType::Utf8,
        ),
        ("arrow_cast(carrier, 'BinaryView')", DataType::Binary),
        ("cast(carrier as timestamp)", micros(None)),
        ("to_timestamp(distance)", micros(None)),
        ("date_trunc('hour', t)", micros(Some("UTC"))),
        ("t at time zone 'Europe/Berlin'", micros(Some("UTC"))),
        ("cast(t as date)", DataType::Date32),
        ("cast(null as bigint)", DataType::Int64),
        ("cast(t - t as bigint)", DataType::Int64),
    ];
    for (sql, expected) in cases {
        assert_eq!(derived_type(sql), Ok(expected), "{sql}");
    }
    let refused = [
        ("null", "always null"),
        ("t - t", "CAST(… AS BIGINT)"),
        ("cast(t as time)", "CAST(… AS BIGINT)"),
        ("interval '1 day'", "Interval"),
        ("arrow_cast(1.5, 'Float16')", "Float16"),
        ("arrow_cast(distance, 'Decimal256(50, 2)')", "Decimal256"),
        (
            "named_struct('A b', carrier)",
            "`A b` must be lower snake case",
        ),
    ];
    for (sql, expected) in refused {
        let message = derived_type(sql).unwrap_err();
        assert!(message.contains(expected), "{sql}: {message}");
    }
}

/// Names that are SQL words work in quotes.
#[test]
fn quoted_names_are_columns() {
    assert_eq!(
        mistakes(&[expect("r", "\"order\" = 'x' and \"distance\" > 1")]),
        []
    );
}

/// An expression of any size and depth is refused or compiled; none exhausts the stack.
#[test]
fn size_and_depth_are_limited() {
    let chain = |terms: usize| format!("{}1 > 0", "1+".repeat(terms));
    assert_eq!(mistakes(&[expect("r", &chain(NESTING_MAX - 2))]), []);
    let longest = chain((EXPRESSION_BYTES_MAX - 5) / 2);
    let brackets = format!("{}true{}", "(".repeat(2_000), ")".repeat(2_000));
    let nots = "not ".repeat(2_000) + "true";
    for sql in [chain(NESTING_MAX), longest, brackets] {
        let errors = mistakes(&[expect("r", &sql)]);
        assert!(
            errors[0].message.contains("too deep"),
            "{}",
            errors[0].message
        );
    }
    assert_eq!(mistakes(&[expect("r", &nots)]).len(), 1);
    let errors = mistakes(&[expect("r", &"x".repeat(EXPRESSION_BYTES_MAX + 1))]);
    assert!(
        errors[0].message.contains("longer than"),
        "{}",
        errors[0].message
    );
}
