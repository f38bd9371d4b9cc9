use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use sluicebox_chain::CommitRecord;
use sluicebox_storage::memory::MemoryStore;

/// A reader of the chains. A record that it has parsed it does not parse again, for it is asked
/// over and over, and most of what it then finds was there before.
#[derive(Clone, Debug)]
pub(super) struct ChainReader {
    store: MemoryStore,
    parsed: Arc<Mutex<BTreeMap<String, Parsed>>>,
}

#[derive(Debug)]
struct Parsed {
    /// A store that lies may put others at the same path.
    bytes: Bytes,
    record: Arc<CommitRecord>,
}

impl ChainReader {
    pub(super) fn new(store: &MemoryStore) -> Self {
        Self {
            store: store.clone(),
            parsed: Arc::default(),
        }
    }

    /// The records of all chains, each chain in its order.
    pub(super) fn records(&self) -> Vec<Arc<CommitRecord>> {
        let objects = self.store.control_objects();
        let records = objects.into_iter().filter(|(path, _)| path.contains("/c/"));
        let mut parsed = self.parsed.lock();
        records
            .map(|(path, bytes)| record(&mut parsed, path, bytes))
            .collect()
    }
}

fn record(parsed: &mut BTreeMap<String, Parsed>, path: String, bytes: Bytes) -> Arc<CommitRecord> {
    if let Some(before) = parsed.get(&path).filter(|before| before.bytes == bytes) {
        return Arc::clone(&before.record);
    }
    let record = Arc::new(CommitRecord::parse(&path, &bytes).expect("a record"));
    let known = Parsed {
        bytes,
        record: Arc::clone(&record),
    };
    parsed.insert(path, known);
    record
}
