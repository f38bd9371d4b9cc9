//! The memory limit, held against what the operating system says.

use std::time::Duration;

use rdkafka::producer::BaseRecord;
use serde_json::Value;
use sluicebox_tests::harness::{Sluicebox, duckdb, eventually, kafka};

const PARTITIONS: i32 = 32;
const RECORDS: i32 = 12_000;
const COLUMNS: usize = 10;
/// `limits.memory` is three quarters of a container's limit unless it is given: what the allocator
/// and the clients add must stay within the last quarter.
const LIMIT_MIB: u64 = 192;
/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(120);

/// Records of 10 KB for a day's hours in 32 partitions, 768 files that would all like to be open at
/// once: they are read within the memory that a container of the right size has, and none is lost.
#[tokio::test]
async fn large_records_for_many_dates_stay_within_the_limit() {
    let topic = kafka().create_topic("memory", PARTITIONS).await;
    produce(&topic);
    let folder = tempfile::tempdir().expect("a folder");
    let (brokers, lake) = (&kafka().brokers, folder.path().display());
    let columns: String = (0..COLUMNS)
        .map(|column| format!(", {{ name: text_{column}, type: string }}"))
        .collect();
    let config = format!(
        r#"
name: memory
kafka: {{ brokers: "{brokers}" }}
lake: {{ url: "file://{lake}/golden", control: "file://{lake}/_sluicebox", file: {{ max_idle: 2s }} }}
topics:
  {topic}:
    table: db.t
    schema: {{ columns: [{{ name: id, type: int }}, {{ name: at, type: timestamp }}{columns}] }}
    event_time: {{ field: at }}
    dedup: {{ key: [id] }}
limits: {{ memory: {LIMIT_MIB}MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
    );
    let mut process = Sluicebox::start(&["run", "-c", "{config}"], &config, &[]);
    eventually("everything is committed", async || {
        let committed: i64 = partitions(&process)
            .iter()
            .filter_map(|partition| partition["committed"].as_i64())
            .sum();
        (committed >= i64::from(RECORDS)).then_some(())
    })
    .await;
    let peak_mib = process.peak_memory_bytes().expect("it runs") >> 20;
    process.terminate();
    assert_eq!(process.wait(END), 0, "{}", process.log());

    let rows = duckdb(&format!(
        "select count(distinct id) as n from read_parquet('{lake}/golden/db/t/**/*.parquet')"
    ));
    assert_eq!(rows[0]["n"], RECORDS);
    assert!(peak_mib <= LIMIT_MIB * 4 / 3, "{peak_mib} MiB");
}

fn partitions(process: &Sluicebox) -> Vec<Value> {
    let status = process.console("/api/v1/status");
    let status: Option<Value> = status.and_then(|(_, body)| serde_json::from_str(&body).ok());
    let status = status.unwrap_or_default();
    status["partitions"].as_array().cloned().unwrap_or_default()
}

/// Text that a dictionary does not shrink, as people's words.
fn produce(topic: &str) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut text = || {
        let words = (0..60).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            format!("{state:016x}")
        });
        words.collect::<Vec<_>>().join(" ")
    };
    for first in (0..RECORDS).step_by(1_000) {
        let values: Vec<(i32, String)> = (first..first + 1_000)
            .map(|id| {
                let texts: String = (0..COLUMNS)
                    .map(|column| format!(r#","text_{column}":"{}""#, text()))
                    .collect();
                let at = format!("2026-01-01T{:02}:00:00Z", id / PARTITIONS % 24);
                (id, format!(r#"{{"id":{id},"at":"{at}"{texts}}}"#))
            })
            .collect();
        kafka().produce(values.iter().map(|(id, value)| {
            BaseRecord::<[u8], [u8]>::to(topic)
                .partition(id % PARTITIONS)
                .payload(value.as_bytes())
        }));
    }
}
