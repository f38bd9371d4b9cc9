use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use sluicebox_chain::{CommitRecord, OffsetSet};
use sluicebox_parquet::inspect::{InspectError, read_footer, read_lineage, read_offsets};
use sluicebox_types::{DataFile, Offset, OffsetRange};
use xxhash_rust::xxh3::xxh3_128;

use super::Problem;
use crate::ports::{LakeStore, StoreError};

/// Files of one record that are read at the same time.
const READ_CONCURRENCY: usize = 2;

/// What came of one record's files.
#[derive(Debug, Default)]
pub(super) struct CheckedFiles {
    pub(super) missing: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

/// Reads every file of a record: size, checksum, footer, rows, and whether the offsets of all of
/// them together with those of the record fill its range, each once.
pub(super) async fn check_files(
    store: &dyn LakeStore,
    record: &CommitRecord,
) -> Result<CheckedFiles, StoreError> {
    let each: Vec<_> = record
        .files
        .iter()
        .map(|file| check_one(store, record, file))
        .collect();
    let files: Vec<CheckedFile> = stream::iter(each)
        .buffered(READ_CONCURRENCY)
        .try_collect()
        .await?;
    let mut checked = CheckedFiles::default();
    let mut rows = Some(OffsetSet::default());
    for (file, seen) in record.files.iter().zip(files) {
        match seen {
            CheckedFile::Missing => {
                checked.missing.push(file.path.clone());
                rows = None;
            }
            CheckedFile::Bad(detail) => {
                checked.problems.push(Problem {
                    path: file.path.clone(),
                    detail,
                });
                rows = None;
            }
            CheckedFile::WithoutOffsets => rows = None,
            CheckedFile::Good(offsets) => {
                if let Some(rows) = &mut rows {
                    let detail = offsets.iter().find_map(|o| add(rows, record.range, *o));
                    let path = file.path.clone();
                    checked
                        .problems
                        .extend(detail.map(|detail| Problem { path, detail }));
                }
            }
        }
    }
    let gap = rows.and_then(|rows| uncovered(record, &rows));
    checked.problems.extend(gap.map(|detail| Problem {
        path: record.path(),
        detail,
    }));
    Ok(checked)
}

enum CheckedFile {
    Missing,
    Bad(String),
    /// The table has no `_kafka` column: its rows can only be counted.
    WithoutOffsets,
    Good(Vec<Offset>),
}

async fn check_one(
    store: &dyn LakeStore,
    record: &CommitRecord,
    file: &DataFile,
) -> Result<CheckedFile, StoreError> {
    let Some(bytes) = store.read_file(&file.path).await? else {
        return Ok(CheckedFile::Missing);
    };
    Ok(judge(record, file, bytes).unwrap_or_else(CheckedFile::Bad))
}

fn judge(record: &CommitRecord, file: &DataFile, bytes: Bytes) -> Result<CheckedFile, String> {
    let size = bytes.len() as u64;
    if size != file.bytes {
        return Err(format!(
            "the file has {size} bytes, its record says {}",
            file.bytes
        ));
    }
    let xxh3 = format!("{:032x}", xxh3_128(&bytes));
    if xxh3 != file.xxh3 {
        return Err(format!(
            "the file's bytes were changed: checksum {xxh3}, not {}",
            file.xxh3
        ));
    }
    let footer = read_footer(&bytes).map_err(|error| error.to_string())?;
    let lineage = read_lineage(&footer).map_err(|error| error.to_string())?;
    let chain = &record.chain;
    if (lineage.topic.as_str(), lineage.partition, lineage.range)
        != (chain.topic.as_str(), chain.partition, record.range)
    {
        let (topic, partition, range) = (lineage.topic, lineage.partition, lineage.range);
        return Err(format!("the footer says {topic}[{partition}] {range}"));
    }
    if lineage.rows != file.rows {
        return Err(format!(
            "the file has {} rows, its record says {}",
            lineage.rows, file.rows
        ));
    }
    let offsets = match read_offsets(bytes) {
        Ok(offsets) => offsets
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?,
        Err(InspectError::NoOffsets) => return Ok(CheckedFile::WithoutOffsets),
        Err(error) => return Err(error.to_string()),
    };
    Ok(CheckedFile::Good(offsets.concat()))
}

/// Adds a row's offset; answers what is wrong with it.
fn add(rows: &mut OffsetSet, range: OffsetRange, offset: Offset) -> Option<String> {
    if !range.contains(offset) {
        return Some(format!(
            "a row has offset {offset}, outside of its record's range {range}"
        ));
    }
    (!rows.insert(range.start, offset)).then(|| format!("offset {offset} has more than one row"))
}

/// Rows, duplicates, skipped and absent offsets and gaps must fill the range without overlap.
fn uncovered(record: &CommitRecord, rows: &OffsetSet) -> Option<String> {
    let (range, start) = (record.range, record.range.start);
    let mut all = rows.distances().clone();
    let mut counted = all.len();
    for set in [&record.duplicates, &record.skipped, &record.absent] {
        counted += set.len();
        all |= set.distances();
    }
    for gap in &record.gaps {
        let (Ok(from), Ok(to)) = (
            u32::try_from(gap.start - start),
            u32::try_from(gap.end - start),
        ) else {
            return Some(format!("gap {gap} lies outside of {range}"));
        };
        counted += u64::from(to - from);
        all.insert_range(from..to);
    }
    let width = (range.end - range.start).unsigned_abs();
    if all.len() != counted {
        return Some(format!(
            "{} offsets have more than one fate",
            counted - all.len()
        ));
    }
    (counted != width).then(|| format!("{width} offsets in {range}, {counted} accounted for"))
}
