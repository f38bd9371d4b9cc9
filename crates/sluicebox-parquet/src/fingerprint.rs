use std::fmt::Write;

use arrow::datatypes::{DataType, Field, Fields, Schema};
use xxhash_rust::xxh3::xxh3_128;

use crate::schema::field_id;

/// `xxh3:` and 32 hex digits over the names, types and field ids of a schema, in order.
///
/// Two schemas have one fingerprint if their files can be read as one table without looking further.
/// It does not depend on nullability, on metadata, or on how libraries print types.
#[must_use]
pub fn schema_fingerprint(schema: &Schema) -> String {
    let mut text = String::new();
    describe_all(schema.fields(), &mut text);
    format!("xxh3:{:032x}", xxh3_128(text.as_bytes()))
}

fn describe_all(fields: &Fields, text: &mut String) {
    fields.iter().for_each(|field| describe(field, text));
}

/// Lengths before names, so that no name can imitate two.
fn describe(field: &Field, text: &mut String) {
    let id = field_id(field).unwrap_or(0);
    append(
        text,
        format_args!("{}:{}#{id}=", field.name().len(), field.name()),
    );
    match field.data_type() {
        DataType::Boolean => text.push_str("boolean"),
        DataType::Int32 => text.push_str("int"),
        DataType::Int64 => text.push_str("bigint"),
        DataType::Float32 => text.push_str("float"),
        DataType::Float64 => text.push_str("double"),
        DataType::Decimal128(precision, scale) => {
            append(text, format_args!("decimal({precision},{scale})"));
        }
        DataType::Utf8 => text.push_str("string"),
        DataType::Binary => text.push_str("binary"),
        DataType::Date32 => text.push_str("date"),
        DataType::Timestamp(_, Some(_)) => text.push_str("timestamp"),
        DataType::Timestamp(_, None) => text.push_str("timestamp_ntz"),
        DataType::Struct(members) => {
            text.push_str("struct<");
            describe_all(members, text);
            text.push('>');
        }
        DataType::List(element) => {
            text.push_str("list<");
            describe(element, text);
            text.push('>');
        }
        DataType::Map(entries, _) => {
            text.push_str("map<");
            describe(entries, text);
            text.push('>');
        }
        other => append(text, format_args!("{other}")),
    }
    text.push(';');
}

fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table_schema;

    fn schema(fields: &[(&str, DataType)]) -> Schema {
        Schema::new(
            fields
                .iter()
                .map(|(name, data_type)| Field::new(*name, data_type.clone(), true))
                .collect::<Vec<_>>(),
        )
    }

    /// The fingerprint is written into files and catalogs: its value is an interface.
    #[test]
    fn value_is_stable() {
        let schema = schema(&[("carrier", DataType::Utf8), ("delay", DataType::Int64)]);
        let schema = table_schema(&schema).unwrap();
        assert_eq!(
            schema_fingerprint(&schema),
            "xxh3:7b7e8722bae80f4567186924ff7c0cf9"
        );
    }

    /// Another name, type or order is another table.
    #[test]
    fn differs_with_names_types_and_order() {
        let fingerprints = [
            schema(&[("a", DataType::Utf8), ("b", DataType::Int64)]),
            schema(&[("b", DataType::Int64), ("a", DataType::Utf8)]),
            schema(&[("a", DataType::Utf8), ("b", DataType::Int32)]),
            schema(&[("a", DataType::Utf8), ("c", DataType::Int64)]),
            schema(&[("a", DataType::Utf8)]),
            schema(&[("a", DataType::Decimal128(9, 2))]),
            schema(&[("a", DataType::Decimal128(9, 3))]),
        ]
        .map(|schema| schema_fingerprint(&schema));
        let mut unique = fingerprints.to_vec();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), fingerprints.len());
    }
}
