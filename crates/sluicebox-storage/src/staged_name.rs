//! Names below a staging folder, on stores that rename what was staged: local disk and HDFS.
//!
//! `<record>-<uuid>`: two writers never meet in one name, so nobody waits for a writer that died
//! over its half-written file; and a sweep knows which record a file was for.

use sluicebox_types::Staged;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::Failure;
use crate::relative_path::check;

/// A name that nobody else uses for what will become, or be named by, `path`.
pub(crate) fn fresh(path: &str) -> String {
    format!("{path}-{}", Uuid::new_v4())
}

/// The name under which the bytes lie that a record says were staged.
pub(crate) fn find(staged: &Staged) -> Result<&str, Failure> {
    match staged {
        Staged::File { path } => check(path).map(|()| path.as_str()),
        Staged::Multipart { .. } => Err(Failure::foreign_data()),
    }
}

/// The folder of a record, without a `/` at its end.
pub(crate) fn folder_of(record: &str) -> &str {
    record.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a file of this name was staged for the record `last`, or for one before it. False for a
/// name that is not ours.
pub(crate) fn is_swept_by(name: &str, last: &str) -> bool {
    record_of(name).is_some_and(|record| record <= last)
}

fn record_of(name: &str) -> Option<&str> {
    let end = name.len().checked_sub(Hyphenated::LENGTH + 1)?;
    let (record, attempt) = name.split_at_checked(end)?;
    Uuid::parse_str(attempt.strip_prefix('-')?).ok()?;
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sweep takes what was staged up to its record, and nothing that it does not know.
    #[test]
    fn a_sweep_knows_its_own() {
        for (name, swept) in [
            (fresh("00000000000000000001.json"), true),
            (fresh("00000000000000000002.json"), true),
            (fresh("00000000000000000003.json"), false),
            ("00000000000000000001.json".to_owned(), false),
            ("notes".to_owned(), false),
            ("日本".repeat(20), false),
        ] {
            assert_eq!(
                is_swept_by(&name, "00000000000000000002.json"),
                swept,
                "{name}"
            );
        }
    }
}
