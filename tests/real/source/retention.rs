//! Records that were deleted before they were read.

use serde_json::{Value, json};
use sluicebox_tests::harness::{eventually, kafka};

use super::{END, Pipeline, caught_up, committed, places, produce, stopped};

const CURE: &str = "kafka.retention_gap: skip_and_report";

/// A pipeline that has read ten records.
async fn with_ten_read(name: &str) -> (String, Pipeline) {
    let topic = kafka().create_topic(name, 1).await;
    produce(&topic, 0, 0..10);
    let pipeline = Pipeline::new(&topic).with_topic(&topic, "db.events", &[]);
    pipeline.complete_pass();
    (topic, pipeline)
}

/// Every gap on record in the chain of partition 0.
fn gaps(pipeline: &Pipeline, topic: &str) -> Vec<Value> {
    let chain = pipeline.chain(topic, 0).into_iter();
    let gaps = chain.filter_map(|record| record["gaps"].as_array().cloned());
    gaps.flatten().collect()
}

/// `halt` reads nothing behind the gap: the service waits with the cure on `/readyz`, a bounded
/// pass fails with it. `skip_and_report` goes on at the first record that is left, and the gap is
/// on record, so that the proof can count it.
#[tokio::test]
async fn a_gap_halts_or_is_reported() {
    let (topic, pipeline) = with_ten_read("gap").await;
    produce(&topic, 0, 10..20);
    kafka().delete_records(&topic, 0, 15).await;
    let mut pass = pipeline.pass();
    assert_eq!(pass.wait(END), 1, "{}", pass.log());
    assert!(pass.log().contains(CURE), "{}", pass.log());

    let process = pipeline.run();
    let (status, why) = eventually("the partition halts", async || {
        let halted = places(&process).values().any(|place| place.halted);
        process.console("/readyz").filter(|_| halted)
    })
    .await;
    assert!(status == 503 && why.contains(CURE), "{status}: {why}");
    assert!(why.contains("10 to 15"), "{why}");
    stopped(process);
    assert_eq!(pipeline.ids("db/events"), (0..10).collect::<Vec<_>>());

    let pipeline = pipeline.with_kafka("retention_gap: skip_and_report");
    pipeline.complete_pass();
    let left = (0..10).chain(15..20).collect::<Vec<_>>();
    assert_eq!(pipeline.ids("db/events"), left);
    assert_eq!(gaps(&pipeline, &topic), [json!({"start": 10, "end": 15})]);
    pipeline.assert_no_lag(&topic);
    assert_eq!(pipeline.verify()["partitions"][0]["lost"], 5);
}

/// A gap behind which nothing is left is put on record too, by a service that goes on running.
#[tokio::test]
async fn a_gap_at_the_end_is_recorded() {
    let (topic, pipeline) = with_ten_read("gap-at-end").await;
    produce(&topic, 0, 10..20);
    kafka().delete_records(&topic, 0, 20).await;
    let pipeline = pipeline.with_kafka("retention_gap: skip_and_report");
    let process = pipeline.run();
    committed(&[&process], 20).await;
    stopped(process);
    assert_eq!(gaps(&pipeline, &topic), [json!({"start": 10, "end": 20})]);
    pipeline.assert_no_lag(&topic);
    pipeline.verify();
}

/// Retention that overtakes a running service: it goes on at what is left, nothing twice, and what
/// was lost is on record.
#[tokio::test]
async fn a_gap_under_a_running_service_is_recorded() {
    let (topic, pipeline) = with_ten_read("gap-running").await;
    let pipeline = pipeline.with_kafka("retention_gap: skip_and_report");
    let process = pipeline.run();
    caught_up(&process, 1).await;
    process.freeze();
    // The first of them answer the request that is waiting, so they are read before the gap.
    produce(&topic, 0, 10..20);
    produce(&topic, 0, 20..90);
    kafka().delete_records(&topic, 0, 85).await;
    process.thaw();
    committed(&[&process], 90).await;
    stopped(process);

    let lost = gaps(&pipeline, &topic);
    let first_lost = lost[0]["start"].as_i64().expect("an offset");
    assert_eq!(lost, [json!({"start": first_lost, "end": 85})]);
    let read = (0..first_lost).chain(85..90).collect::<Vec<_>>();
    assert_eq!(pipeline.ids("db/events"), read);
    pipeline.assert_no_lag(&topic);
    pipeline.verify();
}
