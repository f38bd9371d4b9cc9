//! The source side from end to end: real Kafka, the real process, a lake on local disk that DuckDB
//! reads back. What a test waits for is a condition; what it asserts is what stands in the lake, in
//! the chain and in the group.

mod selection;
mod new_partitions;
mod groups;
mod starts;
mod drain;
mod bounded_pass;
mod layout;
mod tombstones;
mod transactions;
mod retention;
mod recreated;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use rdkafka::producer::BaseRecord;
use serde_json::Value;
use sluicebox_tests::harness::{Sluicebox, duckdb, eventually, kafka};
use tempfile::TempDir;

/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(120);

/// One pipeline: its config, its lake, and the processes that are started for it.
struct Pipeline {
    name: String,
    folder: TempDir,
    kafka: String,
    lake: String,
    topics: String,
}

impl Pipeline {
    /// A pipeline without topics; `name` is its own among all tests.
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            folder: tempfile::tempdir().expect("a folder"),
            kafka: String::new(),
            lake: String::new(),
            topics: String::new(),
        }
    }

    /// One more line for the section `kafka`.
    fn with_kafka(mut self, line: &str) -> Self {
        self.kafka += &format!("  {line}\n");
        self
    }

    /// The rebalance protocol. Members of a classic group hear of a change when they beat next.
    fn with_protocol(self, protocol: &str) -> Self {
        let pipeline = self.with_kafka(&format!("group_protocol: {protocol}"));
        match protocol {
            "classic" => pipeline.with_kafka("librdkafka: { heartbeat.interval.ms: 500 }"),
            _ => pipeline,
        }
    }

    /// One more line for the section `lake`.
    fn with_lake(mut self, line: &str) -> Self {
        self.lake += &format!("  {line}\n");
        self
    }

    /// One more topic or expression, and lines for its section.
    fn with_topic(mut self, key: &str, table: &str, lines: &[&str]) -> Self {
        self.topics += &format!(
            r"  '{key}':
    table: {table}
    schema: {{ columns: [{{ name: id, type: bigint }}, {{ name: at, type: timestamp }}] }}
    event_time: {{ field: at }}
    dedup: off
"
        );
        for line in lines {
            self.topics += &format!("    {line}\n");
        }
        self
    }

    fn config(&self) -> String {
        let Self {
            name,
            kafka: kafka_lines,
            lake,
            topics,
            ..
        } = self;
        let (brokers, folder) = (&kafka().brokers, self.folder.path().display());
        format!(
            r#"
name: {name}
kafka:
  brokers: "{brokers}"
  session_timeout: 6s
  discovery_interval: 1s
{kafka_lines}
lake:
  url: file://{folder}/golden
  control: file://{folder}/_sluicebox
  file: {{ max_age: 1s, max_idle: 1s }}
{lake}
topics:
{topics}
limits: {{ memory: 256MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
        )
    }

    /// The group that all its processes are members of.
    fn group(&self) -> String {
        format!("sluicebox-{}", self.name)
    }

    /// Starts the service.
    fn run(&self) -> Sluicebox {
        Sluicebox::start(&["run", "-c", "{config}"], &self.config(), &[])
    }

    /// Starts a bounded pass.
    fn pass(&self) -> Sluicebox {
        let arguments = ["run", "-c", "{config}", "--until-end"];
        Sluicebox::start(&arguments, &self.config(), &[])
    }

    /// Makes a bounded pass that must be good.
    fn complete_pass(&self) {
        completed(self.pass());
    }

    /// Proves the promise from the lake alone, and gives what the proof says.
    fn verify(&self) -> Value {
        let arguments = ["verify", "--json", "-c", "{config}"];
        let proof = Sluicebox::output(&arguments, &self.config(), &[]);
        let said = String::from_utf8_lossy(&proof.stdout).into_owned();
        assert_eq!(proof.status.code(), Some(0), "{said}");
        serde_json::from_str(&said).expect("JSON")
    }

    /// The column `id` of every row below a folder of the lake, in its order; -1 for null.
    fn ids(&self, place: &str) -> Vec<i64> {
        if self.files(place).is_empty() {
            return Vec::new();
        }
        let rows = duckdb(&format!(
            "select coalesce(id, -1) as id from {} order by id",
            self.parquet(place)
        ));
        rows.iter().filter_map(|row| row["id"].as_i64()).collect()
    }

    /// What DuckDB reads every Parquet file below a folder of the lake by.
    fn parquet(&self, place: &str) -> String {
        let glob = self.folder.path().join("golden").join(place);
        let glob = glob.join("**/*.parquet");
        format!(
            "read_parquet('{}', hive_partitioning=false)",
            glob.display()
        )
    }

    /// The Parquet files below a folder of the lake, as paths below it, in order.
    fn files(&self, place: &str) -> Vec<String> {
        files_below(&self.folder.path().join("golden").join(place), ".parquet")
    }

    /// The records of a partition's chain, in order.
    fn chain(&self, topic: &str, partition: i32) -> Vec<Value> {
        let folder = format!("_sluicebox/{}/{topic}/p{partition:05}/c", self.name);
        let folder = self.folder.path().join(folder);
        let records = files_below(&folder, ".json");
        records
            .iter()
            .map(|record| {
                let bytes = std::fs::read(folder.join(record)).expect("a record");
                serde_json::from_slice(&bytes).expect("JSON")
            })
            .collect()
    }

    /// The group's committed offsets are the ends of the log: lag is zero. Nothing is committed for
    /// a partition without records.
    fn assert_no_lag(&self, topic: &str) {
        let committed = kafka().committed_offsets(&self.group(), topic);
        let committed = committed.into_iter().map(|offset| offset.or(Some(0)));
        let committed: Vec<_> = committed.collect();
        assert_eq!(committed, kafka().log_ends(topic), "lag of {topic}");
    }
}

/// Where a process stands in a partition.
#[derive(Debug)]
struct Place {
    position: i64,
    committed: i64,
    caught_up: bool,
    halted: bool,
}

/// Where a process stands in each of its partitions; empty before it answers.
fn places(process: &Sluicebox) -> BTreeMap<(String, i64), Place> {
    let status = process.console("/api/v1/status");
    let status: Value = status
        .and_then(|(_, body)| serde_json::from_str(&body).ok())
        .unwrap_or_default();
    let partitions = status["partitions"].as_array().cloned().unwrap_or_default();
    let entries = partitions.iter().filter_map(|entry| {
        let partition = (
            entry["topic"].as_str()?.to_owned(),
            entry["partition"].as_i64()?,
        );
        let place = Place {
            position: entry["position"].as_i64()?,
            committed: entry["committed"].as_i64()?,
            caught_up: entry["caught_up"].as_bool()?,
            halted: entry["phase"] == "halted",
        };
        Some((partition, place))
    });
    entries.collect()
}

/// Waits until a process has read `partitions` partitions to their end.
async fn caught_up(process: &Sluicebox, partitions: usize) {
    eventually("all partitions are read to their end", async || {
        let places = places(process);
        let all = places.len() == partitions && places.values().all(|place| place.caught_up);
        all.then_some(())
    })
    .await;
}

/// Waits until these processes together have committed `offsets` offsets.
async fn committed(processes: &[&Sluicebox], offsets: i64) {
    eventually("everything is committed", async || {
        let places = processes.iter().flat_map(|process| places(process));
        let committed: i64 = places.map(|(_, place)| place.committed).sum();
        (committed >= offsets).then_some(())
    })
    .await;
}

/// Ends a service with SIGTERM; it must end well.
fn stopped(process: Sluicebox) {
    process.terminate();
    completed(process);
}

/// Waits for the end of a process; it must end well.
fn completed(mut process: Sluicebox) {
    assert_eq!(process.wait(END), 0, "{}", process.log());
}

/// Writes one event for each id into a partition.
fn produce(topic: &str, partition: i32, ids: Range<i64>) {
    produce_all(&[(topic, partition, ids)]);
}

/// Writes events into several partitions, with one producer: making one takes longer than all it
/// writes.
fn produce_all(partitions: &[(&str, i32, Range<i64>)]) {
    let values: Vec<_> = partitions
        .iter()
        .flat_map(|(topic, partition, ids)| {
            let events = ids.clone().map(event);
            events.map(|value| (*topic, *partition, value))
        })
        .collect();
    let records = values.iter();
    kafka().produce(records.map(|(topic, partition, value)| record(topic, *partition, value)));
}

/// An event, an hour after the one before it.
fn event(id: i64) -> String {
    let (day, hour) = (1 + id / 24 % 28, id % 24);
    format!(r#"{{"id":{id},"at":"2026-01-{day:02}T{hour:02}:30:00Z"}}"#)
}

fn record<'a>(topic: &'a str, partition: i32, value: &'a str) -> BaseRecord<'a, [u8], [u8]> {
    BaseRecord::to(topic)
        .partition(partition)
        .key(b"".as_slice())
        .payload(value.as_bytes())
}

fn files_below(folder: &std::path::Path, suffix: &str) -> Vec<String> {
    let mut folders = vec![PathBuf::new()];
    let mut files = Vec::new();
    while let Some(place) = folders.pop() {
        let entries = std::fs::read_dir(folder.join(&place)).into_iter().flatten();
        for entry in entries {
            let entry = entry.expect("an entry");
            let path = place.join(entry.file_name());
            if entry.file_type().expect("its type").is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(suffix) {
                files.push(path.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}
