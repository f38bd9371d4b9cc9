use std::collections::BTreeSet;

use sluicebox_pipeline::ports::{LakeStore, StoreError};
use sluicebox_types::{Granularity, PartitionDate};

use crate::crawler::lake_table::{LakeTable, TableMap};

/// Files that are asked for in one listing.
const PAGE: usize = 1_000;
/// The years 1 to 9999 as microseconds since 1970-01-01 UTC: the dates that have a folder.
const FIRST_MICROS: i64 = -62_135_596_800_000_000;
const LAST_MICROS: i64 = 253_402_300_799_999_999;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Which partitions of a table are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All.
    All,
    /// The latest ones, this many.
    Last(usize),
    /// From this one on.
    Since(PartitionDate),
}

/// The configured tables that have a folder in the lake, one listing of one file for each folder
/// that there is.
///
/// # Errors
/// The store's.
pub(crate) async fn tables_in_lake(
    store: &dyn LakeStore,
    map: &dyn TableMap,
) -> Result<Vec<LakeTable>, StoreError> {
    let mut tables = Vec::new();
    for parent in map.parents() {
        let prefix = format!("{parent}/");
        let mut after: Option<String> = None;
        while let Some(path) = first_file(store, &prefix, after.as_deref()).await? {
            after = Some(match LakeTable::folder_of(&path) {
                Some(folder) => {
                    tables.extend(map.table(folder));
                    behind(folder)
                }
                None => path,
            });
        }
    }
    Ok(tables)
}

/// The partitions of a table that hold files, ascending.
///
/// The latest ones are found without listing all files: the end by bisection, then the listing of a
/// span before it, which is doubled until it holds enough.
///
/// # Errors
/// The store's.
pub(crate) async fn dates_in_lake(
    store: &dyn LakeStore,
    table: &LakeTable,
    extent: Extent,
) -> Result<Vec<PartitionDate>, StoreError> {
    match extent {
        Extent::All => dates_from(store, table, None).await,
        Extent::Since(date) => dates_from(store, table, Some(&date)).await,
        Extent::Last(count) => last_dates(store, table, count).await,
    }
}

async fn last_dates(
    store: &dyn LakeStore,
    table: &LakeTable,
    count: usize,
) -> Result<Vec<PartitionDate>, StoreError> {
    let step = match table.granularity {
        Granularity::Hour => HOUR_MICROS,
        Granularity::Day => 24 * HOUR_MICROS,
    };
    let index_of = |micros: i64| micros.div_euclid(step);
    let date_of = |index: i64| {
        let micros = index.saturating_mul(step).clamp(FIRST_MICROS, LAST_MICROS);
        PartitionDate::of_micros(micros, table.granularity)
    };
    let (mut low, mut high) = (index_of(FIRST_MICROS), index_of(LAST_MICROS));
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if is_any_from(store, table, &date_of(middle)).await? {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let mut span = i64::try_from(count).unwrap_or(i64::MAX);
    loop {
        let first = low.saturating_sub(span);
        let all = first <= index_of(FIRST_MICROS);
        let mut dates = dates_from(store, table, (!all).then(|| date_of(first)).as_ref()).await?;
        if dates.len() >= count || all {
            return Ok(dates.split_off(dates.len().saturating_sub(count)));
        }
        span = span.saturating_mul(4);
    }
}

async fn is_any_from(
    store: &dyn LakeStore,
    table: &LakeTable,
    date: &PartitionDate,
) -> Result<bool, StoreError> {
    let prefix = format!("{}/", table.folder);
    let mut after = Some(table.partition_folder(date));
    // What lies between partitions is none of ours and does not count.
    while let Some(path) = first_file(store, &prefix, after.as_deref()).await? {
        if table.partition_of(&path).is_some() {
            return Ok(true);
        }
        after = Some(path);
    }
    Ok(false)
}

async fn dates_from(
    store: &dyn LakeStore,
    table: &LakeTable,
    first: Option<&PartitionDate>,
) -> Result<Vec<PartitionDate>, StoreError> {
    let prefix = format!("{}/", table.folder);
    let mut after = first.map(|date| table.partition_folder(date));
    let mut dates = BTreeSet::new();
    loop {
        let page = store.list_files(&prefix, after.as_deref(), PAGE).await?;
        dates.extend(
            page.iter()
                .filter_map(|file| table.partition_of(&file.path)),
        );
        match page.last() {
            Some(last) if page.len() >= PAGE => after = Some(last.path.clone()),
            _ => return Ok(dates.into_iter().collect()),
        }
    }
}

async fn first_file(
    store: &dyn LakeStore,
    prefix: &str,
    after: Option<&str>,
) -> Result<Option<String>, StoreError> {
    let page = store.list_files(prefix, after, 1).await?;
    Ok(page.into_iter().next().map(|file| file.path))
}

/// The place in a listing after all files of a folder: `0` follows `/`.
fn behind(folder: &str) -> String {
    format!("{folder}0")
}
