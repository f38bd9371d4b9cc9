use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, PrimitiveArray, RecordBatch, StringArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Fields, Float32Type, Float64Type, Int32Type, Int64Type,
    Schema, TimeUnit, TimestampMicrosecondType,
};

use super::KeyError;

/// Where a field of the key lies: the index of a column, then those of members of structs.
#[derive(Debug)]
pub(super) struct FieldPath {
    name: String,
    indexes: Vec<usize>,
    data_type: DataType,
}

impl FieldPath {
    /// Finds `column` or `column.member.member` in a schema.
    pub(super) fn resolve(schema: &Schema, name: &str) -> Result<Self, KeyError> {
        let mut indexes = Vec::new();
        let mut members = Some(schema.fields());
        let mut data_type = &DataType::Null;
        for part in name.split('.') {
            let found = members.and_then(|members| members.find(part));
            let (index, field) = found.ok_or_else(|| KeyError::Unknown {
                field: name.to_owned(),
                missing: part.to_owned(),
                available: members.map_or_else(|| "no member".to_owned(), names),
            })?;
            indexes.push(index);
            data_type = field.data_type();
            members = if let DataType::Struct(members) = data_type {
                Some(members)
            } else {
                None
            };
        }
        if !has_key_encoding(data_type) {
            let field = name.to_owned();
            return Err(KeyError::Unsupported {
                field,
                data_type: data_type.clone(),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            indexes,
            data_type: data_type.clone(),
        })
    }

    /// The field's values in a batch.
    pub(super) fn column<'a>(&self, batch: &'a RecordBatch) -> Result<KeyColumn<'a>, KeyError> {
        self.values(batch).ok_or_else(|| KeyError::SchemaChanged {
            field: self.name.clone(),
        })
    }

    fn values<'a>(&self, batch: &'a RecordBatch) -> Option<KeyColumn<'a>> {
        let (first, members) = self.indexes.split_first()?;
        let mut array = batch.columns().get(*first)?;
        let mut nulls = array.nulls().cloned();
        for index in members {
            array = array.as_struct_opt()?.columns().get(*index)?;
            nulls = NullBuffer::union(nulls.as_ref(), array.nulls());
        }
        if *array.data_type() != self.data_type {
            return None;
        }
        Some(KeyColumn {
            values: Values::of(array)?,
            nulls,
        })
    }
}

/// One field's values in a batch.
pub(super) struct KeyColumn<'a> {
    values: Values<'a>,
    nulls: Option<NullBuffer>,
}

impl KeyColumn<'_> {
    /// Appends the type and value of a row; false where it is null.
    pub(super) fn encode(&self, row: usize, encoded: &mut Vec<u8>) -> bool {
        let is_valid = self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        if is_valid {
            self.values.encode(row, encoded);
        }
        is_valid
    }
}

enum Values<'a> {
    Boolean(&'a BooleanArray),
    Int(&'a PrimitiveArray<Int32Type>),
    Bigint(&'a PrimitiveArray<Int64Type>),
    Float(&'a PrimitiveArray<Float32Type>),
    Double(&'a PrimitiveArray<Float64Type>),
    Decimal(&'a PrimitiveArray<Decimal128Type>),
    Date(&'a PrimitiveArray<Date32Type>),
    Timestamp(&'a PrimitiveArray<TimestampMicrosecondType>),
    Text(&'a StringArray),
    Binary(&'a BinaryArray),
}

/// Whether [`Values::of`] knows the type.
const fn has_key_encoding(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Boolean
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Decimal128(..)
            | DataType::Date32
            | DataType::Timestamp(TimeUnit::Microsecond, _)
            | DataType::Utf8
            | DataType::Binary
    )
}

impl<'a> Values<'a> {
    fn of(array: &'a ArrayRef) -> Option<Self> {
        match array.data_type() {
            DataType::Boolean => array.as_boolean_opt().map(Self::Boolean),
            DataType::Int32 => array.as_primitive_opt().map(Self::Int),
            DataType::Int64 => array.as_primitive_opt().map(Self::Bigint),
            DataType::Float32 => array.as_primitive_opt().map(Self::Float),
            DataType::Float64 => array.as_primitive_opt().map(Self::Double),
            DataType::Decimal128(..) => array.as_primitive_opt().map(Self::Decimal),
            DataType::Date32 => array.as_primitive_opt().map(Self::Date),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                array.as_primitive_opt().map(Self::Timestamp)
            }
            DataType::Utf8 => array.as_string_opt().map(Self::Text),
            DataType::Binary => array.as_binary_opt().map(Self::Binary),
            _ => None,
        }
    }

    fn encode(&self, row: usize, encoded: &mut Vec<u8>) {
        match self {
            Self::Boolean(array) => fixed(encoded, b'b', &[u8::from(array.value(row))]),
            Self::Int(array) => integer(encoded, i64::from(array.value(row))),
            Self::Bigint(array) => integer(encoded, array.value(row)),
            Self::Float(array) => float(encoded, f64::from(array.value(row))),
            Self::Double(array) => float(encoded, array.value(row)),
            Self::Decimal(array) => {
                fixed(encoded, b'm', &array.scale().to_le_bytes());
                encoded.extend_from_slice(&array.value(row).to_le_bytes());
            }
            Self::Date(array) => fixed(encoded, b'd', &array.value(row).to_le_bytes()),
            Self::Timestamp(array) => fixed(encoded, b't', &array.value(row).to_le_bytes()),
            Self::Text(array) => varying(encoded, b's', array.value(row).as_bytes()),
            Self::Binary(array) => varying(encoded, b'x', array.value(row)),
        }
    }
}

fn integer(encoded: &mut Vec<u8>, value: i64) {
    fixed(encoded, b'i', &value.to_le_bytes());
}

fn float(encoded: &mut Vec<u8>, value: f64) {
    let canonical = if value.is_nan() {
        f64::NAN
    } else {
        value + 0.0
    };
    fixed(encoded, b'f', &canonical.to_bits().to_le_bytes());
}

fn fixed(encoded: &mut Vec<u8>, data_type: u8, value: &[u8]) {
    encoded.push(data_type);
    encoded.extend_from_slice(value);
}

fn varying(encoded: &mut Vec<u8>, data_type: u8, value: &[u8]) {
    fixed(encoded, data_type, &value.len().to_le_bytes());
    encoded.extend_from_slice(value);
}

fn names(fields: &Fields) -> String {
    fields
        .iter()
        .map(|field| field.name().as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
