use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use sluicebox_types::{ColumnType, TableSchema};

/// The column that keeps unknown fields.
pub(crate) const EXTRA_COLUMN: &str = "_extra";

/// The Arrow schema of a table, with the names that Parquet's specification gives to the inside of
/// lists and maps.
pub(crate) fn arrow_schema(schema: &TableSchema, has_extra: bool) -> SchemaRef {
    let mut fields: Vec<_> = schema
        .columns
        .iter()
        .map(|column| field(&column.name, &column.data_type))
        .collect();
    if has_extra {
        fields.push(field(EXTRA_COLUMN, &ColumnType::Json));
    }
    Arc::new(Schema::new(fields))
}

fn field(name: &str, column_type: &ColumnType) -> FieldRef {
    Arc::new(Field::new(name, data_type(column_type), true))
}

fn data_type(column_type: &ColumnType) -> DataType {
    match column_type {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        ColumnType::Bigint | ColumnType::Time(_) => DataType::Int64,
        ColumnType::UnsignedBigint => DataType::Decimal128(20, 0),
        ColumnType::Float => DataType::Float32,
        ColumnType::Double => DataType::Float64,
        ColumnType::Decimal { precision, scale } => {
            DataType::Decimal128(*precision, i8::try_from(*scale).unwrap_or(i8::MAX))
        }
        ColumnType::String | ColumnType::Uuid | ColumnType::Json => DataType::Utf8,
        ColumnType::Binary => DataType::Binary,
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp(_) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
        }
        ColumnType::TimestampNtz(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::Struct(members) => DataType::Struct(
            members
                .iter()
                .map(|member| field(&member.name, &member.data_type))
                .collect(),
        ),
        ColumnType::List(element) => DataType::List(field("element", element)),
        ColumnType::Map(value) => DataType::Map(entries(value), false),
    }
}

fn entries(value: &ColumnType) -> FieldRef {
    let key = Arc::new(Field::new("key", DataType::Utf8, false));
    let entries = [key, field("value", value)];
    Arc::new(Field::new(
        "key_value",
        DataType::Struct(entries.into_iter().collect()),
        false,
    ))
}
