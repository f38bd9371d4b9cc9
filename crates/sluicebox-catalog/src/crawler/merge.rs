use std::collections::BTreeMap;
use std::sync::Arc;

use sluicebox_types::CatalogType;

use crate::catalog::DeclaredColumn;
use crate::crawler::footers::{FileSchema, SchemaColumn};

/// Schemas of files, each with the path of one that has it.
pub(crate) type Schemas = BTreeMap<Arc<FileSchema>, String>;

/// The columns that a table needs, so that all its files are read right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Merged {
    /// All columns: those declared, in their order, then the new ones.
    pub columns: Vec<DeclaredColumn>,
    /// The names of the new ones.
    pub appended: Vec<String>,
    /// Those declared that change their type.
    pub widened: Vec<Widening>,
    /// The fingerprint of the newest schema.
    pub fingerprint: String,
}

/// A column that takes a wider type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widening {
    /// Its name.
    pub column: String,
    /// The type it is declared with.
    pub from: String,
    /// The type that holds all its values.
    pub to: String,
}

/// Why files cannot be read as one table.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Incompatible {
    /// No type holds both.
    #[error(
        "column `{column}` is {found} in {file}, but {declared} {origin}; only int to bigint, float to \
         double and more digits of a decimal with the same scale can be widened. Give the changed \
         field a column of its own, or the table another name"
    )]
    Types {
        /// The column.
        column: String,
        /// Its type in the file.
        found: String,
        /// An example of the files that have it so.
        file: String,
        /// Its type so far.
        declared: String,
        /// Where that comes from.
        origin: String,
    },
    /// A column and a partition key cannot share a name.
    #[error("column `{column}` of {file} has the name of a partition key; give it another name")]
    PartitionKey {
        /// The column.
        column: String,
        /// An example of the files that have it.
        file: String,
    },
}

/// The columns of a table that declares `declared` so far (nothing if there is none yet) and whose
/// files have `schemas`. New columns come last, in the order of the newest schema: the one with the
/// most columns, for nothing is ever taken away. The answer does not depend on the order in which
/// files are seen, and files of an older schema never narrow what is there.
///
/// # Errors
/// [`Incompatible`] names the column, both types and a file.
pub(crate) fn merge(
    declared: &[DeclaredColumn],
    keys: &[DeclaredColumn],
    schemas: &Schemas,
) -> Result<Merged, Incompatible> {
    let mut newest_first: Vec<_> = schemas.iter().collect();
    newest_first.sort_by_key(|(schema, _)| (usize::MAX - schema.columns.len(), *schema));
    let newest = newest_first.first();
    let mut merging = Merging {
        merged: Merged {
            columns: declared.to_vec(),
            fingerprint: newest.map_or_else(String::new, |(schema, _)| schema.fingerprint.clone()),
            ..Merged::default()
        },
        declared: declared.len(),
        origins: BTreeMap::new(),
    };
    for (schema, file) in newest_first {
        for column in &schema.columns {
            if keys.iter().any(|key| key.name == column.name) {
                return Err(Incompatible::PartitionKey {
                    column: column.name.clone(),
                    file: file.clone(),
                });
            }
            merging.take(column, file)?;
        }
    }
    Ok(merging.finish(declared))
}

struct Merging<'a> {
    merged: Merged,
    /// How many of the columns were declared before.
    declared: usize,
    /// The file that gave a column its type.
    origins: BTreeMap<String, &'a str>,
}

impl<'a> Merging<'a> {
    fn take(&mut self, found: &SchemaColumn, file: &'a str) -> Result<(), Incompatible> {
        let columns = &mut self.merged.columns;
        let Some(column) = columns.iter_mut().find(|known| known.name == found.name) else {
            columns.push(DeclaredColumn {
                name: found.name.clone(),
                data_type: found.data_type.clone(),
                comment: None,
            });
            self.origins.insert(found.name.clone(), file);
            return Ok(());
        };
        let Some(joined) = join(&column.data_type, &found.data_type) else {
            let origin = self.origins.get(&found.name);
            return Err(Incompatible::Types {
                column: found.name.clone(),
                found: found.data_type.clone(),
                file: file.to_owned(),
                declared: column.data_type.clone(),
                origin: origin.map_or_else(
                    || "in the catalog".to_owned(),
                    |origin| format!("in {origin}"),
                ),
            });
        };
        if joined != column.data_type {
            column.data_type = joined;
            self.origins.insert(found.name.clone(), file);
        }
        Ok(())
    }

    fn finish(mut self, declared: &[DeclaredColumn]) -> Merged {
        let new = self.merged.columns.iter().skip(self.declared);
        self.merged.appended = new.map(|column| column.name.clone()).collect();
        let pairs = declared.iter().zip(&self.merged.columns);
        let widened = pairs.filter(|(before, after)| before.data_type != after.data_type);
        self.merged.widened = widened
            .map(|(before, after)| Widening {
                column: before.name.clone(),
                from: before.data_type.clone(),
                to: after.data_type.clone(),
            })
            .collect();
        self.merged
    }
}

/// The narrower of the two that holds the values of both, in Hive's spelling.
fn join(declared: &str, found: &str) -> Option<String> {
    if declared.eq_ignore_ascii_case(found) {
        return Some(declared.to_owned());
    }
    let (one, other) = (declared.parse().ok()?, found.parse().ok()?);
    let wide = |wide: CatalogType| Some(wide.to_string());
    match (one, other) {
        (CatalogType::Int, CatalogType::Bigint) | (CatalogType::Bigint, CatalogType::Int) => {
            wide(CatalogType::Bigint)
        }
        (CatalogType::Float, CatalogType::Double) | (CatalogType::Double, CatalogType::Float) => {
            wide(CatalogType::Double)
        }
        (
            CatalogType::Decimal {
                precision: one,
                scale,
            },
            CatalogType::Decimal {
                precision: other,
                scale: same,
            },
        ) if scale == same => wide(CatalogType::Decimal {
            precision: one.max(other),
            scale,
        }),
        (one, other) => (one == other).then(|| declared.to_owned()),
    }
}

#[cfg(test)]
mod tests;
