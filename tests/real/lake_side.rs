//! The lake side end to end: flights through Kafka into S3 and HDFS with the crawler inside of
//! `run`, and engines that count them while ingestion goes on.

mod flights;
mod lag;
mod place;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::producer::BaseRecord;
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_tests::harness::{
    Answer, MetastoreVersion, Sluicebox, eventually, kafka, metastore, spark, start_engines, trino,
};

use self::flights::{Flight, flights};
use self::lag::Lag;
use self::place::Place;

/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(120);
/// How many parts the flights of a day come in.
const PARTS: usize = 3;
/// Of the first day, these flights come last.
const LATE: usize = 100;

/// Trino and Spark count the flights of each day right within seconds of a commit to S3: while days
/// come in, after a column was added, and after late records for an old day.
#[tokio::test(flavor = "multi_thread")]
async fn engines_count_right_while_a_lake_on_s3_grows() {
    println!("{}", engines_count_right(Place::s3()).await.figures());
}

/// The same on HDFS.
#[tokio::test(flavor = "multi_thread")]
async fn engines_count_right_while_a_lake_on_hdfs_grows() {
    let place = tokio::task::block_in_place(Place::hdfs);
    println!("{}", engines_count_right(place).await.figures());
}

async fn engines_count_right(place: Place) -> Scene {
    tokio::task::block_in_place(start_engines);
    let mut scene = Scene::new(place).await;
    let mut days = flights();
    let on_time = days[0].len() - LATE;
    let late = days[0].split_off(on_time);
    let (last, first) = days.split_last().expect("days");

    let process = scene.run("");
    for day in first {
        for part in day.chunks(day.len().div_ceil(PARTS)) {
            scene.add(part).await;
            scene.spark_counts_right();
        }
    }
    scene.end(process);

    let process = scene.run("        - { name: tailnum, type: string }\n");
    scene.add(last).await;
    scene.add(&late).await;
    scene.spark_counts_right();
    scene.tail_numbers_are_those_of_the_new_files(&[last.as_slice(), &late].concat());
    scene.end(process);
    scene
}

/// A topic, its lake, and what engines should count in it.
struct Scene {
    place: Place,
    topic: String,
    store: Arc<dyn LakeStore>,
    expected: BTreeMap<String, i64>,
    lag: Lag,
    calls: Calls,
}

impl Scene {
    async fn new(place: Place) -> Self {
        Self {
            topic: kafka().create_topic("lake-side", 1).await,
            store: place.store(),
            place,
            expected: BTreeMap::new(),
            lag: Lag::default(),
            calls: Calls::default(),
        }
    }

    /// For people; nothing is asserted.
    fn figures(&self) -> String {
        let (database, lag, calls) = (self.place.database(), &self.lag, &self.calls);
        format!(
            "{database}: from commit to visible in Trino: {lag}; the metastore was asked {calls}"
        )
    }

    /// Starts the service, with these columns more.
    fn run(&self, more_columns: &str) -> Sluicebox {
        let (brokers, metastore) = (&kafka().brokers, metastore(MetastoreVersion::V3).uri());
        let (topic, lake, database) = (&self.topic, self.place.lake(), self.place.database());
        let config = format!(
            r#"
name: lake-side
kafka: {{ brokers: "{brokers}", group_id: "{topic}" }}
lake: {{ {lake}, partition_by: day }}
topics:
  {topic}:
    table: {database}.flights
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
        Sluicebox::start(
            &["run", "-c", "{config}"],
            &config,
            &self.place.environment(),
        )
    }

    /// Ends the service, and adds up what it asked of the metastore.
    fn end(&mut self, mut process: Sluicebox) {
        self.calls.add(&process);
        process.terminate();
        assert_eq!(process.wait(END), 0, "{}", process.log());
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
            let count = || trino().query("hive", &self.place.count());
            // There is no table before the first crawl.
            let counted = tokio::task::block_in_place(count).ok()?;
            (by_day(&counted) == self.expected).then_some(())
        })
        .await;
        self.lag.end(committed);
    }

    fn spark_counts_right(&self) {
        // A session that lives long remembers which files a partition had: without this it counts
        // those of before.
        let refresh = format!("refresh table {}.flights", self.place.database());
        let answers = [refresh, self.place.count()].map(|statement| {
            let answer = spark().query(&statement);
            answer.unwrap_or_else(|error| panic!("{error:#}"))
        });
        assert_eq!(by_day(&answers[1]), self.expected);
    }

    /// Files from before the column have none.
    fn tail_numbers_are_those_of_the_new_files(&self, flights: &[Flight]) {
        let expected = i64::try_from(
            flights
                .iter()
                .filter(|flight| flight.has_tail_number)
                .count(),
        );
        let sql = format!(
            "select count(tailnum) from {}.flights",
            self.place.database()
        );
        for answer in [trino().query("hive", &sql), spark().query(&sql)] {
            let answer = answer.unwrap_or_else(|error| panic!("{error:#}"));
            assert_eq!(answer.rows[0][0].as_i64(), expected.ok());
        }
    }

    /// Records that the chain has, without the first, which covers nothing.
    async fn commits(&self) -> usize {
        let chain = format!("lake-side/{}/p00000/c/", self.topic);
        let records = self.store.list_control(&chain, None, usize::MAX).await;
        records.map_or(0, |records| records.len().saturating_sub(1))
    }
}

fn by_day(answer: &Answer) -> BTreeMap<String, i64> {
    let rows = answer.rows.iter();
    rows.filter_map(|row| Some((row[0].as_str()?.to_owned(), row[1].as_i64()?)))
        .collect()
}

/// What the service asked of the metastore, and how many files it was about.
#[derive(Debug, Default)]
struct Calls {
    requests: u64,
    files: u64,
}

impl Calls {
    fn add(&mut self, process: &Sluicebox) {
        self.requests += process.metric("sluicebox_catalog_operations_total", &[]);
        self.files += process.metric("sluicebox_files_published_total", &[]);
    }
}

impl std::fmt::Display for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let each = self.requests * 1_000 / self.files.max(1);
        write!(
            f,
            "{} times for {} files: {each} per 1,000",
            self.requests, self.files
        )
    }
}
