//! The whole promise on real servers: every flight of 2013 through Kafka into S3, killed again and
//! again, and DuckDB sees exactly what the CSV says.

mod log;
mod malformed;
mod judge;

use std::sync::Arc;
use std::time::Duration;

use sluicebox_pipeline::ports::LakeStore;
use sluicebox_tests::harness::{S3Identity, Sluicebox, eventually, kafka, s3};
use sluicebox_types::SystemClock;

use self::log::Log;

/// How often an instance is killed with SIGKILL.
const KILLS: usize = 10;
/// Time for a whole pass; it only ends a test that hangs.
const PASS: Duration = Duration::from_secs(900);

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
    let config = config(&topic, &dead_letters, &bucket);
    let store = store(&bucket);
    let log = Log::of_all_flights();
    let environment = s3().environment(S3Identity::Writer);

    let chunks = log.chunks(KILLS);
    for (round, chunk) in chunks.enumerate() {
        chunk.produce(kafka(), &topic);
        let before = commits(store.as_ref()).await;
        let run = || Sluicebox::start(&["run", "-c", "{config}"], &config, &environment);
        let mut instances = vec![run()];
        if round >= KILLS / 2 {
            instances.push(run());
        }
        // A different number of commits each time, so that the kill falls on different steps.
        let wanted = before + 1 + (round * 7) % 5;
        eventually("an instance commits", async || {
            (commits(store.as_ref()).await >= wanted).then_some(())
        })
        .await;
        for instance in &mut instances {
            instance.kill();
        }
    }
    let arguments = ["run", "-c", "{config}", "--until-end"];
    let mut last = Sluicebox::start(&arguments, &config, &environment);
    assert_eq!(last.wait(PASS), 0, "{}", last.log());

    judge::golden_equals_the_csv_twice(&bucket);
    judge::each_malformed_record_is_in_quarantine_once(&bucket, &log);
    judge::dead_letters_hold_each_malformed_record(&dead_letters, &log);
    judge::nothing_is_left_to_read(&topic);
    judge::verify_holds_then_names_what_is_broken(&config, &environment, &bucket, store.as_ref())
        .await;
}

async fn commits(store: &dyn LakeStore) -> usize {
    store
        .list_control("flights/", None, usize::MAX)
        .await
        .map_or(0, |paths| paths.len())
}

fn store(bucket: &str) -> Arc<dyn LakeStore> {
    let url = |name| format!("s3://{bucket}/{name}").parse().expect("a url");
    let settings = sluicebox_storage::StoreSettings {
        s3: s3().settings(S3Identity::Writer),
        ..sluicebox_storage::StoreSettings::at(url("golden"), url("_sluicebox"))
    };
    sluicebox_storage::open(&settings, Arc::new(SystemClock::new())).expect("a store")
}

fn config(topic: &str, dead_letters: &str, bucket: &str) -> String {
    let (brokers, endpoint) = (&kafka().brokers, &s3().endpoint);
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
name: flights
kafka:
  brokers: "{brokers}"
  session_timeout: 6s
lake:
  url: s3://{bucket}/golden
  control: s3://{bucket}/_sluicebox
  s3: {{ endpoint: "{endpoint}", allow_http: true }}
  partition_by: day
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
drain_timeout: 60s

"#
    )
}
