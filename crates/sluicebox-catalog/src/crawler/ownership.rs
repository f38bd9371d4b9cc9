use crate::catalog::{CatalogTable, DeclaredColumn, TableKind};
use crate::crawler::plan::INPUT_FORMAT;

/// What the parameters of our tables begin with.
const OURS: &str = "sluicebox.";

/// Why a table is not touched.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotOurs {
    /// Its files belong to the catalog.
    #[error(
        "it is a managed table, whose files belong to the catalog; drop it or give ours another name"
    )]
    Managed,
    /// A query.
    #[error("it is a view; drop it or give our table another name")]
    View,
    /// Nobody said that it is ours.
    #[error(
        "it was made by somebody else{}: no parameter of it begins with `sluicebox.`; to hand it over, \
         set its parameter `sluicebox.schema_fingerprint` to `adopted`",
        .owner.as_ref().map_or_else(String::new, |owner| format!(" ({owner})"))
    )]
    Owner {
        /// Who, as far as the catalog says.
        owner: Option<String>,
    },
    /// It is about other files.
    #[error(
        "its location is {found}, but the files lie in {expected}; drop it, or give ours another name"
    )]
    Location {
        /// Where it points to.
        found: String,
        /// Where the lake has its files.
        expected: String,
    },
    /// It is split otherwise.
    #[error("its partition keys are ({found}) instead of ({expected}); drop it, the files stay")]
    Keys {
        /// Its keys.
        found: String,
        /// Those that the layout has.
        expected: String,
    },
    /// It reads files as something else.
    #[error("it reads its files by {found}, not as Parquet; drop it, or give ours another name")]
    Format {
        /// Its input format.
        found: String,
    },
}

/// Whether a table of the catalog is the one that we would make: only such a table is changed.
///
/// # Errors
/// The first thing that says otherwise.
pub(crate) fn check(table: &CatalogTable, expected: &CatalogTable) -> Result<(), NotOurs> {
    match table.kind {
        TableKind::Managed => return Err(NotOurs::Managed),
        TableKind::View => return Err(NotOurs::View),
        TableKind::External => {}
    }
    if !table.parameters.keys().any(|name| name.starts_with(OURS)) {
        return Err(NotOurs::Owner {
            owner: table.owner.clone().filter(|owner| !owner.is_empty()),
        });
    }
    if !is_same_location(&table.location, &expected.location) {
        return Err(NotOurs::Location {
            found: table.location.clone(),
            expected: expected.location.clone(),
        });
    }
    if texts(&table.partition_keys) != texts(&expected.partition_keys) {
        return Err(NotOurs::Keys {
            found: texts(&table.partition_keys),
            expected: texts(&expected.partition_keys),
        });
    }
    if table.input_format != INPUT_FORMAT {
        return Err(NotOurs::Format {
            found: table.input_format.clone(),
        });
    }
    Ok(())
}

fn texts(columns: &[DeclaredColumn]) -> String {
    let text = |column: &DeclaredColumn| format!("{} {}", column.name, column.data_type);
    columns.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// Whether two URLs are one folder: `s3a` and `s3n` are Hadoop's words for `s3`, a local folder has
/// one slash or three before it, and a slash at the end says nothing.
#[must_use]
pub(crate) fn is_same_location(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

fn plain(location: &str) -> String {
    let (scheme, rest) = location.split_once(':').unwrap_or(("", location));
    let scheme = match scheme {
        "s3a" | "s3n" => "s3",
        other => other,
    };
    let rest = match (scheme, rest.strip_prefix("///")) {
        ("file", Some(path)) => format!("/{path}"),
        _ => rest.to_owned(),
    };
    format!("{scheme}:{}", rest.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catalogs spell locations in their own way; another folder stays another folder.
    #[test]
    fn spellings_of_a_location_are_one() {
        for (one, other) in [
            ("s3://lake/air/x", "s3a://lake/air/x/"),
            ("file:///data/x", "file:/data/x"),
            ("hdfs://nn/x/", "hdfs://nn/x"),
        ] {
            assert!(is_same_location(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("s3://lake/air/x", "s3://lake/air/x2"),
            ("s3://lake/air/x", "hdfs://lake/air/x"),
        ] {
            assert!(!is_same_location(one, other), "{one} {other}");
        }
    }
}
