use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use sluicebox_types::{ColumnType, TableSchema};

/// The column that keeps unknown fields.
pub(crate) const EXTRA_COLUMN: &str = "_extra";

/// Where the Parquet writer looks for a field's id.
const FIELD_ID: &str = "PARQUET:field_id";

/// The Arrow schema of a table, with the names that Parquet's specification gives to the inside of
/// lists and maps, and field ids counted depth-first from 1 (a map's `key_value` has none).
pub(crate) fn arrow_schema(schema: &TableSchema, has_extra: bool) -> SchemaRef {
    let mut ids = FieldIds(0);
    let mut fields: Vec<_> = schema
        .columns
        .iter()
        .map(|column| ids.field(&column.name, &column.data_type))
        .collect();
    if has_extra {
        fields.push(ids.field(EXTRA_COLUMN, &ColumnType::Json));
    }
    Arc::new(Schema::new(fields))
}

struct FieldIds(usize);

impl FieldIds {
    fn field(&mut self, name: &str, data_type: &ColumnType) -> FieldRef {
        let metadata = self.next();
        let field = Field::new(name, self.data_type(data_type), true);
        Arc::new(field.with_metadata(metadata))
    }

    fn next(&mut self) -> HashMap<String, String> {
        self.0 += 1;
        HashMap::from([(FIELD_ID.to_owned(), self.0.to_string())])
    }

    fn data_type(&mut self, data_type: &ColumnType) -> DataType {
        match data_type {
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
                    .map(|member| self.field(&member.name, &member.data_type))
                    .collect(),
            ),
            ColumnType::List(element) => DataType::List(self.field("element", element)),
            ColumnType::Map(value) => DataType::Map(self.entries(value), false),
        }
    }

    fn entries(&mut self, value: &ColumnType) -> FieldRef {
        let key = Field::new("key", DataType::Utf8, false).with_metadata(self.next());
        let entries = [Arc::new(key), self.field("value", value)];
        Arc::new(Field::new(
            "key_value",
            DataType::Struct(entries.into_iter().collect()),
            false,
        ))
    }
}
