use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use sluicebox_parquet::inspect::{read_footer, read_offsets};
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_storage::memory::MemoryStore;
use sluicebox_types::FileKind;

/// A reader that globs the lake whenever something may have become visible, and believes nothing:
/// a file is whole, stays as it is, and holds no row that another holds.
#[derive(Clone, Debug)]
pub(super) struct GlobReader {
    store: MemoryStore,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    files: BTreeMap<String, Bytes>,
    golden: Rows,
    quarantine: Rows,
    wrong: Option<String>,
}

/// The offsets of each Kafka partition.
pub(super) type Rows = BTreeMap<usize, BTreeSet<i64>>;

impl GlobReader {
    pub(super) fn new(store: &MemoryStore) -> Self {
        Self {
            store: store.clone(),
            seen: Arc::default(),
        }
    }

    /// Looks at what has become visible since the last look.
    pub(super) async fn look(&self) {
        self.read(|seen, path| !seen.files.contains_key(path)).await;
    }

    /// Reads everything again: nothing has changed.
    pub(super) async fn look_again(&self) {
        self.read(|_, _| true).await;
    }

    async fn read(&self, wanted: impl Fn(&Seen, &str) -> bool) {
        for (prefix, kind) in [
            ("db/", FileKind::Golden),
            ("_quarantine/", FileKind::Quarantine),
        ] {
            let files = self.store.list_files(prefix, None, usize::MAX).await;
            for file in files.expect("a list") {
                if !wanted(&self.seen.lock(), &file.path) {
                    continue;
                }
                let bytes = self.store.read_file(&file.path).await.expect("an answer");
                let bytes = bytes.expect("a listed file");
                let mut seen = self.seen.lock();
                if let Err(wrong) = seen.take(&file.path, bytes, kind) {
                    seen.wrong.get_or_insert(wrong);
                }
            }
        }
    }

    /// What was ever seen that must not be.
    pub(super) fn wrong(&self) -> Option<String> {
        self.seen.lock().wrong.clone()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.seen.lock().files.contains_key(path)
    }

    /// The golden files.
    pub(super) fn golden(&self) -> BTreeSet<String> {
        let seen = self.seen.lock();
        let golden = seen.files.keys().filter(|path| path.starts_with("db/"));
        golden.cloned().collect()
    }

    pub(super) fn rows(&self, kind: FileKind, partition: usize) -> BTreeSet<i64> {
        let seen = self.seen.lock();
        let rows = match kind {
            FileKind::Golden => &seen.golden,
            FileKind::Quarantine => &seen.quarantine,
        };
        rows.get(&partition).cloned().unwrap_or_default()
    }
}

impl Seen {
    fn take(&mut self, path: &str, bytes: Bytes, kind: FileKind) -> Result<(), String> {
        if let Some(before) = self.files.get(path) {
            return match *before == bytes {
                true => Ok(()),
                false => Err(format!("{path} has changed")),
            };
        }
        let partition = partition_of(path).ok_or_else(|| format!("{path} is nobody's"))?;
        let broken = |error| format!("{path} is not whole: {error}");
        let rows = match kind {
            FileKind::Golden => &mut self.golden,
            FileKind::Quarantine => &mut self.quarantine,
        };
        let rows = rows.entry(partition).or_default();
        let footer = read_footer(&bytes).map_err(broken)?;
        for batch in read_offsets(footer, bytes.clone()).map_err(broken)? {
            for offset in batch.map_err(broken)? {
                if !rows.insert(offset) {
                    return Err(format!("{path} has offset {offset}, as another file has"));
                }
            }
        }
        self.files.insert(path.to_owned(), bytes);
        Ok(())
    }
}

/// `…/p00003-…` is a file of partition 3.
fn partition_of(path: &str) -> Option<usize> {
    let (_, name) = path.rsplit_once('/')?;
    name.strip_prefix('p')?.split('-').next()?.parse().ok()
}
