//! Objects: which field of the JSON goes to which column, and what a missing one means.

mod member;
mod field_tree;
mod name_index;

use arrow::array::ArrayRef;
use arrow::datatypes::Fields;
use sluicebox_types::Column as DeclaredColumn;

use crate::buffer::ColumnBuffer;
use crate::column::Column;
use crate::fault::Fault;
use crate::schema::{Mistakes, SchemaProblem, dotted};
use crate::unknown::Record;

use field_tree::FieldTree;
use member::Member;

/// The columns that one object fills: those of the table, or the members of a struct.
pub(crate) struct ObjectColumns {
    members: Vec<Member>,
    fields: FieldTree,
}

impl ObjectColumns {
    /// Empty columns. `arrow` has one Arrow field for each of the declared ones.
    pub(crate) fn new(
        declared: &[DeclaredColumn],
        arrow: &Fields,
        path: &str,
        mistakes: &mut Mistakes,
    ) -> Self {
        let mut members = Vec::with_capacity(declared.len());
        let mut fields = FieldTree::default();
        for (index, (declared, arrow)) in declared.iter().zip(arrow).enumerate() {
            let path = dotted(path, &declared.name);
            let column = Column::new(&declared.data_type, arrow.data_type(), &path, mistakes);
            let nested = column.is_nested();
            if let Err(conflict) = fields.insert(&declared.from, index, nested) {
                let from = declared.from.join(".");
                mistakes.add(&path, SchemaProblem::PathTaken { from, conflict });
            }
            members.push(Member::new(declared, column, &path, mistakes));
        }
        fields.build_index();
        Self { members, fields }
    }

    /// Reads the object whose bracket was peeked: one value into each column.
    pub(crate) fn read(&mut self, record: &mut Record<'_>) -> Result<(), Fault> {
        self.fields.read(&mut self.members, record)
    }

    /// Adds a null to each column, required or not.
    pub(crate) fn push_null(&mut self) {
        for member in &mut self.members {
            member.column.push_null();
        }
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        for member in &mut self.members {
            member.column.truncate(len);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.members
            .iter()
            .map(|member| member.column.bytes())
            .sum()
    }

    /// Bytes that defaults may add to one row.
    pub(crate) fn default_bytes(&self) -> usize {
        self.members.iter().map(Member::default_bytes).sum()
    }

    pub(crate) fn finish(&mut self) -> Vec<ArrayRef> {
        self.members
            .iter_mut()
            .map(|member| member.column.finish())
            .collect()
    }
}
