use std::collections::{BTreeMap, BTreeSet};

use super::Scope;
use super::file::{Fault, lineage, read_tail};
use super::lake::Lake;
use crate::ports::{LakeObject, StoreError};

/// Sorts after whatever Sluicebox puts into a table's folder.
const LAST_IN_FOLDER: &str = "~";

/// The folder of the table that a file lies in, with a `/` at its end; none for a file that lies in
/// no table: `<database>/<table>/…`, `golden/<topic>/…`, `_quarantine/<database>/<table>/…`.
pub(super) fn table_of(path: &str) -> Option<&str> {
    let depth = if path.starts_with("_quarantine/") {
        3
    } else {
        2
    };
    let (end, _) = path.match_indices('/').nth(depth - 1)?;
    path.get(..=end)
}

/// The files of the pipeline's tables, by a listing of the whole lake: so that files are found of
/// which no record tells any more. Tables of others are passed over: a table is ours if a record
/// names one of its files, or if the first file in it that is named like ours has a footer that
/// says so.
#[derive(Debug)]
pub(super) struct TableFiles<'a> {
    lake: &'a Lake<'a>,
    scope: &'a Scope<'a>,
    /// Tables, and whether they are ours.
    known: BTreeMap<String, bool>,
    after: Option<String>,
}

impl<'a> TableFiles<'a> {
    pub(super) fn new(lake: &'a Lake<'a>, scope: &'a Scope<'a>, ours: BTreeSet<String>) -> Self {
        Self {
            lake,
            scope,
            known: ours.into_iter().map(|table| (table, true)).collect(),
            after: None,
        }
    }

    /// Begins again.
    pub(super) fn restart(&mut self) {
        self.after = None;
    }

    /// The next files; none at the end.
    pub(super) async fn page(&mut self) -> Result<Option<Vec<LakeObject>>, StoreError> {
        let page = self.lake.list_files(self.after.as_deref()).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            return Ok(None);
        };
        self.after = Some(last.path.clone());
        let whole = table_of(&last.path).filter(|table| first.path.starts_with(table));
        let whole = whole.map(str::to_owned);
        let mut ours = Vec::new();
        for file in page {
            if self.is_ours(&file).await? {
                ours.push(file);
            }
        }
        self.after = self.after.take().map(|after| match whole {
            Some(table) if self.known.get(&table) != Some(&true) => {
                after.max(format!("{table}{LAST_IN_FOLDER}"))
            }
            _ => after,
        });
        Ok(Some(ours))
    }

    async fn is_ours(&mut self, file: &LakeObject) -> Result<bool, StoreError> {
        let Some(table) = table_of(&file.path) else {
            return Ok(false);
        };
        if let Some(ours) = self.known.get(table) {
            return Ok(*ours);
        }
        if !is_named_like_ours(&file.path) {
            return Ok(false);
        }
        let tail = read_tail(self.lake, &file.path, file.bytes).await;
        let lineage = match tail.and_then(|tail| lineage(&tail)) {
            Err(Fault::Store(error)) => return Err(error),
            Err(_says_nothing) => return Ok(false),
            Ok(lineage) => lineage,
        };
        let ours = self.scope.is_of(&lineage.pipeline, &lineage.topic);
        self.known.insert(table.to_owned(), ours);
        Ok(ours)
    }
}

/// Whether a file has a name such as `p00012-….parquet`.
pub(super) fn is_named_like_ours(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let number = name
        .strip_prefix('p')
        .and_then(|rest| rest.split('-').next());
    let is_number = |text: &str| text.len() >= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    number.is_some_and(is_number) && name.ends_with(".parquet")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file belongs to the table whose folder it is in, in every layout.
    #[test]
    fn tables_have_their_folders() {
        for (path, table) in [
            (
                "air/flights/dt=2013-01-01/p00000-a.parquet",
                Some("air/flights/"),
            ),
            ("air/flights/README", Some("air/flights/")),
            (
                "golden/raw.flights/2013/01/01/p00000-a.parquet",
                Some("golden/raw.flights/"),
            ),
            (
                "_quarantine/air/flights/dt=2013-01-01/x",
                Some("_quarantine/air/flights/"),
            ),
            ("_quarantine/air/x", None),
            ("air/x", None),
            ("x", None),
        ] {
            assert_eq!(table_of(path), table, "{path}");
        }
    }

    /// Names of data files are told from those of others.
    #[test]
    fn names_are_known() {
        for (path, ours) in [
            (
                "a/b/dt=2013-01-01/p00012-00-01-1a2b3c4d-0.snappy.parquet",
                true,
            ),
            ("a/b/p00012-copy.parquet", true),
            ("a/b/part-00012.parquet", false),
            ("a/b/p00012-x.csv", false),
            ("a/b/p12-x.parquet", false),
        ] {
            assert_eq!(is_named_like_ours(path), ours, "{path}");
        }
    }
}
