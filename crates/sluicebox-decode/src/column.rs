//! The columns of a table: which JSON each one takes, and where the values go.

mod scalar;
mod list;
mod map;
mod nested;

use arrow::array::ArrayRef;
use arrow::datatypes::{
    BinaryType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type,
    Int64Type, TimestampMicrosecondType, Utf8Type,
};
use sluicebox_types::{ColumnType, TimeEncoding};

use crate::buffer::{BitBuffer, ByteBuffer, ColumnBuffer, FixedBuffer};
use crate::fault::Fault;
use crate::schema::Mistakes;
use crate::unknown::Record;

use list::ListColumn;
use map::MapColumn;
use nested::StructColumn;

/// One column, or one member, element or map value of a nested one.
pub(crate) enum Column {
    Boolean(BitBuffer),
    Int(FixedBuffer<Int32Type>),
    Bigint(FixedBuffer<Int64Type>),
    UnsignedBigint(FixedBuffer<Decimal128Type>),
    Float(FixedBuffer<Float32Type>),
    Double(FixedBuffer<Float64Type>),
    Decimal(FixedBuffer<Decimal128Type>, u8, u8),
    String(ByteBuffer<Utf8Type>),
    Uuid(ByteBuffer<Utf8Type>),
    Binary(ByteBuffer<BinaryType>),
    Date(FixedBuffer<Date32Type>),
    Timestamp(FixedBuffer<TimestampMicrosecondType>, TimeEncoding),
    TimestampNtz(FixedBuffer<TimestampMicrosecondType>, TimeEncoding),
    Time(FixedBuffer<Int64Type>, TimeEncoding),
    Json(ByteBuffer<Utf8Type>),
    Struct(Box<StructColumn>),
    List(Box<ListColumn>),
    Map(Box<MapColumn>),
}

/// Does one thing to the buffer of a column, whatever its type.
macro_rules! with_buffer {
    ($column:expr, $buffer:ident => $action:expr) => {
        match $column {
            Column::Boolean($buffer) => $action,
            Column::Int($buffer) => $action,
            Column::Bigint($buffer) | Column::Time($buffer, _) => $action,
            Column::UnsignedBigint($buffer) | Column::Decimal($buffer, ..) => $action,
            Column::Float($buffer) => $action,
            Column::Double($buffer) => $action,
            Column::String($buffer) | Column::Uuid($buffer) | Column::Json($buffer) => $action,
            Column::Binary($buffer) => $action,
            Column::Date($buffer) => $action,
            Column::Timestamp($buffer, _) | Column::TimestampNtz($buffer, _) => $action,
            Column::Struct($buffer) => $action,
            Column::List($buffer) => $action,
            Column::Map($buffer) => $action,
        }
    };
}

impl Column {
    /// An empty column. `arrow` is the Arrow type that belongs to `data_type`; mistakes of nested
    /// members are reported below `path`.
    pub(crate) fn new(
        data_type: &ColumnType,
        arrow: &DataType,
        path: &str,
        mistakes: &mut Mistakes,
    ) -> Self {
        match data_type {
            ColumnType::Boolean => Self::Boolean(BitBuffer::new()),
            ColumnType::Int => Self::Int(FixedBuffer::new(arrow)),
            ColumnType::Bigint => Self::Bigint(FixedBuffer::new(arrow)),
            ColumnType::UnsignedBigint => Self::UnsignedBigint(FixedBuffer::new(arrow)),
            ColumnType::Float => Self::Float(FixedBuffer::new(arrow)),
            ColumnType::Double => Self::Double(FixedBuffer::new(arrow)),
            ColumnType::Decimal { precision, scale } => {
                Self::Decimal(FixedBuffer::new(arrow), *precision, *scale)
            }
            ColumnType::String => Self::String(ByteBuffer::new()),
            ColumnType::Uuid => Self::Uuid(ByteBuffer::new()),
            ColumnType::Binary => Self::Binary(ByteBuffer::new()),
            ColumnType::Date => Self::Date(FixedBuffer::new(arrow)),
            ColumnType::Timestamp(encoding) => Self::Timestamp(FixedBuffer::new(arrow), *encoding),
            ColumnType::TimestampNtz(encoding) => {
                Self::TimestampNtz(FixedBuffer::new(arrow), *encoding)
            }
            ColumnType::Time(encoding) => Self::Time(FixedBuffer::new(arrow), *encoding),
            ColumnType::Json => Self::Json(ByteBuffer::new()),
            ColumnType::Struct(members) => {
                Self::Struct(Box::new(StructColumn::new(members, arrow, path, mistakes)))
            }
            ColumnType::List(element) => {
                Self::List(Box::new(ListColumn::new(element, arrow, path, mistakes)))
            }
            ColumnType::Map(value) => {
                Self::Map(Box::new(MapColumn::new(value, arrow, path, mistakes)))
            }
        }
    }

    /// Reads one value; `null` is a null whatever the type.
    pub(crate) fn read(&mut self, record: &mut Record<'_>) -> Result<(), Fault> {
        let json = &mut record.json;
        if json.peek() == Some(b'n') {
            json.null()?;
            self.push_null();
            return Ok(());
        }
        // Most values are strings, and processors predict a branch better than a jump to one of many types.
        match self {
            Self::String(buffer) => scalar::string(json, buffer),
            _ => self.read_any(record),
        }
    }

    // Apart, or the compiler would make one jump of both.
    #[inline(never)]
    fn read_any(&mut self, record: &mut Record<'_>) -> Result<(), Fault> {
        let json = &mut record.json;
        match self {
            Self::Boolean(buffer) => buffer.push(json.boolean_for("a boolean")?),
            Self::Int(buffer) => buffer.push(scalar::int(json)?),
            Self::Bigint(buffer) => buffer.push(scalar::bigint(json, "an integer (bigint)")?),
            Self::UnsignedBigint(buffer) => buffer.push(scalar::unsigned_bigint(json)?),
            Self::Float(buffer) => buffer.push(scalar::float(json)?),
            Self::Double(buffer) => buffer.push(scalar::double(json)?),
            Self::Decimal(buffer, precision, scale) => {
                buffer.push(scalar::decimal(json, *precision, *scale)?);
            }
            Self::String(buffer) => scalar::string(json, buffer)?,
            Self::Uuid(buffer) => scalar::uuid(json, buffer)?,
            Self::Binary(buffer) => scalar::binary(json, buffer)?,
            Self::Date(buffer) => buffer.push(scalar::date(json)?),
            Self::Timestamp(buffer, encoding) => buffer.push(scalar::timestamp(json, *encoding)?),
            Self::TimestampNtz(buffer, encoding) => {
                buffer.push(scalar::timestamp_ntz(json, *encoding)?);
            }
            Self::Time(buffer, encoding) => buffer.push(scalar::time(json, *encoding)?),
            Self::Json(buffer) => {
                let start = json.position();
                json.skip_value()?;
                buffer.push(json.since(start))?;
            }
            Self::Struct(column) => return column.read(record),
            Self::List(column) => return column.read(record),
            Self::Map(column) => return column.read(record),
        }
        Ok(())
    }

    /// Whether its values are objects or arrays with declared fields inside.
    pub(crate) const fn is_nested(&self) -> bool {
        matches!(self, Self::Struct(_) | Self::List(_) | Self::Map(_))
    }
}

impl ColumnBuffer for Column {
    fn push_null(&mut self) {
        with_buffer!(self, buffer => buffer.push_null());
    }

    fn truncate(&mut self, len: usize) {
        with_buffer!(self, buffer => buffer.truncate(len));
    }

    fn bytes(&self) -> usize {
        with_buffer!(self, buffer => buffer.bytes())
    }

    fn finish(&mut self) -> ArrayRef {
        with_buffer!(self, buffer => buffer.finish())
    }
}
