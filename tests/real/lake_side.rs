//! The lake side end to end: flights through Kafka into S3 with the crawler inside of `run`, and
//! engines that count them while ingestion goes on.

mod flights;
mod lag;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::producer::BaseRecord;
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_tests::harness::{
    Answer, MetastoreVersion, S3Identity, Sluicebox, eventually, kafka, metastore, s3, spark,
    start_engines, trino,
};
use sluicebox_types::SystemClock;

use self::flights::{Flight, flights};
use self::lag::Lag;

/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(120);
/// How many parts the flights of a day come in.
const PARTS: usize = 3;
/// Of the first day, these flights come last.
const LATE: usize = 100;

/// Trino and Spark count the flights of each day right within seconds of a commit: while days come
/// in, after a column was added, and after late records for an old day.
#[tokio::test(flavor = "multi_thread")]
async fn engines_count_right_while_the_lake_grows() {
    start_engines();
    let mut scene = Scene::new().await;
    let mut days = flights();
    let on_time = days[0].len() - LATE;
    let late = days[0].split_off(on_time);
    let (last, first) = days.split_last().expect("days");

    let mut process = scene.run("");
    for day in first {
        for part in day.chunks(day.len().div_ceil(PARTS)) {
            scene.add(part).await;
            scene.spark_counts_right();
        }
    }
    process.terminate();
    assert_eq!(process.wait(END), 0, "{}", process.log());

    let mut process = scene.run("        - { name: tailnum, type: string }\n");
    scene.add(last).await;
    scene.add(&late).await;
    scene.spark_counts_right();
    scene.tail_numbers_are_those_of_the_new_files(&[last.as_slice(), &late].concat());
    process.terminate();
    assert_eq!(process.wait(END), 0, "{}", process.log());
    println!("from commit to visible in Trino: {}", scene.lag);
}

/// A topic, its lake, and what engines should count in it.
struct Scene {
    topic: String,
    bucket: String,
    store: Arc<dyn LakeStore>,
    expected: BTreeMap<String, i64>,
    lag: Lag,
}

impl Scene {
    async fn new() -> Self {
        let bucket = s3().create_bucket();
        let url = |name| format!("s3://{bucket}/{name}").parse().expect("a URL");
        let settings = sluicebox_storage::StoreSettings {
            s3: s3().settings(S3Identity::Writer),
            ..sluicebox_storage::StoreSettings::at(url("golden"), url("_sluicebox"))
        };
        let store = sluicebox_storage::open(&settings, Arc::new(SystemClock::new()));
        Self {
            topic: kafka().create_topic("lake-side", 1).await,
            bucket,
            store: store.expect("a store"),
            expected: BTreeMap::new(),
            lag: Lag::default(),
        }
    }

    /// Starts the service, with these columns more.
    fn run(&self, more_columns: &str) -> Sluicebox {
        let (brokers, metastore) = (&kafka().brokers, metastore(MetastoreVersion::V3).uri());
        let Self { topic, bucket, .. } = self;
        let config = format!(
            r#"
name: lake-side
kafka: {{ brokers: "{brokers}" }}
lake: {{ url: "s3://{bucket}/golden", control: "s3://{bucket}/_sluicebox", partition_by: day }}
topics:
  {topic}:
    table: lake_side.flights
    schema:
      columns:
        - {{ name: carrier, type: string }}
        - {{ name: flight, type: int }}
        - {{ name: time_hour, type: timestamp }}
{more_columns}    event_time: {{ field: time_hour }}
    dedup: off
    file: {{ max_age: 1s, max_idle: 1s }}
catalog: {{ hive: {{ uri: "{metastore}" }} }}
crawler: {{ coalesce: 100ms }}
limits: {{ memory: 256MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
        );
        let environment = s3().environment(S3Identity::Writer);
        Sluicebox::start(&["run", "-c", "{config}"], &config, &environment)
    }

    /// Produces flights, and waits until they are committed, then until Trino counts right.
    async fn add(&mut self, flights: &[Flight]) {
        let before = self.commits().await;
        kafka().produce(flights.iter().map(|flight| {
            BaseRecord::to(&self.topic)
                .key(b"".as_slice())
                .payload(flight.json.as_bytes())
        }));
        for flight in flights {
            *self.expected.entry(flight.day.clone()).or_default() += 1;
        }
        eventually("a commit", async || {
            (self.commits().await > before).then_some(())
        })
        .await;
        let committed = self.lag.begin();
        eventually("Trino counts right", async || {
            // There is no table before the first crawl.
            let counted = tokio::task::block_in_place(|| trino().query("hive", COUNT)).ok()?;
            (by_day(&counted) == self.expected).then_some(())
        })
        .await;
        self.lag.end(committed);
    }

    fn spark_counts_right(&self) {
        // A session that lives long remembers which files a partition had: without this it counts
        // those of before.
        for statement in ["refresh table lake_side.flights", COUNT] {
            let answer = spark()
                .query(statement)
                .unwrap_or_else(|error| panic!("{error:#}"));
            assert!(
                statement != COUNT || by_day(&answer) == self.expected,
                "{answer:?}"
            );
        }
    }

    /// Files from before the column have none.
    fn tail_numbers_are_those_of_the_new_files(&self, flights: &[Flight]) {
        let expected = i64::try_from(
            flights
                .iter()
                .filter(|flight| flight.has_tail_number)
                .count(),
        );
        let sql = "select count(tailnum) from lake_side.flights";
        for answer in [trino().query("hive", sql), spark().query(sql)] {
            let answer = answer.unwrap_or_else(|error| panic!("{error:#}"));
            assert_eq!(answer.rows[0][0].as_i64(), expected.ok());
        }
    }

    async fn commits(&self) -> usize {
        let paths = self
            .store
            .list_control("lake-side/", None, usize::MAX)
            .await;
        paths.map_or(0, |paths| paths.len())
    }
}

const COUNT: &str = "select dt, count(*) from lake_side.flights group by dt";

fn by_day(answer: &Answer) -> BTreeMap<String, i64> {
    let rows = answer.rows.iter();
    rows.filter_map(|row| Some((row[0].as_str()?.to_owned(), row[1].as_i64()?)))
        .collect()
}
