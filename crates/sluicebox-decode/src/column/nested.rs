use std::sync::Arc;

use arrow::array::{ArrayRef, NullBufferBuilder, StructArray};
use arrow::datatypes::{DataType, Fields};
use sluicebox_types::Column as DeclaredColumn;

use crate::buffer::ColumnBuffer;
use crate::fault::Fault;
use crate::object::ObjectColumns;
use crate::schema::Mistakes;
use crate::unknown::Record;

/// A struct: the members of one object.
pub(crate) struct StructColumn {
    members: ObjectColumns,
    nulls: NullBufferBuilder,
    fields: Fields,
}

impl StructColumn {
    pub(super) fn new(
        members: &[DeclaredColumn],
        arrow: &DataType,
        path: &str,
        mistakes: &mut Mistakes,
    ) -> Self {
        let fields = match arrow {
            DataType::Struct(fields) => fields.clone(),
            _ => Fields::empty(),
        };
        let members = ObjectColumns::new(members, &fields, path, mistakes);
        Self {
            members,
            nulls: NullBufferBuilder::new(0),
            fields,
        }
    }

    pub(super) fn read(&mut self, record: &mut Record<'_>) -> Result<(), Fault> {
        if record.json.peek() != Some(b'{') {
            return Err(record.json.wrong_type("an object (struct)"));
        }
        self.members.read(record)?;
        self.nulls.append_non_null();
        Ok(())
    }
}

impl ColumnBuffer for StructColumn {
    fn push_null(&mut self) {
        self.members.push_null();
        self.nulls.append_null();
    }

    fn truncate(&mut self, len: usize) {
        self.members.truncate(len);
        self.nulls.truncate(len);
    }

    fn bytes(&self) -> usize {
        self.members.bytes() + self.nulls.len() / 8
    }

    fn finish(&mut self) -> ArrayRef {
        let members = self.members.finish();
        Arc::new(StructArray::new(
            self.fields.clone(),
            members,
            self.nulls.finish(),
        ))
    }
}
