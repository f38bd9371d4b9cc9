use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use xxhash_rust::xxh3::xxh3_64;

use crate::kafka_column::{KAFKA_COLUMN, kafka_field};

/// A schema that no table can have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SchemaError {
    /// A type that some engine cannot read, or reads differently from the others.
    #[error(
        "column `{column}` has the type {data_type}, which engines do not read alike; \
         use a type of the documented list"
    )]
    UnsupportedType {
        /// The column, with the members that lead to it.
        column: String,
        /// The type as Arrow names it.
        data_type: String,
    },
    /// A choice per column (dictionary, Bloom filter) names a column that is not there.
    #[error("`{column}` is set in `{setting}`, but the table has no such column")]
    UnknownColumn {
        /// The setting.
        setting: &'static str,
        /// The name that it gives.
        column: String,
    },
    /// Parquet refuses the schema.
    #[error("the schema has no Parquet form: {0}")]
    NoParquetForm(String),
}

/// The schema of a golden table's files: the given columns, then `_kafka`.
///
/// Every column and member is optional, because files that were written before a column was
/// required must stay readable; map keys are required, as Parquet demands. Each field gets a Parquet
/// field id unless it has one. An id is a hash of the field's path, so that it is the same in every
/// file whatever was added to the table before it, and no registry is needed. Lists and maps get
/// the child names of the Parquet specification.
///
/// Batches for [`crate::TableWriter::append`] may differ from it in nullability, metadata and the
/// names of list and map children.
///
/// # Errors
/// [`SchemaError::UnsupportedType`] if a type is not one that every engine reads alike.
pub fn table_schema(columns: &Schema) -> Result<SchemaRef, SchemaError> {
    check_types(columns)?;
    let columns: Fields = columns
        .fields()
        .iter()
        .filter(|field| field.name() != KAFKA_COLUMN)
        .map(|field| optional(field, field.name()))
        .chain([Arc::new(kafka_field())])
        .collect();
    Ok(Arc::new(Schema::new(with_field_ids(&columns))))
}

/// Refuses types that engines do not read alike: unsigned integers, nanoseconds, intervals, half
/// floats, columns of nulls only, structs without members, maps with keys that are no strings.
pub(crate) fn check_types(schema: &Schema) -> Result<(), SchemaError> {
    schema
        .fields()
        .iter()
        .try_for_each(|field| check_type(field, field.name()))
}

fn check_type(field: &Field, path: &str) -> Result<(), SchemaError> {
    match field.data_type() {
        DataType::Boolean
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8
        | DataType::Binary
        | DataType::Date32
        | DataType::Timestamp(TimeUnit::Microsecond, None) => Ok(()),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => Ok(()),
        DataType::Decimal128(1..=38, scale) if *scale >= 0 => Ok(()),
        DataType::Struct(members) if !members.is_empty() => members
            .iter()
            .try_for_each(|member| check_type(member, &format!("{path}.{}", member.name()))),
        DataType::List(element) => check_type(element, &format!("{path}.element")),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => match &pair[..] {
                [key, value] if key.data_type() == &DataType::Utf8 => {
                    check_type(value, &format!("{path}.value"))
                }
                _ => Err(unsupported(field, path)),
            },
            _ => Err(unsupported(field, path)),
        },
        _ => Err(unsupported(field, path)),
    }
}

fn unsupported(field: &Field, path: &str) -> SchemaError {
    SchemaError::UnsupportedType {
        column: path.to_owned(),
        data_type: field.data_type().to_string(),
    }
}

/// The same field under `name`, null allowed in it and in everything below it.
fn optional(field: &FieldRef, name: &str) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Struct(members) => DataType::Struct(
            members
                .iter()
                .map(|member| optional(member, member.name()))
                .collect(),
        ),
        DataType::List(element) => DataType::List(optional(element, "element")),
        DataType::Map(entries, ordered) => DataType::Map(optional_entries(entries), *ordered),
        leaf => leaf.clone(),
    };
    let field = field
        .as_ref()
        .clone()
        .with_name(name)
        .with_data_type(data_type);
    Arc::new(field.with_nullable(true))
}

fn optional_entries(entries: &FieldRef) -> FieldRef {
    let DataType::Struct(pair) = entries.data_type() else {
        return Arc::clone(entries);
    };
    let pair: Fields = pair
        .iter()
        .zip(["key", "value"])
        .map(|(field, name)| {
            let field = optional(field, name);
            Arc::new(field.as_ref().clone().with_nullable(name == "value"))
        })
        .collect();
    Arc::new(Field::new("key_value", DataType::Struct(pair), false))
}

/// The same fields, each with a Parquet field id that no other of them has.
pub(crate) fn with_field_ids(fields: &Fields) -> Fields {
    let mut taken = BTreeSet::new();
    fields
        .iter()
        .for_each(|field| collect_ids(field, &mut taken));
    fields
        .iter()
        .map(|field| with_field_id(field, field.name(), &mut taken))
        .collect()
}

fn collect_ids(field: &Field, taken: &mut BTreeSet<i32>) {
    taken.extend(field_id(field));
    match field.data_type() {
        DataType::Struct(members) => members.iter().for_each(|member| collect_ids(member, taken)),
        DataType::List(child) | DataType::Map(child, _) => collect_ids(child, taken),
        _ => {}
    }
}

fn with_field_id(field: &Field, path: &str, taken: &mut BTreeSet<i32>) -> FieldRef {
    let id = field_id(field).unwrap_or_else(|| free_id(path, taken));
    let mut child = |child: &Field| {
        let path = format!("{path}.{}", child.name());
        with_field_id(child, &path, taken)
    };
    let data_type = match field.data_type() {
        DataType::Struct(members) => {
            DataType::Struct(members.iter().map(|member| child(member)).collect())
        }
        DataType::List(element) => DataType::List(child(element)),
        DataType::Map(entries, ordered) => DataType::Map(child(entries), *ordered),
        leaf => leaf.clone(),
    };
    let mut metadata = field.metadata().clone();
    metadata.insert(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string());
    Arc::new(
        field
            .clone()
            .with_data_type(data_type)
            .with_metadata(metadata),
    )
}

/// The Parquet field id that a field carries.
pub(crate) fn field_id(field: &Field) -> Option<i32> {
    field
        .metadata()
        .get(PARQUET_FIELD_ID_META_KEY)?
        .parse()
        .ok()
}

/// 30 bits of the path's hash, or the next free number: far below the ids that table formats
/// reserve for columns of their own (Iceberg: 2,147,483,447 and up).
fn free_id(path: &str, taken: &mut BTreeSet<i32>) -> i32 {
    let [a, b, c, d, ..] = xxh3_64(path.as_bytes()).to_be_bytes();
    let mut id = i32::from_be_bytes([a & 0x3f, b, c, d]).max(1);
    while !taken.insert(id) {
        id += 1;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(name: &str, data_type: DataType) -> Field {
        Field::new(name, data_type, false)
    }

    fn address(members: &[&str]) -> Field {
        let members: Fields = members
            .iter()
            .map(|name| leaf(name, DataType::Utf8))
            .collect();
        leaf("address", DataType::Struct(members))
    }

    fn id_of(schema: &Schema, column: &str) -> i32 {
        field_id(schema.field_with_name(column).unwrap()).unwrap()
    }

    /// Adding columns and members moves no id that files already carry.
    #[test]
    fn ids_survive_growth_of_the_schema() {
        let before = table_schema(&Schema::new(vec![
            address(&["city"]),
            leaf("carrier", DataType::Utf8),
        ]));
        let after = table_schema(&Schema::new(vec![
            address(&["city", "zip"]),
            leaf("carrier", DataType::Utf8),
            leaf("delay", DataType::Int64),
        ]));
        let (before, after) = (before.unwrap(), after.unwrap());
        for column in ["address", "carrier", "_kafka"] {
            assert_eq!(id_of(&before, column), id_of(&after, column), "{column}");
        }
    }

    /// Ids that a schema brings along stay, and nobody else gets them.
    #[test]
    fn given_ids_stay_and_are_not_given_twice() {
        let free = id_of(
            &table_schema(&Schema::new(vec![leaf("b", DataType::Utf8)])).unwrap(),
            "b",
        );
        let given = leaf("a", DataType::Int32)
            .with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), free.to_string())].into());
        let schema = table_schema(&Schema::new(vec![leaf("b", DataType::Utf8), given])).unwrap();
        assert_eq!(id_of(&schema, "a"), free);
        assert_eq!(id_of(&schema, "b"), free + 1);
    }

    /// Everything is optional but the metadata column, whatever the source says.
    #[test]
    fn columns_become_optional_and_the_metadata_column_comes_last() {
        let schema = table_schema(&Schema::new(vec![address(&["city"])])).unwrap();
        let DataType::Struct(members) = schema.field(0).data_type() else {
            panic!("no struct")
        };
        assert!(schema.field(0).is_nullable() && members[0].is_nullable());
        assert_eq!(schema.field(1).name(), "_kafka");
        assert!(!schema.field(1).is_nullable());
        assert_eq!(
            table_schema(&schema).unwrap(),
            schema,
            "a table's schema is a fixed point"
        );
    }

    /// Types that engines disagree on are refused by name.
    #[test]
    fn types_that_engines_disagree_on_are_refused() {
        let pair: Fields =
            vec![leaf("key", DataType::Int32), leaf("value", DataType::Int32)].into();
        let entries = Arc::new(leaf("key_value", DataType::Struct(pair)));
        for data_type in [
            DataType::UInt64,
            DataType::Null,
            DataType::Float16,
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Berlin".into())),
            DataType::Decimal128(10, -2),
            DataType::Struct(Fields::empty()),
            DataType::Map(entries, false),
            DataType::List(Arc::new(leaf("element", DataType::UInt32))),
        ] {
            let refused = table_schema(&Schema::new(vec![leaf("c", data_type.clone())]));
            let message = refused.expect_err(&data_type.to_string()).to_string();
            assert!(message.contains("column `c"), "{message}");
        }
    }
}
