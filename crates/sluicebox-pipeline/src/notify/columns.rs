//! The columns of a fingerprint: what a record names, and an event spells out.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use sluicebox_chain::RecordTable;
use sluicebox_events::EventColumn;
use sluicebox_parquet::inspect::{footer_bytes, read_columns};
use sluicebox_parquet::{TableSpec, catalog_columns};
use sluicebox_types::{CatalogColumn, DataFile};

use crate::ports::{LakeStore, StoreError};

/// Schemas that are remembered; beyond that, all are forgotten and read again.
const REMEMBERED_MAX: usize = 64;
/// The end of a Parquet file, which tells how long its footer is.
const TRAILER_BYTES: u64 = 8;

/// Remembers columns by fingerprint.
#[derive(Debug, Default)]
pub(super) struct Columns {
    known: Mutex<BTreeMap<String, Vec<EventColumn>>>,
}

impl Columns {
    /// The columns of a record's table: from today's schema if that is the one, else from the
    /// footer of one of its files. None if the file is gone or not readable.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub(super) async fn of(
        &self,
        store: &dyn LakeStore,
        today: &TableSpec,
        table: &RecordTable,
        file: &DataFile,
    ) -> Result<Option<Vec<EventColumn>>, StoreError> {
        if let Some(columns) = self.known.lock().get(&table.schema) {
            return Ok(Some(columns.clone()));
        }
        let columns = if table.schema == today.schema_fingerprint {
            catalog_columns(&today.schema).ok()
        } else {
            columns_of_file(store, file).await?
        };
        let columns: Option<Vec<_>> =
            columns.map(|columns| columns.iter().map(EventColumn::from).collect());
        if let Some(columns) = &columns {
            self.remember(&table.schema, columns);
        }
        Ok(columns)
    }

    fn remember(&self, fingerprint: &str, columns: &[EventColumn]) {
        let mut known = self.known.lock();
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(fingerprint.to_owned(), columns.to_vec());
    }
}

async fn columns_of_file(
    store: &dyn LakeStore,
    file: &DataFile,
) -> Result<Option<Vec<CatalogColumn>>, StoreError> {
    let trailer = file.bytes.saturating_sub(TRAILER_BYTES)..file.bytes;
    let Some(trailer) = store.read_range(&file.path, trailer).await? else {
        return Ok(None);
    };
    let footer = footer_bytes(&trailer).filter(|bytes| *bytes <= file.bytes);
    let Some(footer) = footer else {
        return Ok(None);
    };
    let footer = file.bytes.saturating_sub(footer)..file.bytes;
    let footer = store.read_range(&file.path, footer).await?;
    Ok(footer.and_then(|footer| read_columns(&footer).ok()))
}
