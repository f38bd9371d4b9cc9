//! Finds out which partitions are complete.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sluicebox_chain::{ChainId, CommitRecord, RecordTable};
use sluicebox_types::{FileKind, PartitionDate};
use tokio::sync::watch;
use uuid::Uuid;

use super::Shared;
use super::seal::{self, ChainPlace, FORMAT, Seal};
use crate::blocking::Blocking;
use crate::chain_io::rfc3339;
use crate::ports::{SourceControl, SourceError, StoreError};

/// Records of one chain that one look reads; the rest is for the next look.
const RECORDS_MAX: usize = 1_000;
/// Partitions with rows that may wait for their seal. Of more, the oldest are left unsealed.
const OPEN_MAX: usize = 10_000;

/// The marker that a folder is complete.
const SUCCESS: &str = "_SUCCESS";

/// Looks from time to time at every chain of a topic, on behalf of all its owners.
pub(super) struct Sealer {
    pub(super) shared: Arc<Shared>,
    /// The chain of Kafka partition 0, which makes its owner the one who seals.
    pub(super) chain: ChainId,
    pub(super) kafka: Kafka,
}

/// Who knows which partitions there are.
#[derive(Clone)]
pub(crate) struct Kafka {
    pub(crate) control: Arc<dyn SourceControl>,
    pub(crate) blocking: Blocking,
}

/// What a look goes on from: a control object. It may be behind the seals, never ahead of them.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    v: u32,
    /// How many seals there are.
    seals: u64,
    /// What ends up to here is sealed, microseconds since 1970-01-01 UTC.
    sealed_until: Option<i64>,
    /// Partitions with rows that are not sealed, and their folders.
    open: BTreeMap<PartitionDate, String>,
    chains: BTreeMap<i32, ChainPlace>,
    table: Option<RecordTable>,
    genesis: Option<Uuid>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            v: FORMAT,
            seals: 0,
            sealed_until: None,
            open: BTreeMap::new(),
            chains: BTreeMap::new(),
            table: None,
            genesis: None,
        }
    }
}

/// Why a look came to nothing; the next one goes on.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Kafka(#[from] SourceError),
    #[error("{0}")]
    Unreadable(String),
}

impl Kafka {
    async fn partitions(&self, topic: &str) -> Result<Vec<i32>, SourceError> {
        let control = Arc::clone(&self.control);
        let all = self.blocking.call(move || control.partitions()).await;
        let all = all.map_err(|error| SourceError::Transient(error.to_string()))??;
        let of_topic = all.into_iter().filter(|each| each.topic.as_ref() == topic);
        Ok(of_topic.map(|each| each.partition).collect())
    }
}

impl Sealer {
    /// Looks for as long as the partition is ours, and says how many seals there are.
    pub(super) async fn run(
        self,
        mut ours: watch::Receiver<u64>,
        seals: watch::Sender<Option<u64>>,
    ) {
        let let_go = async { while ours.changed().await.is_ok() {} };
        let look = async {
            loop {
                match self.look().await {
                    Ok(count) => drop(seals.send_replace(Some(count))),
                    Err(error) => tracing::warn!(topic = self.chain.topic, %error,
                        "notify: no look at what can be sealed"),
                }
                tokio::time::sleep(self.shared.seal_every).await;
            }
        };
        tokio::select! {
            () = let_go => {}
            () = look => {}
        }
    }

    async fn look(&self) -> Result<u64, LookError> {
        let path = format!("{}state.json", seal::folder(&self.chain));
        let kept = self.shared.store.get_control(&path).await?;
        let kept = kept.and_then(|bytes| serde_json::from_slice::<State>(&bytes).ok());
        let mut state = kept.filter(|state| state.v == FORMAT).unwrap_or_default();
        let before = (state.seals, state.chains.clone());
        for partition in self.partitions_with_a_chain().await? {
            self.read_on(&mut state, partition).await?;
        }
        // What has no chain yet has not passed anything.
        let all = self.kafka.partitions(&self.chain.topic).await?;
        if all
            .iter()
            .all(|partition| state.chains.contains_key(partition))
        {
            self.seal(&mut state).await?;
        }
        if before != (state.seals, state.chains.clone()) {
            let bytes = serde_json::to_vec(&state);
            let bytes = bytes.map_err(|error| LookError::Unreadable(error.to_string()))?;
            self.shared.store.put_control(&path, bytes.into()).await?;
        }
        Ok(state.seals)
    }

    /// By one short listing each.
    async fn partitions_with_a_chain(&self) -> Result<Vec<i32>, LookError> {
        let topic = format!("{}/{}/", self.chain.pipeline, self.chain.topic);
        let mut partitions = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let store = &self.shared.store;
            let page = store.list_control(&topic, after.as_deref(), 1).await?;
            let name = page
                .first()
                .and_then(|path| path.strip_prefix(&topic)?.split('/').next());
            let number = name.and_then(|name| name.strip_prefix('p')?.parse().ok());
            let (Some(name), Some(number)) = (name, number) else {
                return Ok(partitions);
            };
            partitions.push(number);
            // Behind everything in the partition's folder.
            after = Some(format!("{topic}{name}/~"));
        }
    }

    /// Takes in what has become visible in a chain since the last look.
    async fn read_on(&self, state: &mut State, partition: i32) -> Result<(), LookError> {
        let chain = ChainId {
            partition,
            ..self.chain.clone()
        };
        let mut place = state.chains.get(&partition).cloned().unwrap_or_default();
        let mut record = self.record(&chain, place.next).await?;
        for _ in 0..RECORDS_MAX {
            let Some(this) = record else { break };
            let next = self.record(&chain, this.seq + 1).await?;
            // A successor proves that the files are visible; without one they have to be looked at.
            if next.is_none() && !self.is_visible(&this).await? {
                break;
            }
            if this.seq == 0 && partition == 0 {
                state.genesis = Some(this.id);
            }
            place = ChainPlace {
                next: this.seq + 1,
                end: this.range.end,
                watermark: this.watermark,
            };
            state.take_in(this);
            record = next;
        }
        state.chains.insert(partition, place);
        Ok(())
    }

    async fn record(&self, chain: &ChainId, seq: u64) -> Result<Option<CommitRecord>, LookError> {
        let path = chain.path(seq);
        let Some(bytes) = self.shared.store.get_control(&path).await? else {
            return Ok(None);
        };
        let record = CommitRecord::parse(&path, &bytes);
        let record = record.map_err(|error| LookError::Unreadable(error.to_string()))?;
        Ok(Some(record))
    }

    async fn is_visible(&self, record: &CommitRecord) -> Result<bool, LookError> {
        for file in &record.files {
            let start = self.shared.store.read_range(&file.path, 0..1).await?;
            if start.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Seals what every chain has passed, oldest first.
    async fn seal(&self, state: &mut State) -> Result<(), LookError> {
        let lateness = self.shared.allowed_lateness;
        let micros = i64::try_from(lateness.as_micros()).unwrap_or(i64::MAX);
        let (Some(watermark), Some(table), Some(genesis)) =
            (state.watermark(), state.table.clone(), state.genesis)
        else {
            return Ok(());
        };
        let until = watermark.saturating_sub(micros);
        let complete = |date: &PartitionDate| date.end_micros() <= until;
        while let Some((date, folder)) = state.open.first_key_value().filter(|(d, _)| complete(d)) {
            let seal = Seal {
                v: FORMAT,
                seq: state.seals,
                genesis,
                date: *date,
                table: table.clone(),
                folder: folder.clone(),
                allowed_lateness_seconds: lateness.as_secs(),
                chains: state.chains.clone(),
                at: rfc3339(self.shared.clock.now_millis()),
            };
            let made = self.create(&seal).await?;
            if self.shared.success_file {
                self.mark(&made).await?;
            }
            state.passes(&made.date);
            state.seals += 1;
        }
        state.sealed_until = state.sealed_until.max(Some(until));
        Ok(())
    }

    /// Makes a seal, unless its place is taken (by a crash before the state was kept, or by an
    /// earlier owner): then that one holds.
    async fn create(&self, seal: &Seal) -> Result<Seal, LookError> {
        let path = seal::path(&self.chain, seal.seq);
        let bytes = serde_json::to_vec(seal);
        let bytes = bytes.map_err(|error| LookError::Unreadable(error.to_string()))?;
        let created = self
            .shared
            .store
            .create_control(&path, Bytes::from(bytes))
            .await;
        let Err(unclear) = created else {
            return Ok(seal.clone());
        };
        let Some(bytes) = self.shared.store.get_control(&path).await? else {
            return Err(unclear.into());
        };
        let unreadable = || LookError::Unreadable(format!("{path} is no seal of this version"));
        Seal::parse(&bytes).ok_or_else(unreadable)
    }

    /// Puts `_SUCCESS` into a sealed partition's folder, once: what jobs on Hadoop wait for. Engines
    /// pass over names with an underscore. It holds the seal, as the committers of S3A have it.
    async fn mark(&self, seal: &Seal) -> Result<(), LookError> {
        let store = &self.shared.store;
        let path = format!("{}/{SUCCESS}", seal.folder);
        if store.read_file(&path).await?.is_some() {
            return Ok(());
        }
        let bytes = serde_json::to_vec(seal);
        let bytes = Bytes::from(bytes.map_err(|error| LookError::Unreadable(error.to_string()))?);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let of = seal::path(&self.chain, seal.seq);
        let staged = store.stage(&of, &path, bytes.into()).await?;
        store.publish(&path, length, &staged).await?;
        Ok(())
    }
}

impl State {
    fn take_in(&mut self, record: CommitRecord) {
        for file in record
            .files
            .iter()
            .filter(|file| file.kind == FileKind::Golden)
        {
            let sealed = self
                .sealed_until
                .is_some_and(|until| file.partition_date.end_micros() <= until);
            if let Some((folder, _)) = file.path.rsplit_once('/').filter(|_| !sealed) {
                self.open.insert(file.partition_date, folder.to_owned());
            }
        }
        while self.open.len() > OPEN_MAX {
            let oldest = self.open.pop_first();
            tracing::warn!(
                ?oldest,
                "too many partitions are open: the oldest stays unsealed"
            );
        }
        if record.table.is_some() {
            self.table = record.table;
        }
    }

    /// There is a seal of `date`. What is older and still open came late: it is here only because an
    /// earlier state was put over a later one.
    fn passes(&mut self, date: &PartitionDate) {
        self.open = self.open.split_off(date);
        self.open.remove(date);
    }

    /// The least of all; none while a chain has none.
    fn watermark(&self) -> Option<i64> {
        let watermarks: Option<Vec<i64>> =
            self.chains.values().map(|place| place.watermark).collect();
        watermarks?.into_iter().min()
    }
}
