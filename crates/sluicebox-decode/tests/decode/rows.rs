//! What is in a batch, as JSON.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use serde_json::{Value, json};

/// The rows of a batch as JSON objects: decimals as text, times as numbers, bytes as a list, maps as
/// a list of pairs.
pub(crate) fn rows(batch: &RecordBatch) -> Vec<Value> {
    let schema = batch.schema();
    let row = |index| {
        let names = schema.fields().iter().map(|field| field.name().clone());
        names
            .zip(batch.columns())
            .map(|(name, array)| (name, value(array, index)))
            .collect()
    };
    (0..batch.num_rows())
        .map(|index| Value::Object(row(index)))
        .collect()
}

fn value(array: &ArrayRef, index: usize) -> Value {
    if array.is_null(index) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Boolean => json!(array.as_boolean().value(index)),
        DataType::Int32 => json!(array.as_primitive::<Int32Type>().value(index)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(index)),
        DataType::Float32 => json!(array.as_primitive::<Float32Type>().value(index)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(index)),
        DataType::Decimal128(..) => {
            json!(
                array
                    .as_primitive::<Decimal128Type>()
                    .value_as_string(index)
            )
        }
        DataType::Utf8 => json!(array.as_string::<i32>().value(index)),
        DataType::Binary => json!(array.as_binary::<i32>().value(index)),
        DataType::Date32 => json!(array.as_primitive::<Date32Type>().value(index)),
        DataType::Timestamp(..) => {
            json!(
                array
                    .as_primitive::<TimestampMicrosecondType>()
                    .value(index)
            )
        }
        DataType::Struct(fields) => {
            let members = fields.iter().zip(array.as_struct().columns());
            members
                .map(|(field, member)| (field.name().clone(), value(member, index)))
                .collect()
        }
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(index);
            (0..elements.len())
                .map(|index| value(&elements, index))
                .collect()
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(index);
            let [keys, values] = [entries.column(0), entries.column(1)];
            (0..entries.len())
                .map(|index| json!([value(keys, index), value(values, index)]))
                .collect()
        }
        other => panic!("no column has the type {other}"),
    }
}
