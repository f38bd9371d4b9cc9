use serde_json::json;
use sluicebox_types::{ColumnType, RejectReason};

use crate::rows::rows;
use crate::support::{Declare, column, decoder, list, map, row};

/// Paths reach into nested objects, share their beginnings, and a struct may stand beside them.
#[test]
fn paths_reach_into_objects() {
    let columns = [
        column("origin", ColumnType::String).from(&["route", "from", "code"]),
        column("dest", ColumnType::String).from(&["route", "to"]),
        column("id", ColumnType::Bigint).from(&["Id"]),
        column(
            "plane",
            ColumnType::Struct(vec![
                column("tail", ColumnType::String).from(&["reg", "tail"]),
            ]),
        ),
    ];
    let full = r#"{"plane":{"reg":{"tail":"N1"}},"route":{"to":"LAX","from":{"x":0,"code":"JFK"}},"Id":7}"#;
    let wanted = json!({"origin": "JFK", "dest": "LAX", "id": 7, "plane": {"tail": "N1"}});
    assert_eq!(row(&columns, full), Ok(wanted));
    let nothing = json!({"origin": null, "dest": null, "id": null, "plane": null});
    for absent in ["{}", r#"{"route":null}"#, r#"{"route":{"from":{}}}"#] {
        assert_eq!(row(&columns, absent), Ok(nothing.clone()), "{absent}");
    }
    let cases = [
        (
            r#"{"route":"JFK"}"#,
            RejectReason::WrongType,
            "`route`: expected an object",
        ),
        (
            r#"{"route":{"from":{"code":1}}}"#,
            RejectReason::WrongType,
            "`route.from.code`",
        ),
        (
            r#"{"route":{},"route":{}}"#,
            RejectReason::DuplicateField,
            "`route`",
        ),
        (
            r#"{"route":{"To":"LAX"}}"#,
            RejectReason::FieldCase,
            "`route`: the field `to`",
        ),
        (
            r#"{"plane":{"reg":{"tail":1}}}"#,
            RejectReason::WrongType,
            "`plane.reg.tail`",
        ),
    ];
    for (record, reason, message) in cases {
        let (found, text) = row(&columns, record).unwrap_err();
        assert_eq!(found, reason, "{record}: {text}");
        assert!(text.contains(message), "{record}: {text}");
    }
}

/// Fields may come in any order, with any whitespace and any escapes in their names, and the order
/// may change from record to record.
#[test]
fn field_order_does_not_matter() {
    let columns = [
        column("one", ColumnType::Int).from(&["a"]),
        column("two", ColumnType::Int).from(&["b"]),
        column("three", ColumnType::Int).from(&["c\"d"]),
        column("four", ColumnType::Int).from(&["é"]),
    ];
    let mut decoder = decoder(&columns);
    let records = [
        r#"{"a":1,"b":2,"c\"d":3,"é":4}"#,
        r#"{"é":4,"c\"d":3,"b":2,"a":1}"#,
        r#"{"é":4,"c\"d":3,"b":2,"a":1}"#,
        "\t{ \"\\u0061\" : 1 ,\r\n\"b\"\n:\n2,\"unknown\":{},\"c\\u0022d\" :3,\"\\u00e9\":4 } \n",
        r#"{"x":[],"b":2,"y":{},"a":1,"z":0,"é":4,"c\"d":3}"#,
    ];
    for record in records {
        decoder.push(record.as_bytes()).unwrap();
    }
    for row in rows(&decoder.finish()) {
        assert_eq!(row, json!({"one": 1, "two": 2, "three": 3, "four": 4}));
    }
}

/// Required means present and not null, everywhere but inside what is itself absent.
#[test]
fn required_members() {
    let leg = ColumnType::Struct(vec![column("to", ColumnType::String).required()]);
    let columns = [
        column("leg", leg.clone()),
        column("legs", list(leg.clone())),
        column("by_name", map(leg)),
        column("deep", ColumnType::Int).from(&["p", "q"]),
    ];
    for good in ["{}", r#"{"leg":null,"legs":[null],"by_name":{"a":null}}"#] {
        row(&columns, good).unwrap();
    }
    let cases = [
        (r#"{"leg":{}}"#, "`leg.to`: required, but missing"),
        (r#"{"leg":{"to":null}}"#, "`leg.to`: required, but null"),
        (r#"{"legs":[{"to":"a"},{}]}"#, "`legs[1].to`: required"),
        (r#"{"by_name":{"a":{}}}"#, "`by_name.value.to`: required"),
    ];
    for (record, message) in cases {
        let (reason, text) = row(&columns, record).unwrap_err();
        assert_eq!(reason, RejectReason::MissingField);
        assert!(text.starts_with(message), "{text}");
    }
    let columns = [column("deep", ColumnType::Int).from(&["p", "q"]).required()];
    for absent in ["{}", r#"{"p":null}"#, r#"{"p":{}}"#, r#"{"p":{"q":null}}"#] {
        let (reason, text) = row(&columns, absent).unwrap_err();
        assert_eq!(reason, RejectReason::MissingField);
        assert!(text.starts_with("`p.q`: required"), "{text}");
    }
}

/// A default stands in for a missing field, never for a null one.
#[test]
fn defaults_fill_missing_fields() {
    let leg = ColumnType::Struct(vec![
        column("to", ColumnType::String).default(json!("???")),
        column("miles", ColumnType::Int),
    ]);
    let columns = [
        column("text", ColumnType::String).default(json!("a\"b")),
        column(
            "price",
            ColumnType::Decimal {
                precision: 5,
                scale: 2,
            },
        )
        .default(json!("1.5")),
        column("leg", leg).default(json!({"miles": 3})),
        column("inner", ColumnType::Int)
            .from(&["p", "q"])
            .default(json!(7)),
        column("tags", list(ColumnType::String)).default(json!(["a"])),
    ];
    let wanted = json!({"text": "a\"b", "price": "1.50", "leg": {"to": "???", "miles": 3},
                        "inner": 7, "tags": ["a"]});
    assert_eq!(row(&columns, "{}"), Ok(wanted.clone()));
    assert_eq!(row(&columns, r#"{"p":null,"leg":{"miles":3}}"#), Ok(wanted));
    let nulls = r#"{"text":null,"price":null,"leg":null,"p":{"q":null},"tags":null}"#;
    let wanted = json!({"text": null, "price": null, "leg": null, "inner": null, "tags": null});
    assert_eq!(row(&columns, nulls), Ok(wanted));
}

/// Names that differ in case only are told apart when both are declared, and a stray one does no
/// harm when the right one is there too.
#[test]
fn case_matters_only_for_what_is_missing() {
    let columns = [
        column("one", ColumnType::Int).from(&["id"]),
        column("two", ColumnType::Int).from(&["ID"]),
    ];
    let wanted = json!({"one": 1, "two": 2});
    assert_eq!(row(&columns, r#"{"ID":2,"Id":0,"id":1}"#), Ok(wanted));
    let (reason, _) = row(&columns, r#"{"ID":2,"Id":0}"#).unwrap_err();
    assert_eq!(reason, RejectReason::FieldCase);
}
