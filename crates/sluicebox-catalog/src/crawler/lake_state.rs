use futures::{StreamExt as _, stream};
use metrics::counter;
use sluicebox_pipeline::ports::{LakeObject, LakeStore, StoreError};
use sluicebox_types::PartitionDate;

use crate::catalog::PartitionStatistics;
use crate::crawler::footers::{Footer, FooterError, Footers};
use crate::crawler::lake_table::LakeTable;
use crate::crawler::merge::Schemas;

/// Files that are asked for in one listing.
const PAGE: usize = 1_000;
/// Footers that are read at once.
const FOOTERS_AT_ONCE: usize = 16;

/// What the lake holds in some partitions of a table. It is read from the lake alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LakeState {
    /// The partitions that hold files of ours.
    pub partitions: Vec<LakePartition>,
    /// Those that hold none.
    pub empty: Vec<PartitionDate>,
    /// The schemas of all their files.
    pub schemas: Schemas,
}

/// A partition as the lake holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LakePartition {
    /// Its values.
    pub date: PartitionDate,
    /// What is in it.
    pub statistics: PartitionStatistics,
}

impl LakeState {
    /// Reads these partitions of a table: the listing of each folder, and the footers of files that
    /// were not seen before.
    ///
    /// A file that is not ours, or that nobody can read, is left out, counted and told of; it hides
    /// nothing else.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn read(
        store: &dyn LakeStore,
        footers: &Footers,
        table: &LakeTable,
        dates: &[PartitionDate],
    ) -> Result<Self, StoreError> {
        let mut state = Self::default();
        for date in dates {
            let mut statistics = PartitionStatistics::default();
            let mut after = None;
            loop {
                let folder = table.partition_folder(date);
                let mut page = store.list_files(&folder, after.as_deref(), PAGE).await?;
                after = (page.len() >= PAGE)
                    .then(|| page.last().map(|file| file.path.clone()))
                    .flatten();
                page.retain(|file| is_ours(table, file));
                let reading = page.into_iter().map(|file| footer(store, footers, file));
                let mut reading = stream::iter(reading).buffered(FOOTERS_AT_ONCE);
                while let Some((file, footer)) = reading.next().await {
                    state.take(&file, footer, &mut statistics)?;
                }
                if after.is_none() {
                    break;
                }
            }
            match statistics.files {
                0 => state.empty.push(*date),
                _ => state.partitions.push(LakePartition {
                    date: *date,
                    statistics,
                }),
            }
        }
        Ok(state)
    }

    fn take(
        &mut self,
        file: &LakeObject,
        footer: Result<Footer, FooterError>,
        statistics: &mut PartitionStatistics,
    ) -> Result<(), StoreError> {
        let footer = match footer {
            Ok(footer) => footer,
            Err(FooterError::Gone) => return Ok(()),
            Err(FooterError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(file = file.path, %error, "a file is left out of the catalog");
                count_skipped("unreadable");
                return Ok(());
            }
        };
        statistics.files += 1;
        statistics.rows = statistics.rows.saturating_add(footer.rows);
        statistics.bytes = statistics.bytes.saturating_add(file.bytes);
        let example = self.schemas.entry(footer.schema);
        example.or_insert_with(|| file.path.clone());
        Ok(())
    }
}

async fn footer(
    store: &dyn LakeStore,
    footers: &Footers,
    file: LakeObject,
) -> (LakeObject, Result<Footer, FooterError>) {
    let footer = footers.footer(store, &file).await;
    (file, footer)
}

/// Files that engines pass over (`_SUCCESS`, names that start with a dot), empty objects and what
/// is no Parquet file do not count.
fn is_ours(table: &LakeTable, file: &LakeObject) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    if name.is_empty() || name.starts_with(['_', '.']) {
        return false;
    }
    let ours =
        file.bytes > 0 && name.ends_with(".parquet") && table.partition_of(&file.path).is_some();
    if !ours {
        tracing::warn!(
            file = file.path,
            "a file that is none of ours lies in a table"
        );
        count_skipped("foreign");
    }
    ours
}

fn count_skipped(reason: &'static str) {
    counter!("sluicebox_crawler_files_skipped_total", "reason" => reason).increment(1);
}
