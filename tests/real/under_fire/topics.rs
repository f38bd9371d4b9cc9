//! Topics that grow while they are read.

use sluicebox_tests::harness::{eventually, kafka};

use super::oracle::judge;
use super::stopped;
use super::world::World;

/// What is written between two changes.
const RECORDS_BETWEEN: i64 = 1_500;

/// Under load partitions are added to a topic, and a topic comes that the expression matches; at
/// each of both an instance is killed, and another one joins. What is new is read from its first
/// record.
async fn partitions_and_topics_come(mut world: World<'_>) {
    let late = format!("{}-late", world.topic);
    world.late_topics.push(late.clone());
    let load = world.load().in_background(i64::MAX);
    let mut one = world.run();
    load.goes_on(RECORDS_BETWEEN).await;

    kafka().add_partitions(&world.topic, 5).await;
    let mut load = load.stop();
    load.spread_to(&world.topic, 2..5);
    let load = load.in_background(i64::MAX);
    let mut other = world.run();
    one.kill();
    load.goes_on(RECORDS_BETWEEN).await;

    kafka()
        .create_topic_with(&late, 3, &[("retention.ms", "-1")])
        .await;
    let mut load = load.stop();
    load.spread_to(&late, 0..3);
    let load = load.in_background(i64::MAX);
    let last = world.run();
    other.kill();
    load.goes_on(RECORDS_BETWEEN).await;
    eventually("the new topic is read", async || {
        let committed = kafka().committed_offsets(&world.group(), &late);
        committed.iter().all(Option::is_some).then_some(())
    })
    .await;

    let load = load.stop();
    world.catches_up().await;
    stopped(last);
    judge(&world, &load);
}

/// See [`partitions_and_topics_come`]: members match topics themselves.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_and_topics_come_classic() {
    let world = World::on_disk(kafka(), "growing-classic", 2).await;
    let world = world
        .with_protocol("classic")
        .with_kafka("discovery_interval: 1s");
    partitions_and_topics_come(world).await;
}

/// See [`partitions_and_topics_come`]: the broker matches topics.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_and_topics_come_consumer() {
    let world = World::on_disk(kafka(), "growing-consumer", 2).await;
    partitions_and_topics_come(world.with_protocol("consumer")).await;
}
