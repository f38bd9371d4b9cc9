//! Repeats through the real process, over restarts: what counts as the same record, and for how
//! long.

use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use sluicebox_tests::harness::{Sluicebox, duckdb, kafka};
use tempfile::TempDir;

/// Midnight, where a tumbling window of a minute begins: 2026-01-01, in milliseconds.
const MIDNIGHT: i64 = 1_767_225_600_000;
/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(120);

/// What a topic's key is made of, as its config says it.
const KEYS: [(&str, &str); 4] = [
    ("fields", "[k]"),
    ("record-key", "record_key"),
    ("header", "{ header: id }"),
    ("payload", "payload"),
];

/// A record: milliseconds since midnight, its key, and whether it is kept.
type Step = (i64, &'static str, bool);

/// A minute, sliding. Each part is read by a process of its own.
const SLIDING: [&[Step]; 3] = [
    &[(0, "a", true), (1_000, "b", true), (59_000, "b", false)],
    &[
        // The last sight was a minute ago, before the restart.
        (60_000, "a", false),
        (120_001, "a", true),
        (121_000, "b", true),
    ],
    &[
        (121_500, "b", false),
        // The clock of the log does not go back: this is seen at 121.5 s.
        (100_000, "c", true),
        (181_000, "c", false),
        (241_001, "c", true),
    ],
];

/// A minute, tumbling: each key once from one full minute to the next.
const TUMBLING: [&[Step]; 2] = [
    &[(0, "a", true), (30_000, "a", false), (59_999, "a", false)],
    &[
        (59_998, "a", false),
        (60_000, "a", true),
        (119_999, "a", false),
        (120_000, "a", true),
    ],
];

/// A key of every kind finds its repeats within a minute of record time, and none behind it, also
/// where another process saw the first of them.
#[tokio::test]
async fn repeats_are_found_over_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut topics = Vec::new();
    for (name, key) in KEYS {
        let topic = kafka().create_topic(&format!("dedup-{name}"), 1).await;
        topics.push((topic, name, section(key, "sliding")));
    }
    let config = config("dedup-sliding", &folder, &topics);
    for part in SLIDING {
        for (topic, name, _) in &topics {
            produce(topic, name, part);
        }
        read_to_the_end(&config);
    }
    for (topic, ..) in &topics {
        assert_eq!(kept(&folder, topic), expected(&SLIDING), "{topic}");
    }
}

/// A tumbling window gives each key once in each minute of the clock.
#[tokio::test]
async fn a_tumbling_window_begins_with_the_minute() {
    let folder = tempfile::tempdir().expect("a folder");
    let topic = kafka().create_topic("dedup-tumbling", 1).await;
    let topics = [(topic.clone(), "fields", section("[k]", "tumbling"))];
    let config = config("dedup-tumbling", &folder, &topics);
    for part in TUMBLING {
        produce(&topic, "fields", part);
        read_to_the_end(&config);
    }
    assert_eq!(kept(&folder, &topic), expected(&TUMBLING));
}

fn section(key: &str, mode: &str) -> String {
    format!("{{ key: {key}, window: 60s, mode: {mode} }}")
}

fn config(name: &str, folder: &TempDir, topics: &[(String, &str, String)]) -> String {
    let sections: String = topics
        .iter()
        .map(|(topic, _, dedup)| {
            let table = table(topic).replace('/', ".");
            format!(
                r#"
  {topic}:
    table: {table}
    schema: {{ columns: [{{ name: k, type: string }}, {{ name: n, type: bigint }}] }}
    dedup: {dedup}"#
            )
        })
        .collect();
    let (brokers, folder) = (&kafka().brokers, folder.path().display());
    format!(
        r#"
name: {name}
kafka: {{ brokers: "{brokers}" }}
lake: {{ url: "file://{folder}/golden", control: "file://{folder}/_sluicebox" }}
topics:{sections}
limits: {{ memory: 256MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
    )
}

/// Records that have nothing in common but what the topic's key is made of.
fn produce(topic: &str, kind: &str, steps: &[Step]) {
    let parts: Vec<_> = steps.iter().map(|step| Parts::of(kind, *step)).collect();
    kafka().produce(parts.iter().map(|parts| parts.record(topic)));
}

/// What a record is made of.
struct Parts {
    millis: i64,
    key: String,
    header: String,
    value: String,
}

impl Parts {
    fn of(kind: &str, (millis, same, _): Step) -> Self {
        let pick = |own: &str| match kind == own {
            true => same.to_owned(),
            false => format!("{own} at {millis}"),
        };
        let value = match kind {
            "payload" => format!(r#"{{"k":"{same}"}}"#),
            _ => format!(r#"{{"k":"{}","n":{millis}}}"#, pick("fields")),
        };
        Self {
            millis,
            key: pick("record-key"),
            header: pick("header"),
            value,
        }
    }

    fn record<'a>(&'a self, topic: &'a str) -> BaseRecord<'a, [u8], [u8]> {
        let id = Header {
            key: "id",
            value: Some(&self.header),
        };
        BaseRecord::to(topic)
            .partition(0)
            .timestamp(MIDNIGHT + self.millis)
            .headers(OwnedHeaders::new().insert(id))
            .key(self.key.as_bytes())
            .payload(self.value.as_bytes())
    }
}

/// The folder of a topic's table below the lake.
fn table(topic: &str) -> String {
    format!("db/{}", topic.replace('-', "_"))
}

fn read_to_the_end(config: &str) {
    let arguments = ["run", "-c", "{config}", "--until-end"];
    let mut process = Sluicebox::start(&arguments, config, &[]);
    assert_eq!(process.wait(END), 0, "{}", process.log());
}

/// The offsets that are in golden, in order.
fn kept(folder: &TempDir, topic: &str) -> Vec<i64> {
    let files = folder.path().join("golden").join(table(topic));
    let rows = duckdb(&format!(
        "select _kafka.\"offset\" as o from read_parquet('{}/**/*.parquet') order by o",
        files.display()
    ));
    rows.iter().filter_map(|row| row["o"].as_i64()).collect()
}

fn expected(parts: &[&[Step]]) -> Vec<i64> {
    let steps = parts.iter().copied().flatten();
    (0..)
        .zip(steps)
        .filter_map(|(offset, (.., kept))| kept.then_some(offset))
        .collect()
}
