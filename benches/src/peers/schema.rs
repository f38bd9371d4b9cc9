//! The columns of a shape's config in the words of each peer, so that no schema is written twice.

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};
use sluicebox_types::{Column, ColumnType};

/// How a dialect of SQL writes what differs.
pub(super) struct Dialect {
    row: &'static str,
    timestamp: &'static str,
}

/// Spark's.
pub(super) const SPARK: Dialect = Dialect {
    row: "STRUCT",
    timestamp: "TIMESTAMP",
};

/// Flink's.
pub(super) const FLINK: Dialect = Dialect {
    row: "ROW",
    timestamp: "TIMESTAMP_LTZ(3)",
};

impl Dialect {
    /// Columns as they stand between the brackets of `CREATE TABLE`.
    pub(super) fn columns(&self, columns: &[Column]) -> Result<String> {
        let column = |column: &Column| {
            let data_type = self.data_type(&column.data_type)?;
            Ok(format!("`{}` {data_type}", column.name))
        };
        let columns: Vec<_> = columns.iter().map(column).collect::<Result<_>>()?;
        Ok(columns.join(", "))
    }

    fn data_type(&self, data_type: &ColumnType) -> Result<String> {
        Ok(match data_type {
            ColumnType::Boolean => "BOOLEAN".to_owned(),
            ColumnType::Bigint => "BIGINT".to_owned(),
            ColumnType::Double => "DOUBLE".to_owned(),
            ColumnType::String => "STRING".to_owned(),
            ColumnType::Timestamp(_) => self.timestamp.to_owned(),
            ColumnType::List(element) => format!("ARRAY<{}>", self.data_type(element)?),
            ColumnType::Struct(members) => format!("{}<{}>", self.row, self.columns(members)?),
            other => bail!("no word for {other}"),
        })
    }
}

/// Columns as JSON: an object's members are a struct's, a list's one element is its type, a text
/// names a type.
pub(super) fn as_json(columns: &[Column]) -> Result<Value> {
    let column = |column: &Column| Ok((column.name.clone(), type_as_json(&column.data_type)?));
    let columns: Map<String, Value> = columns.iter().map(column).collect::<Result<_>>()?;
    Ok(Value::Object(columns))
}

fn type_as_json(data_type: &ColumnType) -> Result<Value> {
    Ok(match data_type {
        ColumnType::List(element) => json!([type_as_json(element)?]),
        ColumnType::Struct(members) => as_json(members)?,
        other => json!(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::Shape;
    use crate::topic::Topic;

    /// Every column of every shape has a word in each peer's language.
    #[test]
    fn every_shape_can_be_said() {
        for shape in Shape::STANDARD {
            let topic = Topic::of(shape).expect("a config");
            let columns = &topic.schema().columns;
            assert!(SPARK.columns(columns).is_ok(), "{shape}");
            assert!(FLINK.columns(columns).is_ok(), "{shape}");
            assert!(as_json(columns).is_ok(), "{shape}");
        }
    }

    /// What is nested is written as each of them wants it.
    #[test]
    fn columns_nest_as_each_peer_wants_it() {
        let topic = Topic::of(Shape::A).expect("a config");
        let columns = &topic.schema().columns;
        let spark = SPARK.columns(columns).expect("Spark's words");
        assert!(
            spark.contains("`context` STRUCT<`ip` STRING, `ua` STRING>"),
            "{spark}"
        );
        let flink = FLINK.columns(columns).expect("Flink's words");
        assert!(
            flink.contains("`context` ROW<`ip` STRING, `ua` STRING>"),
            "{flink}"
        );
        assert!(flink.ends_with("`tags` ARRAY<STRING>"), "{flink}");
        let json = as_json(columns).expect("JSON");
        assert_eq!(json["context"]["ip"], "string");
        assert_eq!(json["tags"], json!(["string"]));
    }
}
