use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, NullBufferBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use sluicebox_types::ColumnType;

use crate::buffer::{ColumnBuffer, Offsets};
use crate::fault::Fault;
use crate::schema::Mistakes;
use crate::unknown::Record;

use super::Column;

/// A list of elements of one type.
pub(crate) struct ListColumn {
    element: Column,
    elements: usize,
    offsets: Offsets,
    nulls: NullBufferBuilder,
    field: FieldRef,
}

impl ListColumn {
    pub(super) fn new(
        element: &ColumnType,
        arrow: &DataType,
        path: &str,
        mistakes: &mut Mistakes,
    ) -> Self {
        let field = match arrow {
            DataType::List(field) => Arc::clone(field),
            _ => Arc::new(Field::new_list_field(DataType::Null, true)),
        };
        let path = format!("{path}.element");
        let element = Column::new(element, field.data_type(), &path, mistakes);
        let nulls = NullBufferBuilder::new(0);
        Self {
            element,
            elements: 0,
            offsets: Offsets::new(),
            nulls,
            field,
        }
    }

    pub(super) fn read(&mut self, record: &mut Record<'_>) -> Result<(), Fault> {
        if record.json.peek() != Some(b'[') {
            return Err(record.json.wrong_type("an array (list)"));
        }
        record.unknown.open("[");
        let first = self.elements;
        let mut more = record.json.enter(b']')?;
        while more {
            let index = self.elements - first;
            self.read_element(record)
                .map_err(|fault| fault.inside_element(index))?;
            more = record.json.next(b']')?;
        }
        record.unknown.close("]");
        self.offsets.push(self.elements)?;
        self.nulls.append_non_null();
        Ok(())
    }

    fn read_element(&mut self, record: &mut Record<'_>) -> Result<(), Fault> {
        let mark = record.unknown.mark();
        self.element.read(record)?;
        if self.element.is_nested() {
            record.unknown.end_element(&mark);
        }
        self.elements += 1;
        Ok(())
    }
}

impl ColumnBuffer for ListColumn {
    fn push_null(&mut self) {
        self.offsets.push_empty();
        self.nulls.append_null();
    }

    fn truncate(&mut self, len: usize) {
        self.elements = self.offsets.truncate(len);
        self.element.truncate(self.elements);
        self.nulls.truncate(len);
    }

    fn bytes(&self) -> usize {
        self.element.bytes() + self.offsets.bytes() + self.nulls.len() / 8
    }

    fn finish(&mut self) -> ArrayRef {
        self.elements = 0;
        let offsets = self.offsets.finish();
        let elements = self.element.finish();
        let field = Arc::clone(&self.field);
        Arc::new(ListArray::new(
            field,
            offsets,
            elements,
            self.nulls.finish(),
        ))
    }
}
