//! A backlog with more dates than memory likes.

use rdkafka::producer::BaseRecord;
use serde_json::Value;
use sluicebox_tests::harness::{Sluicebox, duckdb, eventually, kafka};
use tempfile::TempDir;

use super::{length, stopped, tell};

/// 2025-01-01T00:00:00Z.
const FIRST_DAY: i64 = 1_735_689_600_000;
const DAY_MILLIS: i64 = 86_400_000;
/// Rows of each partition for each date.
const ROWS: i64 = 4;
const PRODUCED_AT_ONCE: u16 = 50_000;

/// How much there is, and how much memory for it.
#[derive(Clone, Copy, Debug)]
struct Shape {
    partitions: i32,
    dates: i64,
    memory_mib: u64,
}

const SHAPE: Shape = Shape {
    partitions: 50,
    dates: 60,
    memory_mib: 256,
};
/// From twice the ordinary length on.
const LARGE_SHAPE: Shape = Shape {
    partitions: 200,
    dates: 300,
    memory_mib: 512,
};

/// Every Kafka partition has rows for every date, one after the other: as many files that would all
/// like to be open as there are pairs. An instance with a hard limit of memory is killed in the middle
/// of it, and another one comes to its end: all rows are there, each in its date, and neither was ever
/// above the limit.
#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_many_dates_stays_within_memory() {
    let shape = if length() > 1 { LARGE_SHAPE } else { SHAPE };
    let topic = kafka().create_topic("backlog", shape.partitions).await;
    let folder = tempfile::tempdir().expect("a folder");
    for first in (0..shape.records()).step_by(usize::from(PRODUCED_AT_ONCE)) {
        shape.produce(&topic, first);
    }
    let config = shape.config(&topic, &folder);
    let run =
        || Sluicebox::start_within(shape.memory_mib << 20, &["run", "-c", "{config}"], &config);

    let mut first = run();
    let a_third = shape.records() / 3;
    committed(&first, a_third).await;
    shape.assert_within_memory(&first);
    first.kill();
    let second = run();
    committed(&second, shape.records()).await;
    shape.assert_within_memory(&second);
    stopped(second);
    shape.judge(&topic, &config, &folder);
}

impl Shape {
    fn records(self) -> i64 {
        i64::from(self.partitions) * self.dates * ROWS
    }

    /// The next records: number n is for partition n modulo their count, and each partition goes
    /// from date to date.
    fn produce(self, topic: &str, first: i64) {
        let partitions = i64::from(self.partitions);
        let last = self.records().min(first + i64::from(PRODUCED_AT_ONCE));
        let values: Vec<(i32, String)> = (first..last)
            .map(|id| {
                let partition = i32::try_from(id % partitions).expect("small");
                (partition, self.value(id))
            })
            .collect();
        kafka().produce(values.iter().map(|(partition, value)| {
            BaseRecord::<[u8], [u8]>::to(topic)
                .partition(*partition)
                .payload(value.as_bytes())
        }));
    }

    fn value(self, id: i64) -> String {
        let date = id / i64::from(self.partitions) % self.dates;
        let at = FIRST_DAY + date * DAY_MILLIS + id % DAY_MILLIS;
        format!(r#"{{"id":{id},"at":{at},"date":{date},"name":"number {id}","price":{id}.5}}"#)
    }

    /// `limits.memory` is what a process takes by itself where it finds such a limit: three quarters.
    fn config(self, topic: &str, folder: &TempDir) -> String {
        let (brokers, lake) = (&kafka().brokers, folder.path().display());
        let memory_mib = self.memory_mib / 4 * 3;
        format!(
            r#"
name: {topic}
kafka: {{ brokers: "{brokers}", session_timeout: 6s }}
lake: {{ url: "file://{lake}/golden", control: "file://{lake}/_sluicebox", partition_by: day }}
topics:
  {topic}:
    table: db.t
    schema:
      columns:
        - {{ name: id, type: bigint }}
        - {{ name: at, type: timestamp(millis) }}
        - {{ name: date, type: int }}
        - {{ name: name, type: string }}
        - {{ name: price, type: double }}
    event_time: {{ field: at }}
    dedup: {{ key: [id] }}
    file: {{ max_idle: 2s }}
limits: {{ memory: {memory_mib}MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
        )
    }

    /// The limit is enforced by the operating system, on what a process may write to. What it holds
    /// of that and of all else is looked at beside.
    fn assert_within_memory(self, instance: &Sluicebox) {
        let peak_mib = instance.peak_memory_bytes().expect("it runs") >> 20;
        tell(&format!("peak {peak_mib} MiB of {} MiB", self.memory_mib));
        assert!(peak_mib <= self.memory_mib, "{peak_mib} MiB");
    }

    fn judge(self, topic: &str, config: &str, folder: &TempDir) {
        let rows = duckdb(&format!(
            "select count(*) as rows, count(distinct id) as ids, count(distinct dt) as dates, \
             count(*) filter (dt <> strftime(date '2025-01-01' + \"date\", '%Y-%m-%d')) as elsewhere \
             from read_parquet('{}/golden/db/t/**/*.parquet', hive_partitioning=true, \
             hive_types_autocast=false)",
            folder.path().display()
        ));
        let found = ["rows", "ids", "dates", "elsewhere"].map(|name| rows[0][name].as_i64());
        let records = self.records();
        assert_eq!(found, [records, records, self.dates, 0].map(Some));
        let group = format!("sluicebox-{topic}");
        assert_eq!(
            kafka().committed_offsets(&group, topic),
            kafka().log_ends(topic)
        );
        let proof = Sluicebox::output(&["verify", "--json", "-c", "{config}"], config, &[]);
        let said = String::from_utf8_lossy(&proof.stdout);
        assert_eq!(proof.status.code(), Some(0), "{said}");
        let report: Value = serde_json::from_str(&said).expect("JSON");
        let proofs = report["partitions"].as_array().expect("partitions");
        let golden = proofs.iter().map(|proof| &proof["counts"]["golden"]);
        assert_eq!(golden.filter_map(Value::as_i64).sum::<i64>(), records);
    }
}

/// Waits until an instance's partitions are committed up to so many records in all, as long as there
/// is progress.
async fn committed(instance: &Sluicebox, records: i64) {
    let committed = || -> i64 {
        let log = instance.log();
        assert!(!log.contains("memory allocation of"), "{log}");
        let status = instance.console("/api/v1/status");
        let status: Option<Value> = status.and_then(|(_, body)| serde_json::from_str(&body).ok());
        let status = status.unwrap_or_default();
        let partitions = status["partitions"].as_array().into_iter().flatten();
        let committed = partitions.filter_map(|partition| partition["committed"].as_i64());
        committed.sum()
    };
    let mut seen = 0;
    while seen < records {
        seen = eventually("more is committed", async || {
            Some(committed()).filter(|now| *now > seen)
        })
        .await;
    }
}
