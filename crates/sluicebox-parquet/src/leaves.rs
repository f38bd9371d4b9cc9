//! The leaf columns below the columns of a table, in the order of Parquet's columns: depth first.

use std::slice::from_ref;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, FieldRef, Fields, Schema};
use arrow::error::ArrowError;

/// The values of a leaf column.
pub(crate) struct Leaf<'a> {
    pub(crate) values: &'a ArrayRef,
    /// How many columns from the root down to this one are nullable.
    pub(crate) level_max: usize,
    /// Of those that miss something the nulls, and how many nullable ones are above. Of what lies in
    /// lists or maps only the columns above the first of them can be asked.
    nulls: Vec<(usize, &'a NullBuffer)>,
}

impl Leaf<'_> {
    /// How many of the nullable columns down to this one are there in a row: its definition level,
    /// unless it lies in a list or a map.
    pub(crate) fn definition_level(&self, row: usize) -> usize {
        let missing = self.nulls.iter().find(|(_, nulls)| nulls.is_null(row));
        missing.map_or(self.level_max, |(level, _)| *level)
    }
}

/// All leaves of these rows.
pub(crate) fn leaves(rows: &RecordBatch) -> Vec<Leaf<'_>> {
    let mut leaves = Vec::new();
    let fields = rows.schema_ref().fields();
    collect(fields, rows.columns(), 0, &[], &mut leaves);
    leaves
}

fn collect<'a>(
    fields: &'a [FieldRef],
    columns: &'a [ArrayRef],
    level: usize,
    above: &[(usize, &'a NullBuffer)],
    leaves: &mut Vec<Leaf<'a>>,
) {
    for (field, array) in fields.iter().zip(columns) {
        let (mut level, mut nulls) = (level, above.to_vec());
        if field.is_nullable() {
            let missing = array.nulls().filter(|nulls| nulls.null_count() > 0);
            nulls.extend(missing.map(|missing| (level, missing)));
            level += 1;
        }
        match array.data_type() {
            DataType::Struct(members) => {
                collect(members, array.as_struct().columns(), level, &nulls, leaves);
            }
            DataType::List(item) => {
                let items = array.as_list::<i32>().values();
                collect(from_ref(item), from_ref(items), level, &nulls, leaves);
            }
            DataType::Map(_, _) => {
                let entries = array.as_map().entries();
                collect(entries.fields(), entries.columns(), level, &nulls, leaves);
            }
            _ => leaves.push(Leaf {
                values: array,
                level_max: level,
                nulls,
            }),
        }
    }
}

/// The rows without the leaves that are marked, which lie in no list and no map, and without the
/// structs that have no other.
pub(crate) fn without(rows: &RecordBatch, is_left_out: &[bool]) -> Result<RecordBatch, ArrowError> {
    let mut marks = is_left_out.iter().copied();
    let fields = rows.schema_ref().fields();
    let (fields, columns) = others(fields, rows.columns(), &mut marks)?;
    RecordBatch::try_new_with_options(
        Arc::new(Schema::new(fields)),
        columns,
        &RecordBatchOptions::new().with_row_count(Some(rows.num_rows())),
    )
}

fn others(
    fields: &Fields,
    columns: &[ArrayRef],
    marks: &mut impl Iterator<Item = bool>,
) -> Result<(Vec<FieldRef>, Vec<ArrayRef>), ArrowError> {
    let (mut kept_fields, mut kept) = (Vec::new(), Vec::new());
    for (field, array) in fields.iter().zip(columns) {
        let (field, array) = match array.as_struct_opt() {
            Some(array) => {
                let (members, columns) = others(array.fields(), array.columns(), marks)?;
                if columns.is_empty() {
                    continue;
                }
                let members = Fields::from(members);
                let field = field.as_ref().clone();
                let field = field.with_data_type(DataType::Struct(members.clone()));
                let array = StructArray::try_new(members, columns, array.nulls().cloned())?;
                (Arc::new(field), Arc::new(array) as ArrayRef)
            }
            None => {
                let marks = marks.by_ref().take(leaf_count(array.data_type()));
                if marks.fold(false, |any, mark| any | mark) {
                    continue;
                }
                (Arc::clone(field), Arc::clone(array))
            }
        };
        kept_fields.push(field);
        kept.push(array);
    }
    Ok((kept_fields, kept))
}

fn leaf_count(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(members) => members.iter().map(|m| leaf_count(m.data_type())).sum(),
        DataType::List(item) | DataType::Map(item, _) => leaf_count(item.data_type()),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, ListArray, StringArray};
    use arrow::datatypes::{Field, Int64Type};

    use super::*;

    /// `a: struct<b: string, c: struct<d: string not null>>, l: list<long>, n: long` with four rows.
    fn rows() -> RecordBatch {
        let d: ArrayRef = Arc::new(StringArray::from(vec!["1", "2", "3", "4"]));
        let c = Fields::from(vec![Field::new("d", DataType::Utf8, false)]);
        let c = StructArray::new(c, vec![d], Some(vec![true, false, true, true].into()));
        let b = StringArray::from(vec![Some("1"), Some("2"), None, Some("4")]);
        let a = Fields::from(vec![
            Field::new("b", DataType::Utf8, true),
            Field::new("c", c.data_type().clone(), true),
        ]);
        let a_nulls = Some(vec![true, true, true, false].into());
        let a = StructArray::new(a, vec![Arc::new(b), Arc::new(c)], a_nulls);
        let l = (0..4).map(|n| Some(vec![Some(n)]));
        let l = ListArray::from_iter_primitive::<Int64Type, _, _>(l);
        let columns: [(_, ArrayRef); 3] = [
            ("a", Arc::new(a)),
            ("l", Arc::new(l)),
            ("n", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
            .unwrap()
    }

    /// Levels count the nullable columns that are there; a parent's null hides what lies below.
    #[test]
    fn levels_end_at_the_first_null() {
        let rows = rows();
        let leaves = leaves(&rows);
        let levels = |leaf: &Leaf<'_>| [0, 1, 2, 3].map(|row| leaf.definition_level(row));
        let [b, d, l, n] = leaves.as_slice() else {
            panic!("{}", leaves.len())
        };
        assert_eq!(levels(b), [2, 2, 1, 0]);
        assert_eq!(levels(d), [2, 1, 2, 0]);
        assert_eq!(levels(n), [1, 1, 1, 1]);
        assert_eq!(l.values.len(), 4);
    }

    /// What is left are the other columns, and no struct without members.
    #[test]
    fn marked_leaves_are_left_out() {
        for (marks, left) in [
            ([false, false, false, false], "a{b c{d}} l n"),
            ([true, false, false, false], "a{c{d}} l n"),
            ([false, true, false, false], "a{b} l n"),
            ([true, true, false, true], "l"),
        ] {
            let rows = without(&rows(), &marks).unwrap();
            assert_eq!(
                (
                    outline(rows.schema_ref().fields()).as_str(),
                    rows.num_rows()
                ),
                (left, 4)
            );
        }
        let texts = rows().project(&[0]).unwrap();
        let nothing = without(&texts, &[true, true]).unwrap();
        assert_eq!((nothing.num_columns(), nothing.num_rows()), (0, 4));
    }

    fn outline(fields: &Fields) -> String {
        let names = fields.iter().map(|field| match field.data_type() {
            DataType::Struct(members) => format!("{}{{{}}}", field.name(), outline(members)),
            _ => field.name().clone(),
        });
        names.collect::<Vec<_>>().join(" ")
    }
}
