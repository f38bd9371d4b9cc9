use serde_json::json;
use sluicebox_decode::{DecodeOptions, JsonDecoder, SchemaError, UnknownFields};
use sluicebox_types::{Column, ColumnType, TableSchema, TimeEncoding};

use crate::support::{Declare, column, list, map, with};

fn refused(columns: Vec<Column>, options: DecodeOptions) -> SchemaError {
    JsonDecoder::new(&TableSchema { columns }, options).unwrap_err()
}

/// A schema with many mistakes shows all of them, each with its column.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn all_mistakes_are_reported_at_once() {
    let columns = vec![
        column("Carrier", ColumnType::String),
        column("carrier", ColumnType::String).from(&["c"]),
        column("9lives", ColumnType::Int),
        column("dt", ColumnType::Date),
        column("_extra", ColumnType::Json),
        column(
            "price",
            ColumnType::Decimal {
                precision: 39,
                scale: 0,
            },
        ),
        column(
            "rate",
            ColumnType::Decimal {
                precision: 3,
                scale: 4,
            },
        ),
        column("nowhere", ColumnType::Int).from(&[]),
        column("a", ColumnType::Int).from(&["x", "y"]),
        column("b", ColumnType::Int).from(&["x", "y"]),
        column("c", ColumnType::Int).from(&["x"]),
        column("d", ColumnType::Int).from(&["x", "y", "z"]),
        column("e", ColumnType::Int).default(json!("1")),
        column("f", ColumnType::Int).required().default(json!(null)),
        column("g", ColumnType::Struct(vec![])),
        column(
            "h",
            list(ColumnType::Struct(vec![
                column("in", ColumnType::Int).default(json!(1.5)),
                column("IN", ColumnType::Int),
            ])),
        ),
        column(
            "i",
            map(ColumnType::Decimal {
                precision: 0,
                scale: 0,
            }),
        ),
        column("j", ColumnType::Struct(vec![column("k", ColumnType::Int)]))
            .default(json!({"l": 1})),
    ];
    let error = refused(columns, DecodeOptions::default()).to_string();
    let wanted = [
        "Carrier: the name must be lower snake case",
        "carrier: another column has the same name",
        "9lives: the name must be",
        "dt: the name is used by the table itself",
        "_extra: the name is used",
        "price: decimal takes a precision",
        "rate: decimal takes",
        "nowhere: `from` is empty",
        "b: `from: x.y` meets another column at the field `x.y`",
        "c: `from: x` meets another column at the field `x`",
        "d: `from: x.y.z` meets another column at the field `x.y`",
        "e: the default does not fit the type: expected an integer",
        "f: the default does not fit the type: required, but null",
        "g: it has no columns",
        "h.element.in: the default does not fit",
        "h.element.IN: the name must be",
        "h.element.IN: another column has",
        "i.value: decimal takes",
        "j: the default does not fit the type: the schema does not declare the field \"l\"",
    ];
    for wanted in wanted {
        assert!(
            error.contains(&format!("\n  {wanted}")),
            "no `{wanted}` in\n{error}"
        );
    }
    assert_eq!(error.lines().count(), 1 + wanted.len(), "{error}");
}

/// A table without columns, and types that no record could fill, are refused.
#[test]
fn empty_and_too_deep_schemas_are_refused() {
    let empty = refused(vec![], DecodeOptions::default());
    assert!(empty.to_string().contains("it has no columns"));

    let nested = |levels| (0..levels).fold(ColumnType::Int, |inner, _| list(inner));
    let fits = TableSchema {
        columns: vec![column("a", nested(2))],
    };
    let shallow = DecodeOptions {
        max_depth: 3,
        ..DecodeOptions::default()
    };
    JsonDecoder::new(&fits, shallow.clone()).unwrap();
    let deep = refused(vec![column("a", nested(3))], shallow);
    assert!(
        deep.to_string()
            .contains("a.element.element.element: the type nests deeper than 3")
    );
    let unlimited = DecodeOptions {
        max_depth: usize::MAX,
        ..DecodeOptions::default()
    };
    refused(vec![column("a", nested(1_000))], unlimited);
}

/// The Arrow schema is the one the lake documents: types, names inside lists and maps, field ids.
#[test]
fn arrow_schema_is_the_documented_one() {
    let leg = ColumnType::Struct(vec![column("to", ColumnType::Uuid)]);
    let columns = [
        column("a", ColumnType::Timestamp(TimeEncoding::Text)),
        column("b", list(leg)),
        column("c", map(ColumnType::UnsignedBigint)),
        column("d", ColumnType::Time(TimeEncoding::Text)),
        column(
            "e",
            ColumnType::Decimal {
                precision: 9,
                scale: 2,
            },
        ),
    ];
    let schema = with(&columns, UnknownFields::Keep).arrow_schema();
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "_extra"]);
    assert!(schema.fields().iter().all(|field| field.is_nullable()));
    let types: Vec<_> = schema
        .fields()
        .iter()
        .map(|f| f.data_type().to_string())
        .collect();
    assert_eq!(types[0], "Timestamp(µs, \"UTC\")");
    assert!(
        types[1].contains("element") && types[1].contains("\"to\""),
        "{}",
        types[1]
    );
    assert!(
        types[2].contains("key_value") && types[2].contains("Decimal128(20, 0)"),
        "{}",
        types[2]
    );
    assert_eq!(types[3..], ["Int64", "Decimal128(9, 2)", "Utf8"]);
}
