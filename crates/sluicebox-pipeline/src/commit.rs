//! One commit, from closed files to the Kafka offset. Runs on the I/O runtime, one at a time per
//! partition, while the worker reads on.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use metrics::{counter, histogram};
use sluicebox_chain::{CommitRecord, Counts, Halt, Hint, Tail};
use sluicebox_parquet::{ClosedFile, TableSpec};
use sluicebox_types::{DataFile, FileKind, TopicPartition};

use crate::chain_io::{Appended, append, until_done};
use crate::environment::Environment;
use crate::failpoint::failpoint;
use crate::memory::HeldMemory;
use crate::ports::{Outstanding, SourceControl};
use crate::status::PartitionStatus;
use crate::topic::RollCause;

/// Files of one commit that are staged at the same time: large ones, of which each keeps the network
/// busy, and small ones, which mostly wait (closing a file takes half a second on HDFS).
const STAGE_CONCURRENCY: std::ops::RangeInclusive<usize> = 4..=16;
/// What small ones may have together.
const STAGE_BYTES: usize = 64 * 1024 * 1024;

/// A range whose files are closed: what a worker hands over.
#[derive(Debug)]
pub(crate) struct CutRange {
    pub(crate) partition: TopicPartition,
    pub(crate) epoch: u64,
    pub(crate) table: Arc<TableSpec>,
    /// The record to make; its files are filled in when they are staged.
    pub(crate) record: CommitRecord,
    pub(crate) files: Vec<ClosedFile>,
    pub(crate) outstanding: Arc<Outstanding>,
    pub(crate) held: HeldMemory,
    pub(crate) cause: RollCause,
}

/// What became of a commit: what a worker is told.
#[derive(Debug)]
pub(crate) enum CommitOutcome {
    /// It is the tail.
    Committed(Committed),
    /// Somebody else goes on from here.
    Overtaken,
    /// A person has to look.
    Halted(Halt),
}

/// A commit that has become the tail.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) tail: Tail,
    counts: Counts,
    /// Latest event time of its golden rows, microseconds since 1970-01-01 UTC.
    watermark_micros: Option<i64>,
}

impl Committed {
    /// Brings a partition's entry on the status board up to date.
    pub(crate) fn tell(&self, status: &mut PartitionStatus) {
        status.committed = self.tail.end;
        status.counts += self.counts;
        status.watermark_micros = status.watermark_micros.max(self.watermark_micros);
    }
}

/// Stages, appends, publishes and tells Kafka.
pub(crate) async fn commit(
    env: &Environment,
    control: &Arc<dyn SourceControl>,
    cut: CutRange,
) -> CommitOutcome {
    let started = env.clock.monotonic();
    let CutRange {
        partition,
        table,
        mut record,
        files,
        outstanding,
        held,
        cause,
        ..
    } = cut;
    if let Some(halt) = other_topic(env, control, &record).await {
        return CommitOutcome::Halted(halt);
    }
    let (chain, path) = (record.chain.prefix(), record.path());
    record.files = stage_all(env, &path, files).await;
    record.watermark = record.watermark.max(latest_event_time(&record.files));
    failpoint("after_stage");
    wait_for_dead_letters(env, &partition, &outstanding).await;
    failpoint("after_dead_letters");
    let counts = record.count;
    let files = record.files.clone();
    match append(env, record).await {
        Appended::Committed(tail) => {
            failpoint("before_offset");
            control.commit(&partition, tail.end, &Hint::of(&tail).to_metadata());
            failpoint("after_offset");
            env.relay.published(&partition, tail.seq);
            let topic = partition.topic.to_string();
            counter!("sluicebox_duplicates_total", "topic" => topic).increment(counts.duplicate);
            observe(env, &table, &files, cause);
            let took = env.clock.monotonic().saturating_sub(started);
            histogram!("sluicebox_commit_duration_seconds").record(took.as_secs_f64());
            drop(held);
            sweep(env, &chain, &path).await;
            CommitOutcome::Committed(Committed {
                tail,
                counts,
                watermark_micros: latest_event_time(&files),
            })
        }
        Appended::Lost(winner) => {
            tracing::info!(%partition, %winner, "another attempt took this place in the chain");
            abandon_all(env, &files).await;
            CommitOutcome::Overtaken
        }
        Appended::Superseded => CommitOutcome::Overtaken,
        Appended::Halted(halt) => CommitOutcome::Halted(halt),
    }
}

/// A client that learns late of a topic made anew reads on in the new one. Asked after the range was
/// read, the id proves of which topic all of it is. Brokers that do not answer are not waited for.
async fn other_topic(
    env: &Environment,
    control: &Arc<dyn SourceControl>,
    record: &CommitRecord,
) -> Option<Halt> {
    let was = record.topic_id.clone()?;
    let chain = record.chain.clone();
    let (control, topic) = (Arc::clone(control), chain.topic.clone());
    let asked = env.blocking.call(move || control.topic_id(&topic)).await;
    let is = asked.ok().flatten()?;
    (is != was).then_some(Halt::OtherTopic { chain, was, is })
}

async fn stage_all(env: &Environment, record: &str, files: Vec<ClosedFile>) -> Vec<DataFile> {
    let largest = files.iter().map(|file| file.bytes.len()).max();
    let side_by_side = STAGE_BYTES / largest.unwrap_or(0).max(1);
    let each: Vec<_> = files
        .into_iter()
        .map(|file| stage_one(env, record, file))
        .collect();
    stream::iter(each)
        .buffered(side_by_side.clamp(*STAGE_CONCURRENCY.start(), *STAGE_CONCURRENCY.end()))
        .collect()
        .await
}

async fn stage_one(env: &Environment, record: &str, file: ClosedFile) -> DataFile {
    let stage = || env.store.stage(record, &file.path, file.bytes.clone());
    let stage = until_done(env, "store (staging)", stage).await;
    failpoint("between_stages");
    DataFile {
        bytes: u64::try_from(file.bytes.len()).unwrap_or(u64::MAX),
        path: file.path,
        kind: file.kind,
        rows: file.rows,
        xxh3: file.xxh3,
        partition_date: file.partition_date,
        event_time: file.event_time,
        stage,
    }
}

/// Golden rows must not be committed before the rejects of their range are safe: after a crash the
/// range would not be read again.
async fn wait_for_dead_letters(
    env: &Environment,
    partition: &TopicPartition,
    outstanding: &Outstanding,
) {
    if outstanding.count() == 0 {
        return;
    }
    let dependency = format!("dead letters of {partition}");
    let waiting = format!("{} dead letters wait for the broker", outstanding.count());
    let patience = Duration::from_secs(5);
    if tokio::time::timeout(patience, outstanding.settled())
        .await
        .is_err()
    {
        env.readiness.down(&dependency, waiting);
        outstanding.settled().await;
        env.readiness.up(&dependency);
    }
}

/// Best effort: what is left behind is invisible, and goes when the next record is published.
async fn sweep(env: &Environment, chain: &str, record: &str) {
    if let Err(error) = env.store.sweep(chain, record).await {
        tracing::debug!(%error, "what earlier attempts staged was left behind");
    }
}

/// Best effort, as a sweep is.
async fn abandon_all(env: &Environment, files: &[DataFile]) {
    for file in files {
        if let Err(error) = env.store.abandon(&file.path, &file.stage).await {
            tracing::debug!(%error, "staged data of a lost attempt was left behind");
        }
    }
}

fn latest_event_time(files: &[DataFile]) -> Option<i64> {
    let golden = files.iter().filter(|file| file.kind == FileKind::Golden);
    golden.map(|file| file.event_time[1]).max()
}

fn observe(env: &Environment, table: &TableSpec, files: &[DataFile], cause: RollCause) {
    let table = format!("{}.{}", table.database, table.table);
    for file in files {
        let kind = match file.kind {
            FileKind::Golden => "golden",
            FileKind::Quarantine => "quarantine",
        };
        let labels = [("table", table.clone()), ("kind", kind.to_owned())];
        counter!("sluicebox_files_published_total", &labels).increment(1);
        counter!("sluicebox_files_rows_total", &labels).increment(file.rows);
        counter!("sluicebox_files_bytes_total", &labels).increment(file.bytes);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a histogram's bucket is coarser"
        )]
        histogram!("sluicebox_file_bytes", &labels).record(file.bytes as f64);
    }
    if let Some(latest) = latest_event_time(files) {
        let late_millis = env.clock.now_millis().saturating_sub(latest / 1_000);
        let late = Duration::from_millis(u64::try_from(late_millis).unwrap_or(0));
        histogram!("sluicebox_end_to_end_latency_seconds", "table" => table.clone())
            .record(late.as_secs_f64());
    }
    counter!("sluicebox_rolls_total", "table" => table, "cause" => cause.as_str()).increment(1);
}
