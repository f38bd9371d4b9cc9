use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use sluicebox_parquet::LineageError;
use sluicebox_parquet::inspect::{
    InspectError, footer_bytes, read_columns, read_footer, read_lineage,
};
use sluicebox_pipeline::ports::{LakeObject, LakeStore, StoreError};
use sluicebox_types::CatalogColumn;

/// What is read of a file's end at first: most footers are smaller, and come with one request.
const TAIL_BYTES: u64 = 64 * 1024;
/// The largest footer that is read. A larger one is not ours: the file is left out, and counted.
const FOOTER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Files that are remembered; the ones read first are forgotten first, and read again when needed.
const REMEMBERED_MAX: usize = 100_000;

/// What a file's footer says that a catalog has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    /// Rows.
    pub rows: u64,
    /// The schema that it was written with.
    pub schema: Arc<FileSchema>,
}

/// A schema that files were written with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileSchema {
    /// Its fingerprint, as the writer gave it.
    pub fingerprint: String,
    /// Its columns.
    pub columns: Vec<SchemaColumn>,
}

/// A column of a file's schema, by its texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SchemaColumn {
    /// Its name.
    pub name: String,
    /// Its type in Hive's spelling.
    pub data_type: String,
}

/// Why a file of a partition does not count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FooterError {
    /// It vanished between the listing and the reading.
    #[error("it is gone")]
    Gone,
    /// It ends like no Parquet file.
    #[error("it is no Parquet file")]
    NoParquet,
    /// Its footer makes no sense.
    #[error(transparent)]
    Unreadable(#[from] InspectError),
    /// It was written by somebody else.
    #[error(transparent)]
    Foreign(#[from] LineageError),
    /// Its footer is larger than 64 MiB.
    #[error("its footer takes {0} bytes; more than 64 MiB are not read")]
    TooLarge(u64),
    /// The store did not answer: the one that passes.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads footers, each once: files never change.
#[derive(Debug, Default)]
pub(crate) struct Footers {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    footers: BTreeMap<String, Footer>,
    in_order: VecDeque<String>,
    schemas: BTreeSet<Arc<FileSchema>>,
}

impl Footers {
    /// The footer of a file.
    ///
    /// # Errors
    /// The store's, which pass; all others say that the file does not count.
    pub(crate) async fn footer(
        &self,
        store: &dyn LakeStore,
        file: &LakeObject,
    ) -> Result<Footer, FooterError> {
        if let Some(footer) = self.known.lock().footers.get(&file.path) {
            return Ok(footer.clone());
        }
        let tail = read_tail(store, file).await?;
        let metadata = read_footer(&tail)?;
        let lineage = read_lineage(&metadata)?;
        let columns = read_columns(&tail)?;
        let schema = FileSchema {
            fingerprint: lineage.schema_fingerprint,
            columns: columns.iter().map(SchemaColumn::from).collect(),
        };
        Ok(self.known.lock().remember(&file.path, lineage.rows, schema))
    }
}

async fn read_tail(store: &dyn LakeStore, file: &LakeObject) -> Result<Bytes, FooterError> {
    let end = |bytes: u64| file.bytes.saturating_sub(bytes)..file.bytes;
    let tail = store.read_range(&file.path, end(TAIL_BYTES)).await?;
    let tail = tail.ok_or(FooterError::Gone)?;
    let needed = footer_bytes(&tail).ok_or(FooterError::NoParquet)?;
    if needed <= TAIL_BYTES {
        return Ok(tail);
    }
    if needed > FOOTER_BYTES_MAX {
        return Err(FooterError::TooLarge(needed));
    }
    let tail = store.read_range(&file.path, end(needed)).await?;
    tail.ok_or(FooterError::Gone)
}

impl Known {
    /// Schemas are shared: a table has few, and files by the thousand.
    fn remember(&mut self, path: &str, rows: u64, schema: FileSchema) -> Footer {
        let schema = Arc::new(schema);
        let schema = self.schemas.get(&schema).map_or(schema, Arc::clone);
        self.schemas.insert(Arc::clone(&schema));
        let footer = Footer { rows, schema };
        if self
            .footers
            .insert(path.to_owned(), footer.clone())
            .is_none()
        {
            self.in_order.push_back(path.to_owned());
        }
        if self.footers.len() > REMEMBERED_MAX
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.footers.remove(&oldest);
            self.schemas.retain(|schema| Arc::strong_count(schema) > 1);
        }
        footer
    }
}

impl From<&CatalogColumn> for SchemaColumn {
    fn from(column: &CatalogColumn) -> Self {
        Self {
            name: column.name.clone(),
            data_type: column.data_type.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sluicebox_storage::memory::MemoryStore;

    use super::*;

    /// A file whose end asks for more than 64 MiB is left out before anything of that size is read.
    #[tokio::test]
    async fn a_footer_above_the_limit_is_not_read() {
        let store = MemoryStore::default();
        let too_large = u32::try_from(FOOTER_BYTES_MAX + 1).expect("it fits");
        let end = [&too_large.to_le_bytes()[..], b"PAR1"].concat();
        let file = LakeObject {
            path: "air/flights/dt=2013-01-01/x.parquet".to_owned(),
            bytes: end.len() as u64,
        };
        let staged = store.stage("record", &file.path, end.into()).await;
        let staged = staged.expect("staged");
        let published = store.publish(&file.path, file.bytes, &staged).await;
        published.expect("published");
        let error = Footers::default().footer(&store, &file).await;
        let error = error.expect_err("too large");
        assert!(matches!(error, FooterError::TooLarge(_)), "{error}");
    }
}
