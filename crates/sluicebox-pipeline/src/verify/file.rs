use std::ops::Range;

use bytes::Bytes;
use sluicebox_chain::{CommitRecord, OffsetSet};
use sluicebox_parquet::Lineage;
use sluicebox_parquet::inspect::{
    FileParts, InspectError, footer_bytes, offset_ranges, read_footer, read_lineage, read_offsets,
};
use sluicebox_types::{DataFile, Offset, OffsetRange};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::Scope;
use super::lake::{Lake, Part};
use crate::ports::StoreError;

/// What is read of a file's end at first: most footers are smaller, and so are many files.
const TAIL_BYTES: u64 = 64 * 1024;
/// The largest footer that is read: none of ours is so large.
const FOOTER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What is read at once of a file that is read whole.
const CHUNK_BYTES: u64 = 2 * 1024 * 1024;

/// Why a file is not as it should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the file is not there")]
    Missing,
    #[error("it has {0} bytes")]
    OtherSize(u64),
    #[error("{0}")]
    Damaged(String),
}

impl Fault {
    fn damaged(error: impl std::fmt::Display) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// The end of a file, with all of its footer.
#[derive(Debug)]
pub(super) struct Tail {
    start: u64,
    bytes: Bytes,
}

/// Reads a file's end.
pub(super) async fn read_tail(lake: &Lake<'_>, path: &str, bytes: u64) -> Result<Tail, Fault> {
    let mut tail = read_last(lake, path, bytes, TAIL_BYTES).await?;
    let footer = footer_bytes(&tail.bytes).filter(|footer| *footer <= bytes.min(FOOTER_BYTES_MAX));
    let footer = footer.ok_or_else(|| Fault::damaged("it does not end as a Parquet file does"))?;
    if footer > TAIL_BYTES {
        tail = read_last(lake, path, bytes, footer).await?;
    }
    Ok(tail)
}

/// Where a file comes from, as its footer tells.
pub(super) fn lineage(tail: &Tail) -> Result<Lineage, Fault> {
    let footer = read_footer(&tail.bytes).map_err(Fault::damaged)?;
    read_lineage(&footer).map_err(Fault::damaged)
}

/// Compares a committed file with its record. Answers the offsets of its rows; none if the table has
/// no `_kafka` column, so that rows can only be counted.
pub(super) async fn examine(
    lake: &Lake<'_>,
    scope: &Scope<'_>,
    record: &CommitRecord,
    file: &DataFile,
) -> Result<Option<OffsetSet>, Fault> {
    let tail = read_tail(lake, &file.path, file.bytes).await?;
    if tail.start == 0 {
        check_hash(file, xxh3_128(&tail.bytes))?;
    } else if scope.checksums {
        check_hash(file, hash_whole(lake, file).await?)?;
    }
    let footer = read_footer(&tail.bytes).map_err(Fault::damaged)?;
    let lineage = read_lineage(&footer).map_err(Fault::damaged)?;
    check_lineage(record, file, &lineage)?;
    let ranges = match offset_ranges(&footer) {
        Err(InspectError::NoOffsets) => return Ok(None),
        ranges => ranges.map_err(Fault::damaged)?,
    };
    let parts = read_parts(lake, file, tail, ranges).await?;
    let mut offsets = OffsetSet::default();
    for batch in read_offsets(footer, parts).map_err(Fault::damaged)? {
        for offset in batch.map_err(Fault::damaged)? {
            add(&mut offsets, record.range, offset)?;
        }
    }
    Ok(Some(offsets))
}

async fn hash_whole(lake: &Lake<'_>, file: &DataFile) -> Result<u128, Fault> {
    let mut hash = Xxh3::new();
    let mut start = 0;
    while start < file.bytes {
        let end = file.bytes.min(start + CHUNK_BYTES);
        hash.update(&read_part(lake, &file.path, file.bytes, start..end).await?);
        start = end;
    }
    Ok(hash.digest128())
}

fn check_hash(file: &DataFile, hash: u128) -> Result<(), Fault> {
    let xxh3 = format!("{hash:032x}");
    if xxh3 == file.xxh3 {
        return Ok(());
    }
    let recorded = &file.xxh3;
    let detail = format!("its bytes were changed: checksum {xxh3}, not {recorded}");
    Err(Fault::Damaged(detail))
}

fn check_lineage(record: &CommitRecord, file: &DataFile, lineage: &Lineage) -> Result<(), Fault> {
    let chain = &record.chain;
    let Lineage {
        topic,
        partition,
        range,
        rows,
        ..
    } = lineage;
    if (topic, *partition, *range) != (&chain.topic, chain.partition, record.range) {
        return Err(Fault::Damaged(format!(
            "its footer says {topic}[{partition}] {range}, its record {}[{}] {}",
            chain.topic, chain.partition, record.range
        )));
    }
    if *rows != file.rows {
        return Err(Fault::Damaged(format!(
            "its footer says {rows} rows, its record {}",
            file.rows
        )));
    }
    Ok(())
}

/// These ranges of a file, and its tail.
async fn read_parts(
    lake: &Lake<'_>,
    file: &DataFile,
    tail: Tail,
    ranges: Vec<Range<u64>>,
) -> Result<FileParts, Fault> {
    let mut parts = Vec::new();
    for range in ranges.into_iter().filter(|range| range.start < tail.start) {
        if range.end > file.bytes {
            return Err(Fault::damaged(InspectError::Damaged));
        }
        let start = range.start;
        parts.push((start, read_part(lake, &file.path, file.bytes, range).await?));
    }
    parts.push((tail.start, tail.bytes));
    Ok(FileParts::new(file.bytes, parts))
}

fn add(offsets: &mut OffsetSet, range: OffsetRange, offset: Offset) -> Result<(), Fault> {
    if !range.contains(offset) {
        return Err(Fault::Damaged(format!(
            "a row has offset {offset}, outside of its record's range {range}"
        )));
    }
    match offsets.insert(range.start, offset) {
        true => Ok(()),
        false => Err(Fault::Damaged(format!("two rows have offset {offset}"))),
    }
}

async fn read_last(lake: &Lake<'_>, path: &str, bytes: u64, last: u64) -> Result<Tail, Fault> {
    let start = bytes.saturating_sub(last);
    let bytes = read_part(lake, path, bytes, start..bytes).await?;
    Ok(Tail { start, bytes })
}

async fn read_part(
    lake: &Lake<'_>,
    path: &str,
    bytes: u64,
    part: Range<u64>,
) -> Result<Bytes, Fault> {
    match lake.read(path, bytes, part).await? {
        Part::Read(bytes) => Ok(bytes),
        Part::Missing => Err(Fault::Missing),
        Part::OtherSize(size) => Err(Fault::OtherSize(size)),
    }
}
