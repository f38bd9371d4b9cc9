use sluicebox_decode::{DecodeOptions, JsonDecoder, UnknownFields};
use sluicebox_types::{ColumnType, RejectReason, TableSchema, TimeEncoding};

use crate::rows::rows;
use crate::support::{Declare, column, decoder, list, map, with};

fn flights() -> Vec<sluicebox_types::Column> {
    vec![
        column("carrier", ColumnType::String).required(),
        column("distance", ColumnType::Int),
        column("time_hour", ColumnType::Timestamp(TimeEncoding::Text)),
        column("tags", list(ColumnType::String)),
        column("labels", map(ColumnType::Bigint)),
    ]
}

/// Every kind of malformed value has its code, and its message names the field but none of its
/// values.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_fault_has_its_reason() {
    use RejectReason::*;
    let deep = format!(r#"{{"x":{}"#, "[".repeat(10_000));
    let deep_declared = format!(r#"{{"tags":{}"#, "[".repeat(10_000));
    let deep_objects = r#"{"x":"#.repeat(10_000);
    let cases: &[(&[u8], RejectReason, &str)] = &[
        (b"", EmptyValue, "zero bytes"),
        (b"   ", InvalidJson, "cut off"),
        (b"{\"carrier\":\"\xFF\"}", InvalidUtf8, "UTF-8"),
        (
            b"{\"carrier\":\"AA\",\"unknown\":\"\xC0\x80\"}",
            InvalidUtf8,
            "UTF-8",
        ),
        (b"{\"carrier\":1}\xFF", InvalidUtf8, "UTF-8"),
        (b"\xEF\xBB\xBF{\"carrier\":\"AA\"}", InvalidJson, "byte 0"),
        (br#"{"carrier":"AA""#, InvalidJson, "`,` or `}`"),
        (br#"{"carrier":"AA"#, InvalidJson, "end of a string"),
        (br#"{"carrier":"#, InvalidJson, "carrier"),
        (br#"{"carrier":"AA","distance":-}"#, InvalidJson, "distance"),
        (
            br#"{"carrier":"AA","distance":01}"#,
            InvalidJson,
            "`,` or `}`",
        ),
        (
            br#"{"carrier":"AA","distance":NaN}"#,
            InvalidJson,
            "distance",
        ),
        (
            br#"{"carrier":"AA","distance":Infinity}"#,
            InvalidJson,
            "distance",
        ),
        (
            br#"{"carrier":"AA","distance":nul}"#,
            InvalidJson,
            "distance",
        ),
        (
            br#"{"carrier":"AA","distance":tru}"#,
            InvalidJson,
            "distance",
        ),
        (br#"{"carrier":"AA",}"#, InvalidJson, "field name"),
        (br#"{,"carrier":"AA"}"#, InvalidJson, "field name"),
        (br#"{"carrier" "AA"}"#, InvalidJson, "`:`"),
        (br#"{'carrier':'AA'}"#, InvalidJson, "field name"),
        (br#"{"carrier":"A\x41"}"#, InvalidJson, "backslash"),
        (br#"{"carrier":"\ud800"}"#, InvalidJson, "surrogate"),
        (
            br#"{"carrier":"AA","unknown":"\uZZZZ"}"#,
            InvalidJson,
            "hexadecimal",
        ),
        (
            br#"{"carrier":"AA","unknown":"\ud800\u0041"}"#,
            InvalidJson,
            "surrogate",
        ),
        (b"{\"carrier\":\"A\nA\"}", InvalidJson, "control character"),
        (
            b"{\"carrier\":\"AA\",\"unknown\":\"\x00\"}",
            InvalidJson,
            "control character",
        ),
        (br#"{"carrier":"AA","unknown":[1,}"#, InvalidJson, "value"),
        (
            br#"{"carrier":"AA","unknown":{"a":1]}"#,
            InvalidJson,
            "`,` or `}`",
        ),
        (br#"{"carrier":"AA","tags":["a",]}"#, InvalidJson, "tags[1]"),
        (
            br#"{"carrier":"AA"}{"carrier":"AA"}"#,
            TrailingData,
            "byte 16",
        ),
        (br#"{"carrier":"AA"} x"#, TrailingData, "byte 17"),
        (br#"{"carrier":"AA"},"#, TrailingData, "byte 16"),
        (b"1 2", TrailingData, "byte 2"),
        (b"[{}]", NotAnObject, "an array"),
        (b"\"text\"", NotAnObject, "a string"),
        (b"12", NotAnObject, "a number"),
        (b"null", NotAnObject, "null"),
        (b"true", NotAnObject, "a boolean"),
        (b"[{}", InvalidJson, "cut off"),
        (b"nope", InvalidJson, "a value"),
        (
            br#"{"carrier":7}"#,
            WrongType,
            "`carrier`: expected a string, found a number",
        ),
        (
            br#"{"carrier":"AA","distance":"7"}"#,
            WrongType,
            "`distance`: expected an integer",
        ),
        (br#"{"carrier":"AA","distance":1.0}"#, WrongType, "fraction"),
        (br#"{"carrier":"AA","distance":1e3}"#, WrongType, "exponent"),
        (
            br#"{"carrier":"AA","tags":{}}"#,
            WrongType,
            "`tags`: expected an array (list), found an",
        ),
        (
            br#"{"carrier":"AA","tags":["a",1]}"#,
            WrongType,
            "`tags[1]`: expected a string",
        ),
        (
            br#"{"carrier":"AA","labels":{"a":"1"}}"#,
            WrongType,
            "`labels.value`: expected",
        ),
        (br#"{"carrier":"AA","tags":[1,}"#, WrongType, "tags[0]"),
        (br#"{"carrier":[1,}"#, InvalidJson, "carrier"),
        (
            br#"{"distance":1}"#,
            MissingField,
            "`carrier`: required, but missing",
        ),
        (
            br#"{"carrier":null}"#,
            MissingField,
            "`carrier`: required, but null",
        ),
        (b"{}", MissingField, "carrier"),
        (
            br#"{"carrier":"AA","distance":2147483648}"#,
            OutOfRange,
            "distance",
        ),
        (
            br#"{"carrier":"AA","time_hour":"noon"}"#,
            InvalidText,
            "`time_hour`",
        ),
        (
            br#"{"carrier":"AA","carrier":"AA"}"#,
            DuplicateField,
            "carrier",
        ),
        (
            br#"{"carrier":"AA","\u0063arrier":"AA"}"#,
            DuplicateField,
            "carrier",
        ),
        (
            br#"{"carrier":"AA","labels":{"a":1,"b":2,"a":3}}"#,
            DuplicateField,
            "labels",
        ),
        (
            br#"{"Carrier":"AA"}"#,
            FieldCase,
            "`carrier` is missing, but there is \"Carrier\"",
        ),
        (br#"{"carrier":"AA","DISTANCE":1}"#, FieldCase, "distance"),
        (deep.as_bytes(), TooDeep, "64"),
        (deep_declared.as_bytes(), TooDeep, "64"),
        (deep_objects.as_bytes(), TooDeep, "64"),
    ];
    for (record, reason, message) in cases {
        let text = String::from_utf8_lossy(&record[..record.len().min(80)]);
        let reject = decoder(&flights()).push(record).expect_err(&text);
        assert_eq!(reject.reason, *reason, "{text}: {reject}");
        assert!(reject.message.contains(message), "{text}: {reject}");
        assert!(
            !reject.message.contains("AA") && !reject.message.contains("noon"),
            "{reject}"
        );
    }
}

/// The code `unknown_field` belongs to the policy that rejects; a wrong case still says so.
#[test]
fn unknown_fields_are_rejected_on_demand() {
    let cases = [
        (
            r#"{"carrier":"AA","x":1}"#,
            RejectReason::UnknownField,
            "\"x\"",
        ),
        (r#"{"Carrier":"AA"}"#, RejectReason::FieldCase, "Carrier"),
        (
            r#"{"Carrier":"AA","carrier":"AA"}"#,
            RejectReason::UnknownField,
            "Carrier",
        ),
    ];
    for (record, reason, message) in cases {
        let reject = with(&flights(), UnknownFields::Reject)
            .push(record.as_bytes())
            .unwrap_err();
        assert_eq!(reject.reason, reason, "{record}");
        assert!(reject.message.contains(message), "{reject}");
    }
}

/// A value over the limit is refused unread, one at the limit is read.
#[test]
fn too_large_values_are_refused() {
    let schema = TableSchema { columns: flights() };
    let options = |max_value_bytes| DecodeOptions {
        max_value_bytes,
        ..DecodeOptions::default()
    };
    let record = format!(r#"{{"carrier":"{}"}}"#, "x".repeat(20 << 20));

    let mut strict = JsonDecoder::new(&schema, DecodeOptions::default()).unwrap();
    let reject = strict.push(record.as_bytes()).unwrap_err();
    assert_eq!(reject.reason, RejectReason::TooLarge);

    let mut generous = JsonDecoder::new(&schema, options(record.len())).unwrap();
    generous.push(record.as_bytes()).unwrap();
    assert!(generous.buffered_bytes() > 20 << 20);
    let mut short = JsonDecoder::new(&schema, options(record.len() - 1)).unwrap();
    assert_eq!(
        short.push(record.as_bytes()).unwrap_err().reason,
        RejectReason::TooLarge
    );
}

/// Depth costs no stack, wherever it stands: ten million brackets on a thread with a small stack.
#[test]
fn depth_cannot_overflow_the_stack() {
    let decode = || {
        let brackets = "[".repeat(10_000_000);
        let objects = r#"{"a":"#.repeat(2_000_000);
        let columns = [
            column("list", list(list(ColumnType::Json))),
            column("j", ColumnType::Json),
        ];
        for max_depth in [64, usize::MAX] {
            let options = DecodeOptions {
                max_depth,
                ..DecodeOptions::default()
            };
            let schema = TableSchema {
                columns: columns.to_vec(),
            };
            let mut decoder = JsonDecoder::new(&schema, options).unwrap();
            for prefix in [
                "",
                r#"{"unknown":"#,
                r#"{"list":"#,
                r#"{"j":"#,
                r#"{"list":[["#,
            ] {
                for deep in [&brackets, &objects] {
                    let reject = decoder
                        .push(format!("{prefix}{deep}").as_bytes())
                        .unwrap_err();
                    let reason = match max_depth {
                        64 => RejectReason::TooDeep,
                        _ => RejectReason::InvalidJson,
                    };
                    assert_eq!(reject.reason, reason, "{prefix}");
                }
            }
        }
    };
    let thread = std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(decode)
        .unwrap();
    thread.join().unwrap();
}

/// A depth of exactly the limit is fine, one more is not, declared or not.
#[test]
fn the_depth_limit_is_exact() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for name in ["unknown", "j"] {
        let mut decoder = decoder(&[column("j", ColumnType::Json)]);
        decoder
            .push(format!(r#"{{"{name}":{}}}"#, nested(63)).as_bytes())
            .unwrap();
        let reject = decoder.push(format!(r#"{{"{name}":{}}}"#, nested(64)).as_bytes());
        assert_eq!(reject.unwrap_err().reason, RejectReason::TooDeep);
    }
}

/// A bad record leaves nothing behind, wherever in it the fault is.
#[test]
fn rejects_leave_no_trace() {
    let good = br#"{"carrier":"AA","distance":1,"tags":["a"],"labels":{"k":1}}"#;
    let mut decoder = decoder(&flights());
    decoder.push(good).unwrap();
    let bad = br#"{"carrier":"BB","tags":["b",null,"c"],"labels":{"l":2,"m":null},"distance":"x"}"#;
    for end in 1..=bad.len() {
        decoder.push(&bad[..end]).unwrap_err();
        assert_eq!(decoder.rows(), 1);
    }
    decoder.push(good).unwrap();
    let rows = rows(&decoder.finish());
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0], rows[1]);
}
