//! What came out, as a reader sees it that knows nothing of its writer: every file under a folder
//! whose path hides nothing.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arrow::array::AsArray;
use parking_lot::Mutex;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use serde::Serialize;
use uuid::Uuid;

use crate::records::{Fate, Record};

/// The column by which rows are told apart.
const ID: &str = "event_id";

/// The ids of all rows that must come out.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<HashSet<u128>>);

/// What a reader finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// Files that it can read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that it cannot read.
    pub broken_files: u64,
    /// Rows, however often.
    pub rows: u64,
    /// Rows that should be there and are not.
    pub missing: u64,
    /// Rows that are there once more.
    pub doubled: u64,
    /// Rows that malformed records became.
    pub malformed: u64,
}

impl Ledger {
    /// Takes note of a record of the load.
    pub fn note(&self, record: &Record) {
        if record.fate == Fate::Unique
            && let Ok(id) = record.key.parse::<Uuid>()
        {
            self.0.lock().insert(id.as_u128());
        }
    }

    /// Reads all files under a folder, and judges their rows.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn judge(&self, folder: &Path) -> Result<Rows> {
        let mut count = Count {
            good: &self.0.lock(),
            seen: HashSet::new(),
            rows: Rows::default(),
        };
        for file in visible_files(folder)? {
            match count.add(&file) {
                Ok(()) => {
                    count.rows.files += 1;
                    count.rows.bytes += file.metadata()?.len();
                }
                Err(_unreadable) => count.rows.broken_files += 1,
            }
        }
        let missing = count.good.len() - count.seen.len();
        Ok(Rows {
            missing: missing as u64,
            ..count.rows
        })
    }
}

/// The files under a folder that are not empty, and that no dot or underscore hides; none when there
/// is no such folder.
///
/// # Errors
/// When a folder cannot be listed.
pub fn visible_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        // What was listed may be renamed before it is looked at.
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => files.extend(visible_files(&entry.path())?),
            Ok(metadata) if metadata.len() > 0 => files.push(entry.path()),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(files)
}

struct Count<'a> {
    good: &'a HashSet<u128>,
    seen: HashSet<u128>,
    rows: Rows,
}

impl Count<'_> {
    fn add(&mut self, file: &Path) -> Result<()> {
        // The types that a writer's own library would make of the columns are of no matter.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let file = File::open(file)?;
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
        let id = ProjectionMask::columns(reader.parquet_schema(), [ID]);
        for batch in reader.with_projection(id).build()? {
            let batch = batch?;
            let ids = batch.column_by_name(ID).context("no ids")?;
            let ids = ids.as_string_opt::<i32>().context("ids are no text")?;
            for id in ids {
                self.add_row(id);
            }
        }
        Ok(())
    }

    fn add_row(&mut self, id: Option<&str>) {
        self.rows.rows += 1;
        let id = id.and_then(|id| id.parse::<Uuid>().ok());
        match id.map(|id| id.as_u128()) {
            Some(id) if self.good.contains(&id) => {
                self.rows.doubled += u64::from(!self.seen.insert(id));
            }
            Some(_) | None => self.rows.malformed += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is empty, hidden, or in a hidden folder is not seen; what has no ending that tells its
    /// format is.
    #[test]
    fn a_reader_sees_what_nothing_hides() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("dt=2026-05-28/hour=20");
        fs::create_dir_all(&deep).expect("a folder");
        fs::create_dir(folder.path().join("_log")).expect("a folder");
        for name in ["part-0", ".part-1", "_SUCCESS", "../../_log/part-2"] {
            fs::write(deep.join(name), "PAR1").expect("a file");
        }
        fs::write(deep.join("part-3"), "").expect("a file");
        let seen = visible_files(folder.path()).expect("a listing");
        assert_eq!(seen, [deep.join("part-0")]);
        let rows = Ledger::default().judge(folder.path()).expect("a listing");
        assert_eq!((rows.files, rows.broken_files), (0, 1));
    }
}
