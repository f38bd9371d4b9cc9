//! Several instances of one pipeline.

use sluicebox_tests::harness::{eventually, kafka};

use super::{Pipeline, committed, places, produce_all, stopped};

const PARTITIONS: i32 = 4;

/// Two instances share the partitions; when one is stopped the other takes over where it ended:
/// every record once, the proof holds.
async fn the_other_takes_over(name: &str, protocol: &str) {
    let topic = kafka().create_topic(name, PARTITIONS).await;
    let pipeline =
        Pipeline::new(&topic)
            .with_protocol(protocol)
            .with_topic(&topic, "db.events", &[]);
    let produce_to_all = |first: i64| {
        let partitions = (0..PARTITIONS).map(|partition| {
            let first = first + i64::from(partition) * 25;
            (topic.as_str(), partition, first..first + 25)
        });
        produce_all(&partitions.collect::<Vec<_>>());
    };
    produce_to_all(0);
    let (one, other) = (pipeline.run(), pipeline.run());
    eventually("both have partitions", async || {
        let shares = [places(&one).len(), places(&other).len()];
        (shares == [2, 2]).then_some(())
    })
    .await;
    produce_to_all(100);
    committed(&[&one, &other], 200).await;
    produce_to_all(200);
    stopped(one);
    committed(&[&other], 300).await;
    stopped(other);

    assert_eq!(pipeline.ids("db/events"), (0..300).collect::<Vec<_>>());
    pipeline.assert_no_lag(&topic);
    pipeline.verify();
}

/// See [`the_other_takes_over`]: cooperative-sticky, the members assign.
#[tokio::test]
async fn the_other_takes_over_classic() {
    the_other_takes_over("takeover-classic", "classic").await;
}

/// See [`the_other_takes_over`]: KIP-848, the broker assigns.
#[tokio::test]
async fn the_other_takes_over_consumer() {
    the_other_takes_over("takeover-consumer", "consumer").await;
}
