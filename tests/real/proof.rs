//! `verify` beside a service at work.

use std::time::Duration;

use rdkafka::producer::BaseRecord;
use serde_json::Value;
use sluicebox_tests::harness::{S3Identity, Sluicebox, kafka, s3};

const PARTITIONS: i32 = 3;
const RECORDS: i64 = 30_000;
/// Records of a partition in one commit: enough commits that most proofs meet one on its way.
const COMMIT_ROWS: i64 = 250;
/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(300);

/// From the first record to the last, over a kill in between and with a second instance that takes
/// partitions over, no proof finds damage where a service works. And the last one finds everything.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_at_work_is_no_damage() {
    let topic = kafka().create_topic("proof", PARTITIONS).await;
    produce(&topic);
    let bucket = s3().create_bucket();
    let (config, environment) = (
        config(&topic, &bucket),
        s3().environment(S3Identity::Writer),
    );
    let start = |options: &[&str]| {
        let arguments = [&["run", "-c", "{config}"], options].concat();
        Sluicebox::start(&arguments, &config, &environment)
    };
    let verify = || {
        let arguments = ["verify", "--json", "-c", "{config}"];
        let proof = Sluicebox::output(&arguments, &config, &environment);
        let said = String::from_utf8_lossy(&proof.stdout).into_owned();
        assert_eq!(proof.status.code(), Some(0), "{said}");
        serde_json::from_str::<Value>(&said).expect("JSON")
    };
    let mut first = start(&[]);
    let mut second = None;
    let mut proofs = 0;
    while read(&verify()) < RECORDS {
        proofs += 1;
        match proofs {
            3 => second = Some(start(&[])),
            6 => first.kill(),
            8 => first = start(&[]),
            _ => {}
        }
    }
    for mut instance in second.into_iter().chain([first]) {
        instance.terminate();
        instance.wait(END);
    }
    let proof = verify();
    let partitions = proof["partitions"].as_array().expect("partitions");
    assert_eq!(partitions.len(), 3, "{proof:#}");
    for partition in partitions {
        assert_eq!(partition["pending"]["files"], 0, "{proof:#}");
        assert_eq!(partition["staged"], Value::Null, "{proof:#}");
    }
    assert!(proofs > 3, "{proofs} proofs are no test");
}

/// Records that are accounted for.
fn read(proof: &Value) -> i64 {
    let partitions = proof["partitions"].as_array().expect("partitions").iter();
    partitions
        .filter_map(|partition| partition["counts"]["read"].as_i64())
        .sum()
}

fn produce(topic: &str) {
    let value = |id: i64| {
        format!(
            r#"{{"id":{id},"at":"2026-01-01T{:02}:00:00Z"}}"#,
            id / 100 % 4
        )
    };
    let values: Vec<String> = (0..RECORDS).map(value).collect();
    kafka().produce(values.iter().zip(0..).map(|(value, id)| {
        BaseRecord::<[u8], [u8]>::to(topic)
            .partition(id % PARTITIONS)
            .payload(value.as_bytes())
    }));
}

fn config(topic: &str, bucket: &str) -> String {
    let (brokers, endpoint) = (&kafka().brokers, &s3().endpoint);
    format!(
        r#"
name: proof
kafka: {{ brokers: "{brokers}", session_timeout: 6s }}
lake:
  url: s3://{bucket}/golden
  control: s3://{bucket}/_sluicebox
  s3: {{ endpoint: "{endpoint}", allow_http: true }}
topics:
  {topic}:
    table: db.t
    schema: {{ columns: [{{ name: id, type: int }}, {{ name: at, type: timestamp }}] }}
    event_time: {{ field: at }}
    dedup: {{ key: [id] }}
    file: {{ max_rows: {COMMIT_ROWS}, max_idle: 1s }}
limits: {{ memory: 256MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
    )
}
