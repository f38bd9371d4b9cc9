//! Partitions that are added to a topic while it is read.

use sluicebox_tests::harness::{eventually, kafka};

use super::{Pipeline, caught_up, committed, places, produce, produce_all, stopped};

/// A partition that comes while the service runs is read from its first record, also where reading
/// starts at the end: what is written to it is new, however late the group hears of it.
async fn added_partitions_are_read_whole(name: &str, protocol: &str, start: &str) {
    let topic = kafka().create_topic(name, 1).await;
    produce(&topic, 0, 0..5);
    let pipeline = Pipeline::new(&topic)
        .with_protocol(protocol)
        .with_kafka(&format!("start: {start}"))
        .with_topic(&topic, "db.events", &[]);
    let process = pipeline.run();
    caught_up(&process, 1).await;
    kafka().add_partitions(&topic, 3).await;
    produce_all(&[(&topic, 1, 5..15), (&topic, 2, 15..20), (&topic, 0, 20..25)]);
    committed(&[&process], 25).await;
    stopped(process);

    let first = if start == "latest" { 5 } else { 0 };
    assert_eq!(pipeline.ids("db/events"), (first..25).collect::<Vec<_>>());
    pipeline.assert_no_lag(&topic);
    pipeline.verify();
}

/// Records that come while the group changes are not left out, though each change stops and resumes
/// what the client fetches at the end of the log.
#[tokio::test]
async fn changes_of_the_group_leave_nothing_out() {
    const CHANGES: usize = 5;
    let topic = kafka().create_topic("changes", 1).await;
    let pipeline =
        Pipeline::new(&topic)
            .with_protocol("classic")
            .with_topic(&topic, "db.events", &[]);
    let process = pipeline.run();
    caught_up(&process, 1).await;
    let mut written = 0;
    for partitions in 2..2 + CHANGES {
        kafka().add_partitions(&topic, partitions).await;
        eventually("the partition is taken", async || {
            produce(&topic, 0, written..written + 1);
            written += 1;
            (places(&process).len() == partitions).then_some(())
        })
        .await;
    }
    committed(&[&process], written).await;
    stopped(process);
    assert_eq!(pipeline.ids("db/events"), (0..written).collect::<Vec<_>>());
    pipeline.assert_no_lag(&topic);
    pipeline.verify();
}

/// See [`added_partitions_are_read_whole`].
#[tokio::test]
async fn added_partitions_are_read_from_earliest() {
    added_partitions_are_read_whole("added-earliest", "classic", "earliest").await;
}

/// See [`added_partitions_are_read_whole`].
#[tokio::test]
async fn added_partitions_are_read_from_latest() {
    added_partitions_are_read_whole("added-latest", "classic", "latest").await;
}

/// See [`added_partitions_are_read_whole`].
#[tokio::test]
async fn added_partitions_are_read_from_latest_consumer() {
    added_partitions_are_read_whole("added-consumer", "consumer", "latest").await;
}
