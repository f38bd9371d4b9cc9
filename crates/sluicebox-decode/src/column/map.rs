use std::sync::Arc;

use arrow::array::{ArrayRef, MapArray, NullBufferBuilder, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Utf8Type};
use sluicebox_types::{ColumnType, RejectReason};

use crate::buffer::{ByteBuffer, ColumnBuffer, Offsets};
use crate::fault::Fault;
use crate::schema::Mistakes;
use crate::unknown::Record;

use super::Column;

/// A map from strings to values of one type: an object whose names are data.
pub(crate) struct MapColumn {
    keys: ByteBuffer<Utf8Type>,
    values: Column,
    offsets: Offsets,
    nulls: NullBufferBuilder,
    field: FieldRef,
    entries: Fields,
    key_order: Vec<usize>,
}

impl MapColumn {
    pub(super) fn new(
        value: &ColumnType,
        arrow: &DataType,
        path: &str,
        mistakes: &mut Mistakes,
    ) -> Self {
        let field = match arrow {
            DataType::Map(field, _) => Arc::clone(field),
            _ => Arc::new(Field::new_list_field(DataType::Null, true)),
        };
        let entries = match field.data_type() {
            DataType::Struct(entries) => entries.clone(),
            _ => Fields::empty(),
        };
        let arrow = entries
            .get(1)
            .map_or(&DataType::Null, |value| value.data_type());
        let values = Column::new(value, arrow, &format!("{path}.value"), mistakes);
        Self {
            keys: ByteBuffer::new(),
            values,
            offsets: Offsets::new(),
            nulls: NullBufferBuilder::new(0),
            field,
            entries,
            key_order: Vec::new(),
        }
    }

    pub(super) fn read(&mut self, record: &mut Record<'_>) -> Result<(), Fault> {
        if record.json.peek() != Some(b'{') {
            return Err(record.json.wrong_type("an object (map)"));
        }
        record.unknown.open("{");
        let first = self.keys.len();
        let mut more = record.json.enter(b'}')?;
        while more {
            self.read_entry(record)?;
            more = record.json.next(b'}')?;
        }
        record.unknown.close("}");
        self.check_keys(first)?;
        self.offsets.push(self.keys.len())?;
        self.nulls.append_non_null();
        Ok(())
    }

    fn read_entry(&mut self, record: &mut Record<'_>) -> Result<(), Fault> {
        record.json.peek();
        let start = record.json.position();
        self.keys.push(record.json.name()?)?;
        record.json.colon()?;
        let mark = record.unknown.mark();
        if self.values.is_nested() {
            record.unknown.open(record.json.since(start));
        }
        self.values
            .read(record)
            .map_err(|fault| fault.inside("value"))?;
        record.unknown.end_field(&mark);
        Ok(())
    }

    /// Readers disagree on which of two equal keys counts, so there must not be any. Sorted, because
    /// a hostile map may have a million keys.
    fn check_keys(&mut self, first: usize) -> Result<(), Fault> {
        self.key_order.clear();
        self.key_order.extend(first..self.keys.len());
        self.key_order
            .sort_unstable_by_key(|index| self.keys.value(*index));
        let repeated = self
            .key_order
            .array_windows()
            .any(|[one, other]| self.keys.value(*one) == self.keys.value(*other));
        if repeated {
            return Err(Fault::new(
                RejectReason::DuplicateField,
                "the map has one key twice",
            ));
        }
        Ok(())
    }
}

impl ColumnBuffer for MapColumn {
    fn push_null(&mut self) {
        self.offsets.push_empty();
        self.nulls.append_null();
    }

    fn truncate(&mut self, len: usize) {
        let entries = self.offsets.truncate(len);
        self.keys.truncate(entries);
        self.values.truncate(entries);
        self.nulls.truncate(len);
    }

    fn bytes(&self) -> usize {
        let entries = self.keys.bytes() + self.values.bytes();
        entries + self.offsets.bytes() + self.nulls.len() / 8
    }

    fn finish(&mut self) -> ArrayRef {
        let columns = vec![self.keys.finish(), self.values.finish()];
        let entries = StructArray::new(self.entries.clone(), columns, None);
        let offsets = self.offsets.finish();
        let field = Arc::clone(&self.field);
        Arc::new(MapArray::new(
            field,
            offsets,
            entries,
            self.nulls.finish(),
            false,
        ))
    }
}
