use serde_json::{Value, json};
use sluicebox_types::{ColumnType, RejectReason, TimeEncoding, TimeUnit};

use crate::support::{column, list, map, row};

use ColumnType as Type;
use RejectReason::{InvalidText, OutOfRange, WrongType};

/// What a column of this type makes of each value, given as JSON text.
fn check(data_type: &ColumnType, accepted: &[(&str, Value)], rejected: &[(&str, RejectReason)]) {
    let columns = [column("c", data_type.clone())];
    let read = |value: &str| row(&columns, &format!(r#"{{"c":{value}}}"#));
    assert_eq!(read("null"), Ok(json!({"c": null})), "{data_type}");
    for (value, wanted) in accepted {
        assert_eq!(
            read(value),
            Ok(json!({"c": wanted})),
            "{value} as {data_type}"
        );
    }
    for (value, wanted) in rejected {
        let reason = read(value).map_err(|(reason, _)| reason);
        assert_eq!(reason, Err(*wanted), "{value} as {data_type}");
    }
}

/// Each scalar type takes the JSON types it documents, and no other, in every place of a record.
#[test]
fn each_type_refuses_the_json_types_of_others() {
    let wrong = |accepted: &[&str]| -> Vec<(&str, RejectReason)> {
        let all = ["true", "1", "1.5", "\"x\"", "{}", "[]", "[1,{\"a\":[]}]"];
        all.into_iter()
            .filter(|value| !accepted.contains(value))
            .map(|v| (v, WrongType))
            .collect()
    };
    check(&Type::Boolean, &[], &wrong(&["true"]));
    check(&Type::Int, &[], &wrong(&["1"]));
    check(&Type::Bigint, &[], &wrong(&["1"]));
    check(&Type::UnsignedBigint, &[], &wrong(&["1"]));
    check(&Type::Float, &[], &wrong(&["1", "1.5"]));
    check(&Type::Double, &[], &wrong(&["1", "1.5"]));
    check(
        &Type::Decimal {
            precision: 9,
            scale: 2,
        },
        &[],
        &wrong(&["1", "1.5", "\"x\""]),
    );
    for data_type in [Type::String, Type::Uuid, Type::Binary, Type::Date] {
        check(&data_type, &[], &wrong(&["\"x\""]));
    }
    for timed in [Type::Timestamp, Type::TimestampNtz, Type::Time] {
        check(&timed(TimeEncoding::Text), &[], &wrong(&["\"x\""]));
        check(
            &timed(TimeEncoding::Number(TimeUnit::Millis)),
            &[],
            &wrong(&["1"]),
        );
    }
    check(
        &Type::Struct(vec![column("a", Type::Json)]),
        &[],
        &wrong(&["{}"]),
    );
    check(&map(Type::Json), &[], &wrong(&["{}"]));
    check(&list(Type::Json), &[], &wrong(&["[]", "[1,{\"a\":[]}]"]));
}

/// Integers are exact or refused.
#[test]
fn integers() {
    let bounds = [
        ("2147483647", json!(i32::MAX)),
        ("-2147483648", json!(i32::MIN)),
    ];
    let beyond = [
        ("2147483648", OutOfRange),
        ("-2147483649", OutOfRange),
        ("1.0", WrongType),
    ];
    check(&Type::Int, &bounds, &beyond);
    check(
        &Type::Int,
        &[("0", json!(0)), ("-0", json!(0))],
        &[("\"1\"", WrongType)],
    );

    let bounds = [
        ("9223372036854775807", json!(i64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
    ];
    let beyond = [
        ("9223372036854775808", OutOfRange),
        ("-9223372036854775809", OutOfRange),
        ("99999999999999999999999999999999999999999999", OutOfRange),
        ("1e3", WrongType),
        ("1E400", WrongType),
    ];
    check(&Type::Bigint, &bounds, &beyond);

    let bounds = [
        ("0", json!("0")),
        ("18446744073709551615", json!("18446744073709551615")),
    ];
    let beyond = [
        ("18446744073709551616", OutOfRange),
        ("-1", OutOfRange),
        ("1.0", WrongType),
    ];
    check(&Type::UnsignedBigint, &bounds, &beyond);
}

/// Fractions are rounded to the nearest float, integers keep all their digits or are refused.
#[test]
fn floats() {
    let good = [
        ("0.1", json!(0.1)),
        ("1", json!(1.0)),
        ("-0", json!(-0.0)),
        ("9007199254740992", json!(9_007_199_254_740_992.0)),
        ("1e308", json!(1e308)),
        ("100000000000000000000", json!(1e20)),
        ("1e-400", json!(0.0)),
    ];
    let bad = [
        ("9007199254740993", OutOfRange),
        ("100000000000000000001", OutOfRange),
        ("1e309", OutOfRange),
        ("-1e400", OutOfRange),
        ("\"1\"", WrongType),
    ];
    check(&Type::Double, &good, &bad);
    let good = [
        ("0.1", json!(0.1_f32)),
        ("16777216", json!(16_777_216.0_f32)),
    ];
    let bad = [("16777217", OutOfRange), ("1e39", OutOfRange)];
    check(&Type::Float, &good, &bad);
}

/// Decimals never pass through a float, and lose no digit in silence.
#[test]
fn decimals() {
    let good = [
        ("1", json!("1.00")),
        ("-1.5", json!("-1.50")),
        ("1234567.89", json!("1234567.89")),
        ("0.100", json!("0.10")),
        ("15e-1", json!("1.50")),
        ("\"12.30\"", json!("12.30")),
        ("\"-0\"", json!("0.00")),
    ];
    let bad = [
        ("0.001", OutOfRange),
        ("12345678.9", OutOfRange),
        ("1e400", OutOfRange),
        ("\"0.001\"", OutOfRange),
        ("\"\"", InvalidText),
        ("\" 1\"", InvalidText),
        ("\"1,5\"", InvalidText),
        ("\"+1\"", InvalidText),
        ("\"NaN\"", InvalidText),
        ("\"1e\"", InvalidText),
    ];
    check(
        &Type::Decimal {
            precision: 9,
            scale: 2,
        },
        &good,
        &bad,
    );
    let digits = "12345678901234567890123456789012345678";
    check(
        &Type::Decimal {
            precision: 38,
            scale: 0,
        },
        &[(digits, json!(digits))],
        &[],
    );
}

/// Texts arrive as they were meant, whatever their escapes.
#[test]
fn strings() {
    let good = [
        (r#""""#, json!("")),
        (r#""plain""#, json!("plain")),
        (r#""é — 😀""#, json!("é — 😀")),
        (r#""\"\\\/\b\f\n\r\t""#, json!("\"\\/\u{8}\u{c}\n\r\t")),
        (r#""\u00e9\u0000\uD83D\uDE00x""#, json!("é\0😀x")),
        (
            r#""a much longer text with a \n late escape""#,
            json!("a much longer text with a \n late escape"),
        ),
    ];
    check(&Type::String, &good, &[]);
}

/// UUIDs are checked and stored lower-cased.
#[test]
fn uuids() {
    let lower = "\"0b6c1f5e-0000-4abc-8def-0123456789ab\"";
    let upper = "\"0B6C1F5E-0000-4ABC-8DEF-0123456789AB\"";
    let wanted = json!("0b6c1f5e-0000-4abc-8def-0123456789ab");
    let bad = [
        ("\"0b6c1f5e00004abc8def0123456789ab\"", InvalidText),
        ("\"{0b6c1f5e-0000-4abc-8def-0123456789ab}\"", InvalidText),
        ("\"0b6c1f5e-0000-4abc-8def-0123456789ag\"", InvalidText),
        ("\"0b6c1f5e-00004-abc-8def-0123456789ab\"", InvalidText),
        ("\"\"", InvalidText),
    ];
    check(
        &Type::Uuid,
        &[(lower, wanted.clone()), (upper, wanted)],
        &bad,
    );
}

/// Bytes are base64 of the standard alphabet, padded.
#[test]
fn bytes() {
    let good = [
        ("\"\"", json!([])),
        ("\"AAEC\"", json!([0, 1, 2])),
        ("\"/+8=\"", json!([255, 239])),
        (r#""\/+8=""#, json!([255, 239])),
    ];
    let bad = [
        ("\"/+8\"", InvalidText),
        ("\"_-8=\"", InvalidText),
        ("\"A A=\"", InvalidText),
    ];
    check(&Type::Binary, &good, &bad);
}

/// Dates exist in the calendar, in the years 0001 to 9999.
#[test]
fn dates() {
    let good = [
        ("\"1970-01-01\"", json!(0)),
        ("\"1969-12-31\"", json!(-1)),
        ("\"2000-02-29\"", json!(11_016)),
        ("\"1804-01-01\"", json!(-60_631)),
        ("\"0001-01-01\"", json!(-719_162)),
        ("\"9999-12-31\"", json!(2_932_896)),
    ];
    let bad = [
        ("\"1900-02-29\"", InvalidText),
        ("\"2019-04-31\"", InvalidText),
        ("\"2019-13-01\"", InvalidText),
        ("\"2019-00-01\"", InvalidText),
        ("\"2019-01-00\"", InvalidText),
        ("\"0000-01-01\"", InvalidText),
        ("\"2019-1-1\"", InvalidText),
        ("\"2019-01-01T00:00:00Z\"", InvalidText),
        ("\"\u{0662}019-01-01\"", InvalidText),
    ];
    check(&Type::Date, &good, &bad);
}

/// Timestamps are RFC 3339 with an offset, exact to the microsecond.
#[test]
fn timestamps_as_text() {
    let good = [
        ("\"1970-01-01T00:00:00Z\"", json!(0)),
        (
            "\"2019-09-01T01:02:03.123456Z\"",
            json!(1_567_299_723_123_456_i64),
        ),
        (
            "\"2019-09-01t01:02:03.1z\"",
            json!(1_567_299_723_100_000_i64),
        ),
        (
            "\"2019-09-01 01:02:03.123456000+00:00\"",
            json!(1_567_299_723_123_456_i64),
        ),
        ("\"1970-01-01T01:00:00+01:00\"", json!(0)),
        ("\"1969-12-31T18:30:00-05:30\"", json!(0)),
        ("\"1969-12-31T23:59:59.999999Z\"", json!(-1)),
        (
            "\"0001-01-01T00:00:00Z\"",
            json!(-62_135_596_800_000_000_i64),
        ),
        (
            "\"9999-12-31T23:59:59.999999Z\"",
            json!(253_402_300_799_999_999_i64),
        ),
    ];
    let bad = [
        ("\"2019-09-01T01:02:03\"", InvalidText),
        ("\"2019-09-01\"", InvalidText),
        ("\"2019-09-01T01:02Z\"", InvalidText),
        ("\"2019-09-01T24:00:00Z\"", InvalidText),
        ("\"2019-09-01T23:60:00Z\"", InvalidText),
        ("\"2016-12-31T23:59:60Z\"", InvalidText),
        ("\"2019-09-01T01:02:03.Z\"", InvalidText),
        ("\"2019-09-01T01:02:03.1234567890Z\"", InvalidText),
        ("\"2019-09-01T01:02:03+0100\"", InvalidText),
        ("\"2019-09-01T01:02:03+24:00\"", InvalidText),
        ("\"2019-09-01T01:02:03Zx\"", InvalidText),
        ("\"2019-09-01T01:02:03.1234567Z\"", OutOfRange),
        ("\"0001-01-01T00:00:00+00:01\"", OutOfRange),
        ("\"9999-12-31T23:59:59-00:01\"", OutOfRange),
    ];
    check(&Type::Timestamp(TimeEncoding::Text), &good, &bad);

    let good = [("\"1970-01-02T00:00:00.5\"", json!(86_400_500_000_i64))];
    let bad = [
        ("\"1970-01-02T00:00:00Z\"", InvalidText),
        ("\"1970-01-02\"", InvalidText),
    ];
    check(&Type::TimestampNtz(TimeEncoding::Text), &good, &bad);
}

/// Numbers count the declared unit, are never guessed, and lose nothing on the way to microseconds.
#[test]
fn timestamps_as_numbers() {
    let moment = |unit| Type::Timestamp(TimeEncoding::Number(unit));
    let wanted = json!(1_567_299_723_000_000_i64);
    let too_late = "253402300800";
    check(
        &moment(TimeUnit::Seconds),
        &[("1567299723", wanted.clone()), ("-1", json!(-1_000_000))],
        &[
            (too_late, OutOfRange),
            ("9223372036854775807", OutOfRange),
            ("1.5", WrongType),
        ],
    );
    check(
        &moment(TimeUnit::Millis),
        &[("1567299723000", wanted.clone())],
        &[],
    );
    check(
        &moment(TimeUnit::Micros),
        &[("1567299723000000", wanted.clone())],
        &[],
    );
    check(
        &moment(TimeUnit::Nanos),
        &[("1567299723000000000", wanted), ("-1000", json!(-1))],
        &[("1567299723000000001", OutOfRange)],
    );
    let local = Type::TimestampNtz(TimeEncoding::Number(TimeUnit::Seconds));
    check(
        &local,
        &[("1", json!(1_000_000))],
        &[(too_late, OutOfRange)],
    );
}

/// Times of day are microseconds since midnight, within one day.
#[test]
fn times_of_day() {
    let good = [
        ("\"00:00:00\"", json!(0)),
        ("\"23:59:59.999999\"", json!(86_399_999_999_i64)),
        ("\"01:02:03.5\"", json!(3_723_500_000_i64)),
    ];
    let bad = [
        ("\"24:00:00\"", InvalidText),
        ("\"1:02:03\"", InvalidText),
        ("\"01:02\"", InvalidText),
        ("\"01:02:03Z\"", InvalidText),
        ("\"01:02:03.0000001\"", OutOfRange),
    ];
    check(&Type::Time(TimeEncoding::Text), &good, &bad);
    let seconds = Type::Time(TimeEncoding::Number(TimeUnit::Seconds));
    let good = [("0", json!(0)), ("86399", json!(86_399_000_000_i64))];
    check(
        &seconds,
        &good,
        &[("86400", OutOfRange), ("-1", OutOfRange)],
    );
}

/// A json column keeps the text of any value as it is.
#[test]
fn json_text() {
    let good = [
        ("1.50", json!("1.50")),
        ("\"a\\u0041\"", json!("\"a\\u0041\"")),
        ("{ \"a\" : [1, 2] }", json!("{ \"a\" : [1, 2] }")),
        ("1e999", json!("1e999")),
    ];
    check(&Type::Json, &good, &[]);
}

/// Structs, lists and maps hold nulls, each other and nothing at all.
#[test]
fn nested_types() {
    let leg = Type::Struct(vec![
        column("origin", Type::String),
        column("miles", Type::Int),
    ]);
    check(
        &list(leg),
        &[
            ("[]", json!([])),
            (
                r#"[{"origin":"JFK","miles":1},null,{}]"#,
                json!([{"origin": "JFK", "miles": 1}, null, {"origin": null, "miles": null}]),
            ),
        ],
        &[("[{\"miles\":\"1\"}]", WrongType), ("[[]]", WrongType)],
    );
    check(
        &map(list(Type::Bigint)),
        &[
            ("{}", json!([])),
            (
                r#"{"b":[1],"a":null,"":[null]}"#,
                json!([["b", [1]], ["a", null], ["", [null]]]),
            ),
        ],
        &[
            (r#"{"a":1}"#, WrongType),
            (r#"{"a":[1],"\u0061":[2]}"#, RejectReason::DuplicateField),
        ],
    );
    check(
        &list(list(Type::Int)),
        &[("[[1,2],[],null,[3]]", json!([[1, 2], [], null, [3]]))],
        &[],
    );
}
