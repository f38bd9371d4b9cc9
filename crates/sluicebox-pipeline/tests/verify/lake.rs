//! A lake in memory, and ways to damage it.

use bytes::Bytes;
use futures::FutureExt as _;
use sluicebox_chain::CommitRecord;
use sluicebox_pipeline::ports::{LakeStore, Published};
use sluicebox_pipeline::verify::{ProblemKind, Scope, VerifyReport, verify};
use sluicebox_storage::memory::MemoryStore;
use uuid::Uuid;

use crate::commits::{Chain, Commit, PIPELINE, data_file};

/// A lake with its writers.
pub(crate) struct Lake {
    pub(crate) store: MemoryStore,
    pub(crate) chains: Vec<Chain>,
    attempts: u128,
}

impl Lake {
    /// Two partitions of one topic with four commits each, all published.
    pub(crate) fn new() -> Self {
        let mut lake = Self {
            store: MemoryStore::default(),
            chains: Vec::new(),
            attempts: 0,
        };
        for partition in 0..2 {
            lake.begin("flights", partition);
            for _ in 0..4 {
                lake.commit(usize::try_from(partition).expect("small"));
            }
        }
        lake
    }

    /// Begins a chain.
    pub(crate) fn begin(&mut self, topic: &str, partition: i32) -> &mut Chain {
        let (chain, genesis) = Chain::begin(topic, partition, self.attempt());
        self.create(&genesis);
        self.chains.push(chain);
        self.chains.last_mut().expect("just pushed")
    }

    /// Appends to a chain, from staging to publication.
    pub(crate) fn commit(&mut self, chain: usize) -> CommitRecord {
        let attempt = self.attempt();
        let commit = self.chains[chain].commit(attempt);
        let record = self.stage(commit);
        self.create(&record);
        self.publish(&record);
        self.chains[chain].tail = record.tail();
        record
    }

    pub(crate) fn attempt(&mut self) -> Uuid {
        self.attempts += 1;
        Uuid::from_u128(self.attempts << 96)
    }

    /// Stages a commit's files; the record that names them.
    pub(crate) fn stage(&self, commit: Commit) -> CommitRecord {
        let Commit { mut record, files } = commit;
        let path = record.path();
        for file in files {
            let staged = now(self.store.stage(&path, &file.path, file.bytes.clone()));
            let staged = staged.expect("stage");
            record.files.push(data_file(&file, staged));
        }
        record
    }

    pub(crate) fn create(&self, record: &CommitRecord) {
        let bytes = Bytes::from(record.to_bytes().expect("JSON"));
        now(self.store.create_control(&record.path(), bytes)).expect("create");
    }

    pub(crate) fn publish(&self, record: &CommitRecord) {
        for file in &record.files {
            let published = now(self.store.publish(&file.path, file.bytes, &file.stage));
            assert_eq!(published.expect("publish"), Published::Done);
        }
    }

    /// The record at a place.
    pub(crate) fn record(&self, chain: usize, seq: u64) -> CommitRecord {
        let path = self.chains[chain].id.path(seq);
        let bytes = now(self.store.get_control(&path)).expect("get");
        CommitRecord::parse(&path, &bytes.expect("a record")).expect("a record")
    }

    /// Puts other content in a record's place.
    pub(crate) fn replace(&self, path: &str, bytes: impl Into<Bytes>) {
        now(self.store.put_control(path, bytes.into())).expect("put");
    }

    /// The path of a file of a record.
    pub(crate) fn file(&self, chain: usize, seq: u64, file: usize) -> String {
        self.record(chain, seq).files[file].path.clone()
    }

    /// Changes a file's bytes.
    pub(crate) fn damage(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.store.remove_file(path).expect("a file").to_vec();
        change(&mut bytes);
        self.store.put_file(path, bytes.into());
    }

    /// Removes the records of a chain from `seq` on.
    pub(crate) fn forget(&self, chain: usize, seq: u64) {
        for seq in seq..=self.chains[chain].tail.seq {
            assert!(self.store.remove_control(&self.chains[chain].id.path(seq)));
        }
    }

    pub(crate) fn verify(&self) -> VerifyReport {
        let scope = Scope {
            checksums: false,
            ..Scope::whole(PIPELINE)
        };
        self.verify_in(&scope)
    }

    pub(crate) fn verify_in(&self, scope: &Scope<'_>) -> VerifyReport {
        now(verify(&self.store.with_pages_of(3), scope)).expect("a report")
    }
}

/// What was found, in short.
pub(crate) fn problems(report: &VerifyReport) -> Vec<(ProblemKind, &str)> {
    let problems = report.problems.iter();
    problems
        .map(|problem| (problem.kind, problem.path.as_str()))
        .collect()
}

/// A lake in memory answers at once.
pub(crate) fn now<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("it answers at once")
}
