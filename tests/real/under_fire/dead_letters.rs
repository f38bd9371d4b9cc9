//! Dead letters that their topic does not take.

use sluicebox_tests::harness::Resource::Topic;
use sluicebox_tests::harness::{Listener, Right, eventually, kafka};

use super::oracle::judge;
use super::stopped;
use super::world::World;

const PARTITIONS: i32 = 3;

/// While dead letters cannot be sent, nothing of their ranges is committed or visible, and a crash
/// changes nothing of that. Once they can, each is told, and all the rest is where it belongs.
async fn dead_letters_are_waited_for(world: &World<'_>, why: &str, heal: impl AsyncFnOnce()) {
    let mut load = world.load();
    load.write(400);
    let mut first = world.run();
    says(&first, why).await;
    first.kill();
    load.write(400);
    let second = world.run();
    says(&second, why).await;
    let begun = usize::try_from(PARTITIONS).expect("small");
    assert_eq!(world.commits().await, begun, "chains are begun, no more");

    heal().await;
    world.catches_up().await;
    stopped(second);
    judge(world, &load);
}

async fn says(instance: &sluicebox_tests::harness::Sluicebox, why: &str) {
    eventually(why, async || {
        let (status, said) = instance.console("/readyz")?;
        (status == 503 && said.contains(why)).then_some(())
    })
    .await;
}

/// See [`dead_letters_are_waited_for`].
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_topic_that_is_missing_is_waited_for() {
    let world = World::on_disk(kafka(), "no-dlq", PARTITIONS).await;
    let dead_letters = world.dead_letters.clone();
    kafka().delete_topic(&dead_letters).await;
    let why = format!("topic {dead_letters} does not exist");
    let forever = [("retention.ms", "-1")];
    dead_letters_are_waited_for(&world, &why, async || {
        eventually("the topic is made", async || {
            let made = kafka().try_create_topic(&dead_letters, 1, &forever).await;
            made.ok()
        })
        .await;
    })
    .await;
}

/// See [`dead_letters_are_waited_for`].
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_topic_that_may_not_be_written_is_waited_for() {
    let mut world = World::on_disk(kafka(), "denied-dlq", PARTITIONS).await;
    world.brokers = kafka().brokers_at(Listener::SaslPlaintext);
    let world = world
        .with_kafka("sasl: { mechanism: SCRAM-SHA-512, username: alice, password: alice-secret }")
        .with_kafka("allow_plaintext_sasl: true");
    let dead_letters = world.dead_letters.clone();
    kafka().permit("nobody", Right::All, Topic(&dead_letters));
    kafka().permit("alice", Right::Describe, Topic(&dead_letters));
    let why = format!("topic {dead_letters} may not be written; grant WRITE");
    dead_letters_are_waited_for(&world, &why, async || {
        kafka().permit("alice", Right::Write, Topic(&dead_letters));
    })
    .await;
}

/// Dead letters that are too large for their topic with all their headers are told without, through
/// a crash in the middle.
#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_that_are_too_large_are_told() {
    let mut world = World::on_disk(kafka(), "large-dlq", PARTITIONS).await;
    world.dead_letters = format!("{}-small", world.dead_letters);
    let small = [("max.message.bytes", "250"), ("retention.ms", "-1")];
    kafka()
        .create_topic_with(&world.dead_letters, 1, &small)
        .await;
    let load = world.load().in_background(i64::MAX);
    let mut first = world.run();
    let begun = usize::try_from(PARTITIONS).expect("small");
    eventually("some are told", async || {
        (world.commits().await > 2 * begun).then_some(())
    })
    .await;
    first.kill();
    let second = world.run();
    load.goes_on(1_000).await;
    let load = load.stop();
    world.catches_up().await;
    stopped(second);
    judge(&world, &load);
}
