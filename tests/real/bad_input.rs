//! Bad input from end to end on real servers: every kind of it becomes one dead letter and one row
//! of quarantine with the right reason and its bytes unchanged, costs the good records around it
//! nothing, and holds nothing up.

mod kinds;
mod judge;

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::producer::BaseRecord;
use sluicebox_tests::harness::{S3Identity, Sluicebox, eventually, kafka, s3};
use sluicebox_types::RejectReason;

use self::kinds::{Bad, Letter};

/// Bad records at the end of a topic.
const TAIL: usize = 1_000;
/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(120);
/// 2026-01-01T00:00:00Z in milliseconds.
const FIRST_STAMP: i64 = 1_767_225_600_000;

/// A topic, and what is in its one partition.
struct Log {
    topic: String,
    dead_letters: String,
    table: &'static str,
    records: Vec<Record>,
}

/// A record at its offset.
enum Record {
    /// A good one with this key and value.
    Good(String, String),
    Bad(Bad),
    /// Neither: a null value in a topic that skips it.
    Skipped,
}

/// Every kind of bad input, among good records and a thousand times at the end: lag goes to zero,
/// golden has every good record, each bad one is told once with its reason and its bytes, and a
/// start after a clean stop tells none of them again.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_told_once_with_its_reason_and_its_bytes() {
    let bucket = s3().create_bucket();
    let logs = [
        Log::new("typed", kinds::typed(), kinds::good_typed, TAIL).await,
        Log::new("keyed", kinds::keyed(), kinds::good_simple, 0).await,
        Log::new("traced", kinds::traced(), kinds::good_simple, 0).await,
    ];
    for log in &logs {
        log.produce();
    }
    let config = config(&logs, &bucket);
    let environment = s3().environment(S3Identity::Writer);
    let mut run = Sluicebox::start(&["run", "-c", "{config}"], &config, &environment);
    eventually("everything is committed", async || {
        let is_read = |log: &Log| {
            kafka().committed_offsets("sluicebox-bad-input", &log.topic)
                == kafka().log_ends(&log.topic)
        };
        logs.iter().all(is_read).then_some(())
    })
    .await;
    let (_, metrics) = run.console("/metrics").unwrap_or_default();
    judge::counters_tell(&metrics, &logs);
    run.terminate();
    assert_eq!(run.wait(END), 0, "{}", run.log());
    judge_all(&logs, &bucket);

    let again = ["run", "-c", "{config}", "--until-end"];
    let mut again = Sluicebox::start(&again, &config, &environment);
    assert_eq!(again.wait(END), 0, "{}", again.log());
    judge_all(&logs, &bucket);
    let proof = Sluicebox::output(&["verify", "-c", "{config}"], &config, &environment);
    let said = String::from_utf8_lossy(&proof.stdout);
    assert_eq!(proof.status.code(), Some(0), "{said}");
}

/// The list of reasons is closed, and none of it is untried.
#[test]
fn every_reason_has_a_kind() {
    let kinds = [kinds::typed(), kinds::keyed(), kinds::traced()].concat();
    let tried: BTreeSet<_> = kinds.iter().map(|bad| bad.reason).collect();
    let all: BTreeSet<_> = RejectReason::ALL
        .iter()
        .map(|reason| reason.code())
        .collect();
    assert_eq!(tried, all);
}

fn judge_all(logs: &[Log], bucket: &str) {
    let lake = tempfile::tempdir().expect("a folder");
    s3().download(&format!("{bucket}/golden"), lake.path());
    for log in logs {
        judge::golden_has_every_good_record(log, lake.path());
        judge::quarantine_has_every_bad_record(log, lake.path());
        judge::dead_letters_are_unchanged(log);
    }
}

impl Log {
    /// A good record before each bad one, one more, and then the tail: nothing but bad ones.
    async fn new(
        table: &'static str,
        bad: Vec<Bad>,
        good: fn(usize) -> (String, String),
        tail: usize,
    ) -> Self {
        let topic = format!("bad-{table}");
        let any_stamp = ("message.timestamp.after.max.ms", "9223372036854775807");
        let settings = [
            ("retention.ms", "-1"),
            ("max.message.bytes", "33554432"),
            any_stamp,
        ];
        kafka().create_topic_with(&topic, 1, &settings).await;
        let dead_letters = kafka().create_topic(&format!("{topic}-dlq"), 1).await;
        let small: Vec<Bad> = bad.iter().filter(|bad| bad.is_small()).cloned().collect();
        let number = bad.len();
        let mut records = Vec::new();
        for (index, bad) in bad.into_iter().enumerate() {
            let (key, value) = good(index);
            records.extend([Record::Good(key, value), Record::Bad(bad)]);
        }
        if table == "keyed" {
            records.push(Record::Skipped);
        }
        let (key, value) = good(number);
        records.push(Record::Good(key, value));
        records.extend(small.into_iter().cycle().take(tail).map(Record::Bad));
        Self {
            topic,
            dead_letters,
            table,
            records,
        }
    }

    fn produce(&self) {
        let stamps = FIRST_STAMP..;
        let records = self.records.iter().zip(stamps);
        kafka().produce(records.map(|(record, stamp)| {
            let to = BaseRecord::to(&self.topic);
            match record {
                Record::Good(key, value) => to
                    .key(key.as_bytes())
                    .payload(value.as_bytes())
                    .headers(kinds::headers_of_good(key))
                    .timestamp(stamp),
                Record::Bad(bad) => bad.to(to, stamp),
                Record::Skipped => to.key(b"gone".as_slice()).timestamp(stamp),
            }
        }));
    }

    /// The bad ones with their offsets.
    fn bad(&self) -> impl Iterator<Item = (i64, &Bad)> {
        let records = (0..).zip(&self.records);
        records.filter_map(|(offset, record)| match record {
            Record::Bad(bad) => Some((offset, bad)),
            Record::Good(..) | Record::Skipped => None,
        })
    }

    /// The bad ones that fit the dead-letter topic, with their offsets.
    fn letters(&self) -> impl Iterator<Item = (i64, &Bad)> {
        self.bad().filter(|(_, bad)| bad.letter != Letter::None)
    }
}

fn config(logs: &[Log], bucket: &str) -> String {
    let topics: String = logs.iter().map(kinds::section_of).collect();
    let (brokers, endpoint) = (&kafka().brokers, &s3().endpoint);
    format!(
        r#"
name: bad-input
kafka: {{ brokers: "{brokers}", session_timeout: 6s }}
lake:
  url: s3://{bucket}/golden
  control: s3://{bucket}/_sluicebox
  s3: {{ endpoint: "{endpoint}" }}
  partition_by: day
  file: {{ max_idle: 1s }}
topics:
{topics}
limits: {{ memory: 512MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
    )
}
