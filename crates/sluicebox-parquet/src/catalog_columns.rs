use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use sluicebox_types::{CatalogColumn, CatalogType};

/// The columns that a catalog has to declare for files of this schema; of a writer's schema as well
/// as of one that was read from a footer.
///
/// # Errors
/// The name of a column whose type no file of ours has: the file is from another writer.
pub fn catalog_columns(schema: &Schema) -> Result<Vec<CatalogColumn>, ForeignColumn> {
    schema
        .fields()
        .iter()
        .map(|field| column(field, field.name()))
        .collect()
}

/// A column that Sluicebox does not write.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("column `{column}` has the type {data_type}, which Sluicebox does not write")]
pub struct ForeignColumn {
    /// The column, with the members that lead to it.
    pub column: String,
    /// Its type as Arrow names it.
    pub data_type: String,
}

fn column(field: &Field, path: &str) -> Result<CatalogColumn, ForeignColumn> {
    Ok(CatalogColumn {
        name: field.name().clone(),
        data_type: catalog_type(field.data_type(), path)?,
    })
}

fn catalog_type(data_type: &DataType, path: &str) -> Result<CatalogType, ForeignColumn> {
    let foreign = || ForeignColumn {
        column: path.to_owned(),
        data_type: data_type.to_string(),
    };
    Ok(match data_type {
        DataType::Boolean => CatalogType::Boolean,
        DataType::Int32 => CatalogType::Int,
        DataType::Int64 => CatalogType::Bigint,
        DataType::Float32 => CatalogType::Float,
        DataType::Float64 => CatalogType::Double,
        DataType::Decimal128(precision, scale) => CatalogType::Decimal {
            precision: *precision,
            scale: u8::try_from(*scale).map_err(|_negative| foreign())?,
        },
        DataType::Utf8 => CatalogType::String,
        DataType::Binary => CatalogType::Binary,
        DataType::Date32 => CatalogType::Date,
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => CatalogType::Timestamp,
        DataType::Timestamp(TimeUnit::Microsecond, None) => CatalogType::TimestampNtz,
        DataType::List(element) => {
            let path = format!("{path}.element");
            CatalogType::Array(Box::new(catalog_type(element.data_type(), &path)?))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => match &pair[..] {
                [key, value] if key.data_type() == &DataType::Utf8 => {
                    let path = format!("{path}.value");
                    CatalogType::Map(Box::new(catalog_type(value.data_type(), &path)?))
                }
                _ => return Err(foreign()),
            },
            _ => return Err(foreign()),
        },
        DataType::Struct(members) => {
            let member = |member: &std::sync::Arc<Field>| {
                column(member, &format!("{path}.{}", member.name()))
            };
            CatalogType::Struct(members.iter().map(member).collect::<Result<_, _>>()?)
        }
        _ => return Err(foreign()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::table_schema;

    /// A writer's schema becomes the declaration that engines need, `_kafka` included.
    #[test]
    fn nested_columns_are_declared() {
        let point = DataType::Struct(
            [Field::new("x", DataType::Decimal128(9, 2), true)]
                .into_iter()
                .collect(),
        );
        let list = DataType::List(Arc::new(Field::new("item", point, true)));
        let schema = Schema::new(vec![
            Field::new(
                "at",
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                true,
            ),
            Field::new("points", list, true),
        ]);
        let schema = table_schema(&schema).expect("a table's schema");
        let columns = catalog_columns(&schema).expect("types of ours");
        let text: Vec<_> = columns.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "at:timestamp",
                "points:array<struct<x:decimal(9,2)>>",
                "_kafka:struct<topic:string,partition:int,offset:bigint,timestamp:timestamp>",
            ]
        );
    }

    /// A file of another writer is named by its column.
    #[test]
    fn foreign_columns_are_named() {
        let schema = Schema::new(vec![Field::new("n", DataType::UInt64, true)]);
        let error = catalog_columns(&schema).expect_err("refused");
        assert!(error.to_string().contains("`n`"), "{error}");
    }
}
