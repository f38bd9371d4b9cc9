//! The whole promise on real servers: every flight of 2013 through Kafka into S3 and into HDFS, killed
//! again and again, and DuckDB sees exactly what the CSV says.

mod log;
mod malformed;
mod judge;

use std::sync::Arc;
use std::time::Duration;

use sluicebox_pipeline::ports::LakeStore;
use sluicebox_storage::{StoreSettings, open};
use sluicebox_tests::harness::{S3Identity, Sluicebox, eventually, hdfs, kafka, s3};
use sluicebox_types::SystemClock;

use self::log::Log;

/// How often an instance is killed with SIGKILL.
const KILLS: usize = 10;
/// The same on HDFS.
const KILLS_ON_HDFS: usize = 3;
/// Time for a whole pass; it only ends a test that hangs.
const PASS: Duration = Duration::from_secs(900);
/// The partitions of who is killed go after this time; who is to live keeps the default.
const SHORT_SESSION: &str = "  session_timeout: 6s\n";

/// All 336,776 flights twice, with repeats and malformed records, through ten kills, two instances
/// in the second half: golden equals the CSV row by row, each malformed record is in quarantine
/// exactly once with its reason, the proof holds, and then finds what is broken by hand.
#[tokio::test(flavor = "multi_thread")]
async fn every_flight_is_there_exactly_once_whatever_is_killed() {
    let (topic, dead_letters) = (
        kafka().create_topic("flights", 6).await,
        kafka().create_topic("flights-dlq", 1).await,
    );
    let bucket = s3().create_bucket();
    let config = config("flights", &topic, &dead_letters, &on_s3(&bucket));
    let store = store(&bucket);
    let log = Log::of_all_flights();
    let environment = s3().environment(S3Identity::Writer);

    let chunks = log.chunks(KILLS);
    for (round, chunk) in chunks.enumerate() {
        chunk.produce(kafka(), &topic);
        let before = commits("flights", store.as_ref()).await;
        let run = || Sluicebox::start(&["run", "-c", "{config}"], &config, &environment);
        let mut instances = vec![run()];
        if round >= KILLS / 2 {
            instances.push(run());
        }
        // A different number of commits each time, so that the kill falls on different steps.
        let wanted = before + 1 + (round * 7) % 5;
        eventually("an instance commits", async || {
            (commits("flights", store.as_ref()).await >= wanted).then_some(())
        })
        .await;
        for instance in &mut instances {
            instance.kill();
        }
    }
    let arguments = ["run", "-c", "{config}", "--until-end"];
    let config = config.replace(SHORT_SESSION, "");
    let mut last = Sluicebox::start(&arguments, &config, &environment);
    assert_eq!(last.wait(PASS), 0, "{}", last.log());

    let lake = tempfile::tempdir().expect("a folder");
    s3().download(&format!("{bucket}/golden"), lake.path());
    judge::golden_equals_the_csv_twice(lake.path());
    judge::each_malformed_record_is_in_quarantine_once(lake.path(), &log);
    judge::dead_letters_hold_each_malformed_record(&dead_letters, &log);
    judge::nothing_is_left_to_read("flights", &topic);
    judge::verify_holds_then_names_what_is_broken(&config, &environment, &bucket, store.as_ref())
        .await;
}

/// The same on HDFS in a shorter form: one instance, fewer kills.
#[tokio::test(flavor = "multi_thread")]
async fn every_flight_is_there_exactly_once_on_hdfs() {
    let name = "flights-on-hdfs";
    let topic = kafka().create_topic(name, 6).await;
    let dead_letters = kafka().create_topic("flights-on-hdfs-dlq", 1).await;
    let place = tokio::task::spawn_blocking(|| hdfs().free_folder());
    let place = place.await.expect("HDFS");
    let root = format!("hdfs://{}{place}", hdfs().name_node());
    let lake = format!("{{ url: {root}/golden, control: {root}/_sluicebox, partition_by: day }}");
    let config = config(name, &topic, &dead_letters, &lake);
    let url = |name| format!("{root}/{name}").parse().expect("a url");
    let settings = StoreSettings::at(url("golden"), url("_sluicebox"));
    let store = open(&settings, Arc::new(SystemClock::new())).expect("a store");
    let log = Log::of_all_flights();
    for chunk in log.chunks(KILLS_ON_HDFS) {
        chunk.produce(kafka(), &topic);
        let before = commits(name, store.as_ref()).await;
        let mut instance = Sluicebox::start(&["run", "-c", "{config}"], &config, &[]);
        eventually("the instance commits", async || {
            (commits(name, store.as_ref()).await > before).then_some(())
        })
        .await;
        instance.kill();
    }
    let arguments = ["run", "-c", "{config}", "--until-end"];
    let config = config.replace(SHORT_SESSION, "");
    let mut last = Sluicebox::start(&arguments, &config, &[]);
    assert_eq!(last.wait(PASS), 0, "{}", last.log());

    let lake = tempfile::tempdir().expect("a folder");
    hdfs().download(&format!("{place}/golden"), lake.path());
    judge::golden_equals_the_csv_twice(lake.path());
    judge::each_malformed_record_is_in_quarantine_once(lake.path(), &log);
    judge::dead_letters_hold_each_malformed_record(&dead_letters, &log);
    judge::nothing_is_left_to_read(name, &topic);
    let proof = Sluicebox::output(&["verify", "-c", "{config}"], &config, &[]);
    let said = String::from_utf8_lossy(&proof.stdout);
    assert_eq!(proof.status.code(), Some(0), "{said}");
}

async fn commits(pipeline: &str, store: &dyn LakeStore) -> usize {
    store
        .list_control(&format!("{pipeline}/"), None, usize::MAX)
        .await
        .map_or(0, |paths| paths.len())
}

fn store(bucket: &str) -> Arc<dyn LakeStore> {
    let url = |name| format!("s3://{bucket}/{name}").parse().expect("a url");
    let settings = StoreSettings {
        s3: s3().settings(S3Identity::Writer),
        ..StoreSettings::at(url("golden"), url("_sluicebox"))
    };
    open(&settings, Arc::new(SystemClock::new())).expect("a store")
}

fn on_s3(bucket: &str) -> String {
    let endpoint = &s3().endpoint;
    format!(
        "{{ url: s3://{bucket}/golden, control: s3://{bucket}/_sluicebox, partition_by: day, \
         s3: {{ endpoint: \"{endpoint}\", allow_http: true }} }}"
    )
}

fn config(name: &str, topic: &str, dead_letters: &str, lake: &str) -> String {
    let brokers = &kafka().brokers;
    let columns = log::COLUMNS
        .iter()
        .map(|(field, data_type, required)| {
            let name = log::column_of(field);
            format!(
                "        - {{ name: {name}, from: {field}, type: {data_type}, required: {required} }}\n"
            )
        })
        .collect::<String>();
    format!(
        r#"
name: {name}
kafka:
  brokers: "{brokers}"
{SHORT_SESSION}lake: {lake}
topics:
  {topic}:
    table: air.flights
    schema:
      columns:
{columns}
    event_time: {{ field: time_hour }}
    dedup: {{ key: [carrier, flight, time_hour], window: 60s }}
    dead_letter: {{ topic: {dead_letters} }}
    file: {{ max_rows: 5000, max_age: 5s, max_idle: 1s }}
limits: {{ memory: 512MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
drain_timeout: 10m

"#
    )
}
