//! `run --until-end` beside another member of the group.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use sluicebox_tests::harness::{Sluicebox, eventually, kafka};

use super::{Pipeline, completed, places, produce_all};

/// A member that reads nothing to its end, as one that is dead without the group knowing it, has a
/// partition: the pass waits for it, gets the partition, and ends with everything.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_member_has_is_waited_for() {
    let topic = kafka().create_topic("bounded-pass", 2).await;
    produce_all(&[(&topic, 0, 0..25), (&topic, 1, 25..50)]);
    let pipeline =
        Pipeline::new(&topic)
            .with_protocol("classic")
            .with_topic(&topic, "db.events", &[]);
    let (consumer, is_done) = (
        idle_member(&pipeline.group(), &topic),
        AtomicBool::new(false),
    );
    let pass = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                drop(consumer.poll(Duration::from_millis(100)));
            }
        });
        let pass = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(pass_beside(&pipeline, &consumer))
        });
        is_done.store(true, Ordering::Release);
        pass
    });
    drop(consumer);
    completed(pass);
    assert_eq!(pipeline.ids("db/events"), (0..50).collect::<Vec<_>>());
    pipeline.assert_no_lag(&topic);
}

/// A pass that has read its own partition, and knows of the other.
async fn pass_beside(pipeline: &Pipeline, consumer: &BaseConsumer) -> Sluicebox {
    let assigned = || consumer.assignment().map_or(0, |list| list.count());
    eventually("the other is a member", async || {
        (assigned() == 2).then_some(())
    })
    .await;
    let pass = pipeline.pass();
    eventually("the pass waits for the other", async || {
        let waits = pass
            .log()
            .contains("waiting for other members of the group");
        (waits && places(&pass).len() == 1 && assigned() == 1).then_some(())
    })
    .await;
    pass
}

fn idle_member(group: &str, topic: &str) -> BaseConsumer {
    let mut config: ClientConfig = kafka().client_config();
    config
        .set("group.id", group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("enable.auto.commit", "false")
        .set("heartbeat.interval.ms", "500");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    consumer.subscribe(&[topic]).expect("subscribed");
    consumer
}
