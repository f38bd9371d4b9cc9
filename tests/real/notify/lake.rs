//! A pipeline on local disk that tells, and what it should have told.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use rdkafka::producer::BaseRecord;
use serde_json::Value;
use sluicebox_events::{Event, EventData};
use sluicebox_tests::harness::{Sluicebox, eventually, kafka};
use tempfile::TempDir;

pub(super) const RECORDS: i64 = 600;

pub(super) struct Lake {
    pub(super) topic: String,
    folder: TempDir,
    /// The section `notify`, in one line.
    pub(super) notify: String,
}

impl Lake {
    pub(super) async fn new(name: &str) -> Self {
        Self {
            topic: kafka().create_topic(name, 2).await,
            folder: tempfile::tempdir().expect("a folder"),
            notify: "[]".to_owned(),
        }
    }

    /// Records over two hours in two Kafka partitions, in two commits each.
    pub(super) async fn produce(&self) {
        self.produce_half(0..RECORDS / 2);
        eventually("the first half is visible", async || {
            (self.files().len() >= 4).then_some(())
        })
        .await;
        self.produce_half(RECORDS / 2..RECORDS);
    }

    fn produce_half(&self, ids: Range<i64>) {
        let records: Vec<(i32, String)> = ids
            .map(|id| {
                let (partition, hour) = (i32::try_from(id % 2).expect("small"), 10 + id / 2 % 2);
                let value = format!(r#"{{"id":{id},"at":"2026-01-01T{hour}:00:00Z"}}"#);
                (partition, value)
            })
            .collect();
        kafka().produce(records.iter().map(|(partition, value)| {
            BaseRecord::to(&self.topic)
                .partition(*partition)
                .key(b"".as_slice())
                .payload(value.as_bytes())
        }));
    }

    pub(super) fn run(&self, variables: &[(String, String)]) -> Sluicebox {
        Sluicebox::start(&["run", "-c", "{config}"], &self.config(), variables)
    }

    pub(super) fn config(&self) -> String {
        let (brokers, topic, notify) = (&kafka().brokers, &self.topic, &self.notify);
        let folder = self.folder.path().display();
        format!(
            r#"
name: {topic}
kafka: {{ brokers: "{brokers}", session_timeout: 6s }}
lake: {{ url: "file://{folder}/golden", control: "file://{folder}/_sluicebox", allowed_lateness: 0s, success_file: true }}
topics:
  {topic}:
    table: db.events
    schema:
      columns:
        - {{ name: id, type: bigint, required: true }}
        - {{ name: at, type: timestamp }}
    event_time: {{ field: at }}
    dedup: off
    file: {{ max_rows: 100, max_age: 5s, max_idle: 1s }}
notify: {notify}
limits: {{ memory: 256MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
        )
    }

    /// Whether an hour's folder is marked as complete.
    pub(super) fn is_marked(&self, hour: u8) -> bool {
        let folder = format!("golden/db/events/dt=2026-01-01/hour={hour}");
        self.folder.path().join(folder).join("_SUCCESS").is_file()
    }

    /// The URLs of the golden files that are visible.
    pub(super) fn files(&self) -> BTreeSet<String> {
        let found = files_below(&self.folder.path().join("golden/db")).into_iter();
        let found = found.filter(|path| path.extension().is_some_and(|is| is == "parquet"));
        let url = |path: PathBuf| format!("file://{}", path.display());
        found.map(url).collect()
    }

    /// A control object of the notifier, if there is one.
    pub(super) fn cursor(&self, partition: i32, target: &str) -> Option<Value> {
        let topic = &self.topic;
        let path = format!("_sluicebox/{topic}/{topic}/p{partition:05}/notify/{target}.json");
        let bytes = std::fs::read(self.folder.path().join(path)).ok()?;
        Some(serde_json::from_slice(&bytes).expect("JSON"))
    }

    /// Rows of all files that these events tell of.
    pub(super) fn is_told(&self, events: &[Event]) -> bool {
        let told: u64 = told_files(events).values().sum();
        told == RECORDS.unsigned_abs()
    }

    /// Each visible file is in exactly one event, apart from repeats, and each Kafka partition's
    /// events are in the order of its offsets.
    pub(super) fn assert_told(&self, events: &[Event]) {
        let told = told_files(events);
        assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), self.files());
        assert_eq!(told.values().sum::<u64>(), RECORDS.unsigned_abs());
        let mut seen = BTreeSet::new();
        let mut ends = BTreeMap::new();
        for event in events.iter().filter(|event| seen.insert(event.id.clone())) {
            for file in files_of(event) {
                let end = ends.insert(file.kafka.partition, file.kafka.end);
                assert!(
                    file.kafka.end >= end.unwrap_or(0),
                    "out of order: {event:?}"
                );
            }
        }
    }
}

fn files_of(event: &Event) -> &[sluicebox_events::EventFile] {
    match &event.data {
        EventData::FilesCommitted(data) => &data.files,
        EventData::Sealed(_) => &[],
    }
}

/// Rows by file; a file in two different events would show as too many rows.
fn told_files(events: &[Event]) -> BTreeMap<String, u64> {
    let mut seen = BTreeSet::new();
    let mut told = BTreeMap::new();
    for event in events.iter().filter(|event| seen.insert(event.id.clone())) {
        for file in files_of(event) {
            *told.entry(file.uri.clone()).or_default() += file.rows;
        }
    }
    told
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path],
        })
        .collect()
}
