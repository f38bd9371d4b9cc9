use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, StructArray};
use arrow::datatypes::{DataType, FieldRef, Fields, SchemaRef};

use crate::WriteError;

/// The same rows under the table's own schema.
///
/// Batches may differ from it in nullability, metadata and the names of list and map children. The
/// Parquet encoder takes the definition levels of nested columns from the arrays, not from the file's
/// schema, so that such a difference would corrupt the file if it were let through. No values are
/// copied.
pub(crate) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, WriteError> {
    if Arc::ptr_eq(batch.schema_ref(), schema) || batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let columns = conform_members(
        batch.schema_ref().fields(),
        batch.columns(),
        schema.fields(),
    )?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Where an error lies is put together on its way out, so that columns that fit cost no names.
fn conform_members(
    found: &Fields,
    arrays: &[ArrayRef],
    expected: &Fields,
) -> Result<Vec<ArrayRef>, WriteError> {
    if found.len() != expected.len() {
        return Err(mismatch(
            format!("{} columns", expected.len()),
            format!("{} columns", found.len()),
        ));
    }
    let mut conformed = Vec::with_capacity(arrays.len());
    for ((found, array), expected) in found.iter().zip(arrays).zip(expected) {
        let array = if found.name() == expected.name() {
            conform_array(array, expected)
        } else {
            Err(mismatch(quoted(expected.name()), quoted(found.name())))
        };
        conformed.push(array.map_err(|error| within(expected.name(), error))?);
    }
    Ok(conformed)
}

fn conform_array(array: &ArrayRef, expected: &FieldRef) -> Result<ArrayRef, WriteError> {
    match (array.data_type(), expected.data_type()) {
        (found, expected) if found == expected => Ok(Arc::clone(array)),
        (DataType::Struct(found), DataType::Struct(members)) => {
            let array = array.as_struct();
            let columns = conform_members(found, array.columns(), members)?;
            let (nulls, rows) = (array.nulls().cloned(), array.len());
            let array = StructArray::try_new_with_length(members.clone(), columns, nulls, rows)?;
            Ok(Arc::new(array))
        }
        (DataType::List(_), DataType::List(element)) => {
            let list = array.as_list::<i32>();
            let values = conform_array(list.values(), element);
            let values = values.map_err(|error| within("element", error))?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(
                Arc::clone(element),
                offsets,
                values,
                nulls,
            )?))
        }
        (DataType::Map(_, _), DataType::Map(entries, ordered)) => {
            let map = array.as_map();
            let pairs = conform_entries(map.entries(), entries)?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            let map = MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, *ordered)?;
            Ok(Arc::new(map))
        }
        (found, expected) => Err(mismatch(expected.to_string(), found.to_string())),
    }
}

fn conform_entries(entries: &StructArray, expected: &FieldRef) -> Result<StructArray, WriteError> {
    let DataType::Struct(pair) = expected.data_type() else {
        return Err(mismatch(
            expected.to_string(),
            entries.data_type().to_string(),
        ));
    };
    let columns = entries
        .columns()
        .iter()
        .zip(pair)
        .map(|(array, field)| {
            conform_array(array, field).map_err(|error| within(field.name(), error))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(StructArray::try_new(
        pair.clone(),
        columns,
        entries.nulls().cloned(),
    )?)
}

/// The same error, seen from where the column `parent` is one of several.
fn within(parent: &str, mut error: WriteError) -> WriteError {
    if let WriteError::Column { column, .. } = &mut error {
        *column = match column.as_str() {
            "" => parent.to_owned(),
            child => format!("{parent}.{child}"),
        };
    }
    error
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// What does not fit right here.
fn mismatch(expected: String, found: String) -> WriteError {
    WriteError::Column {
        column: String::new(),
        expected,
        found,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, StringArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{Field, Schema};

    use super::*;
    use crate::table_schema;

    fn batch(fields: Vec<Field>, columns: Vec<ArrayRef>) -> RecordBatch {
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }

    /// Arrays made with other child names and stricter nullability get the table's types.
    #[test]
    fn nested_arrays_get_the_types_of_the_table() {
        let item = Arc::new(Field::new("item", DataType::Int32, false));
        let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
        let list = ListArray::new(
            Arc::clone(&item),
            OffsetBuffer::from_lengths([2, 1]),
            Arc::clone(&values),
            None,
        );
        let fields = vec![Field::new("tags", DataType::List(item), false)];
        let kafka = crate::kafka_column("t", 0, vec![0, 1], &[]);
        let schema = table_schema(&Schema::new(fields.clone())).unwrap();
        let fields = [fields, vec![crate::kafka_field()]].concat();
        let conformed = conform(
            &batch(fields, vec![Arc::new(list), Arc::new(kafka)]),
            &schema,
        )
        .unwrap();
        assert_eq!(conformed.schema(), schema);
        assert_eq!(conformed.column(0).as_list::<i32>().values(), &values);
    }

    /// What is not the table's is named, with what was expected.
    #[test]
    fn other_columns_are_refused_by_name() {
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        let schema = Arc::new(Schema::new(vec![Field::new(
            "delay",
            DataType::Int32,
            true,
        )]));
        for (fields, columns, told) in [
            (
                vec![Field::new("late", DataType::Int32, true)],
                vec![Arc::clone(&numbers)],
                "`late`",
            ),
            (
                vec![Field::new("delay", DataType::Utf8, true)],
                vec![Arc::clone(&texts)],
                "Utf8",
            ),
            (
                vec![
                    Field::new("delay", DataType::Int32, true),
                    Field::new("more", DataType::Utf8, true),
                ],
                vec![numbers, texts],
                "2 columns",
            ),
        ] {
            let error = conform(&batch(fields, columns), &schema)
                .unwrap_err()
                .to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    /// A column inside others is named with all of them.
    #[test]
    fn a_nested_column_is_refused_by_its_path() {
        let stops_of = |name: &str| {
            let member = Field::new(name, DataType::Int32, true);
            let stop = Field::new("element", DataType::Struct(vec![member].into()), true);
            let stops = Field::new("stops", DataType::List(Arc::new(stop)), true);
            Field::new("route", DataType::Struct(vec![stops].into()), true)
        };
        let found = Arc::new(Schema::new(vec![stops_of("late")]));
        let schema = Arc::new(Schema::new(vec![stops_of("delay")]));
        let error = conform(&RecordBatch::new_empty(found), &schema).unwrap_err();
        let WriteError::Column { column, found, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(
            (column.as_str(), found.as_str()),
            ("route.stops.element.delay", "`late`")
        );
    }
}
