use serde_json::{Value, json};
use sluicebox_decode::UnknownFields;
use sluicebox_types::ColumnType;

use crate::rows::rows;
use crate::support::{Declare, column, decoder, list, map, with};

fn columns() -> Vec<sluicebox_types::Column> {
    let leg = ColumnType::Struct(vec![column("to", ColumnType::String)]);
    vec![
        column("id", ColumnType::Bigint),
        column("origin", ColumnType::String).from(&["route", "origin"]),
        column("leg", leg.clone()),
        column("legs", list(leg.clone())),
        column("by_name", map(leg)),
        column("tags", list(ColumnType::String)),
    ]
}

/// Unknown fields of accepted records are counted; those of rejects are not.
#[test]
fn unknown_fields_are_counted() {
    let mut decoder = decoder(&columns());
    decoder
        .push(br#"{"x":1,"id":1,"route":{"y":{"z":2}},"legs":[{"a":0},{"to":"b","c":0}]}"#)
        .unwrap();
    assert_eq!(decoder.unknown_fields(), 4);
    decoder.push(br#"{"x":1,"id":"1"}"#).unwrap_err();
    decoder.finish();
    decoder.push(br#"{"id":1}"#).unwrap();
    assert_eq!(decoder.unknown_fields(), 4);
}

/// A decoder remembers some of the undeclared fields that it has seen. Whatever it remembers, a record
/// is read as by a decoder that has seen nothing: in the same order as before, in another, spelled
/// otherwise, and with more names than are remembered.
#[test]
fn what_came_before_changes_nothing() {
    let many: String = (0..300)
        .map(|name| format!(r#""n{name}":{name},"#))
        .collect();
    let records = [
        r#"{"x":1,"id":2,"y":3,"leg":{"z":4,"to":"a"}}"#.to_owned(),
        r#"{"x":5,"id":6,"y":7,"leg":{"z":8,"to":"b"}}"#.to_owned(),
        r#"{"leg":{"to":"a","z":4},"y":1,"y":2,"id":3,"x":4}"#.to_owned(),
        r#"{"x" :1,"\u0078":2,"id":3,"y": {"id":4},"to":5}"#.to_owned(),
        r#"{"x":1,"ID":2,"y":3}"#.to_owned(),
        r#"{"x":1,"id":2,"y":3,"id":4}"#.to_owned(),
        format!(r#"{{{many}"id":1,"x":2}}"#),
        format!(r#"{{{many}"id":1,"x":2}}"#),
        r#"{"x":1,"id":2,"y":3}"#.to_owned(),
    ];
    for policy in [
        UnknownFields::Ignore,
        UnknownFields::Keep,
        UnknownFields::Reject,
    ] {
        let mut experienced = with(&columns(), policy);
        for record in &records {
            let mut fresh = with(&columns(), policy);
            let before = experienced.unknown_fields();
            let (read, expected) = (
                experienced.push(record.as_bytes()),
                fresh.push(record.as_bytes()),
            );
            assert_eq!(read, expected, "{record}");
            assert_eq!(
                experienced.unknown_fields() - before,
                fresh.unknown_fields(),
                "{record}"
            );
            assert_eq!(experienced.finish(), fresh.finish(), "{record}");
        }
    }
}

/// What is kept is JSON that mirrors the record without its declared values.
#[test]
fn kept_fields_stand_where_they_stood() {
    let cases = [
        (r#"{"id":1}"#, Value::Null),
        (
            r#"{"id":1,"route":{"origin":"JFK"},"leg":{},"legs":[{},null],"by_name":{"k":{}}}"#,
            Value::Null,
        ),
        (
            r#"{"x":1.50,"id":1,"y":[ {"z":null} ]}"#,
            json!({"x": 1.5, "y": [{"z": null}]}),
        ),
        (
            r#"{"route":{"x":1,"origin":"JFK","y":2}}"#,
            json!({"route": {"x": 1, "y": 2}}),
        ),
        (
            r#"{"leg":{"to":"LAX","a\"b":1},"id":1,"z":0}"#,
            json!({"leg": {"a\"b": 1}, "z": 0}),
        ),
        (
            r#"{"legs":[null,{"to":"a"},{"x":1}],"tags":["a"],"leg":null}"#,
            json!({"legs": [null, {}, {"x": 1}]}),
        ),
        (
            r#"{"by_name":{"a":{"to":"b"},"c\n":{"x":1},"d":null}}"#,
            json!({"by_name": {"c\n": {"x": 1}}}),
        ),
        (
            r#"{"x":"a,b,","leg":{"x":"," }}"#,
            json!({"x": "a,b,", "leg": {"x": ","}}),
        ),
    ];
    let mut decoder = with(&columns(), UnknownFields::Keep);
    for (record, _) in &cases {
        decoder.push(record.as_bytes()).unwrap();
        decoder
            .push(record.replace('}', "").as_bytes())
            .unwrap_err();
    }
    decoder.push_null_row();
    let rows = rows(&decoder.finish());
    assert_eq!(rows.len(), cases.len() + 1);
    for ((record, wanted), row) in cases.iter().zip(&rows) {
        let kept = row["_extra"]
            .as_str()
            .map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
        assert_eq!(kept, *wanted, "{record}");
    }
    assert_eq!(rows[cases.len()]["_extra"], Value::Null);
}

/// Numbers and texts are kept as they were written.
#[test]
fn kept_text_is_verbatim() {
    let mut decoder = with(&columns(), UnknownFields::Keep);
    decoder
        .push(br#"{"id":1,"\u0078":1.50,"y" : "\u00e9"}"#)
        .unwrap();
    let rows = rows(&decoder.finish());
    assert_eq!(rows[0]["_extra"], r#"{"\u0078":1.50,"y" : "\u00e9"}"#);
}
