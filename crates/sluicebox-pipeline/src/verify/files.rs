use futures::stream::{self, StreamExt, TryStreamExt};
use sluicebox_chain::{CommitRecord, OffsetSet};
use sluicebox_types::DataFile;

use super::file::{Fault, examine};
use super::lake::Lake;
use super::{Problem, ProblemKind, Scope, width};
use crate::ports::{LakeObject, StoreError};

/// Files of one record that are read at the same time.
const FILES_AT_ONCE: usize = 2;

/// What came of one record's files.
#[derive(Debug, Default)]
pub(super) struct CheckedFiles {
    /// Whatever is at their paths.
    pub(super) visible: Vec<LakeObject>,
    /// Paths where nothing is.
    pub(super) missing: Vec<String>,
    pub(super) without_offsets: u64,
    pub(super) problems: Vec<Problem>,
}

/// Compares every file of a record with it, and the offsets of all of them together with its own.
pub(super) async fn check_files(
    lake: &Lake<'_>,
    scope: &Scope<'_>,
    record: &CommitRecord,
) -> Result<CheckedFiles, StoreError> {
    let each: Vec<_> = record
        .files
        .iter()
        .map(|file| check_one(lake, scope, record, file))
        .collect();
    let files: Vec<CheckedFile> = stream::iter(each)
        .buffered(FILES_AT_ONCE)
        .try_collect()
        .await?;
    let mut checked = CheckedFiles::default();
    let mut rows = Some(OffsetSet::default());
    for (file, seen) in record.files.iter().zip(files) {
        let offsets = checked.take(file, seen);
        rows = rows.zip(offsets).map(|(mut rows, offsets)| {
            checked
                .problems
                .extend(merge(&mut rows, record, file, &offsets));
            rows
        });
    }
    let differ = rows.and_then(|rows| differ(record, &rows));
    let problem = |detail| Problem::new(ProblemKind::FatesDiffer, record.path(), detail);
    checked.problems.extend(differ.map(problem));
    Ok(checked)
}

enum CheckedFile {
    Missing,
    /// It has this size, and this is wrong with it.
    Bad(u64, String),
    /// The offsets of its rows, if it has them.
    Good(Option<OffsetSet>),
}

async fn check_one(
    lake: &Lake<'_>,
    scope: &Scope<'_>,
    record: &CommitRecord,
    file: &DataFile,
) -> Result<CheckedFile, StoreError> {
    let fault = match examine(lake, scope, record, file).await {
        Ok(offsets) => return Ok(CheckedFile::Good(offsets)),
        Err(Fault::Store(error)) => return Err(error),
        Err(Fault::Missing) => return Ok(CheckedFile::Missing),
        Err(fault) => fault,
    };
    Ok(match lake.size(&file.path).await? {
        None => CheckedFile::Missing,
        Some(size) if size == file.bytes => CheckedFile::Bad(size, fault.to_string()),
        Some(size) => {
            let detail = format!("it has {size} bytes, its record says {}", file.bytes);
            CheckedFile::Bad(size, detail)
        }
    })
}

impl CheckedFiles {
    /// Notes what a file is like, and hands out its offsets.
    fn take(&mut self, file: &DataFile, seen: CheckedFile) -> Option<OffsetSet> {
        let path = || file.path.clone();
        let (bytes, offsets) = match seen {
            CheckedFile::Missing => {
                self.missing.push(path());
                return None;
            }
            CheckedFile::Bad(bytes, detail) => {
                let problem = Problem::new(ProblemKind::FileChanged, path(), detail);
                self.problems.push(problem);
                (bytes, None)
            }
            CheckedFile::Good(offsets) => {
                self.without_offsets += u64::from(offsets.is_none());
                (file.bytes, offsets)
            }
        };
        let path = path();
        self.visible.push(LakeObject { path, bytes });
        offsets
    }
}

/// Adds a file's offsets to those of the files before; answers what is wrong with that.
fn merge(
    rows: &mut OffsetSet,
    record: &CommitRecord,
    file: &DataFile,
    offsets: &OffsetSet,
) -> Option<Problem> {
    let start = record.range.start;
    let mut twice = None;
    for offset in offsets.offsets(start) {
        if !rows.insert(start, offset) {
            twice = twice.or(Some(offset));
        }
    }
    let detail = format!(
        "offset {} has a row in this file and in another one of {}",
        twice?,
        record.path()
    );
    Some(Problem::new(ProblemKind::FatesDiffer, &file.path, detail))
}

/// Rows, duplicates, skipped and absent offsets and gaps must fill the range without overlap.
fn differ(record: &CommitRecord, rows: &OffsetSet) -> Option<String> {
    let (range, start) = (record.range, record.range.start);
    let mut all = rows.clone();
    let mut counted = all.len();
    for set in [&record.duplicates, &record.skipped, &record.absent] {
        counted += set.len();
        all.insert_all(set);
    }
    for gap in &record.gaps {
        if !all.insert_range(start, gap.start, gap.end) {
            return Some(format!("the gap {gap} lies outside of {range}"));
        }
        counted += width(gap);
    }
    if all.len() != counted {
        return Some(format!(
            "{} of the offsets {range} have more than one fate",
            counted - all.len()
        ));
    }
    let width = width(&range);
    (counted != width)
        .then(|| format!("{width} offsets in {range}, {counted} of them accounted for"))
}
