//! A topic that is deleted and made anew under its old name.

use sluicebox_tests::harness::{eventually, kafka};

use super::{END, Pipeline, caught_up, places, produce, stopped};

/// A pipeline that has read ten records.
async fn with_ten_read(name: &str) -> (String, Pipeline) {
    let topic = kafka().create_topic(name, 1).await;
    produce(&topic, 0, 0..10);
    let pipeline = Pipeline::new(&topic).with_topic(&topic, "db.events", &[]);
    pipeline.complete_pass();
    (topic, pipeline)
}

/// Deletes a topic, and makes it anew with so many other records.
async fn make_anew(topic: &str, records: i64) {
    kafka().delete_topic(topic).await;
    eventually("the topic is made anew", async || {
        kafka().try_create_topic(topic, 1, &[]).await.ok()
    })
    .await;
    produce(topic, 0, 100..100 + records);
}

/// The new topic's offsets mean other records than the chain's: nothing of it is read, whether it
/// is shorter than the chain or has an offset wherever the chain has one, and the cure is named.
/// Under a new name of the pipeline it is read whole.
#[tokio::test]
async fn a_new_topic_of_an_old_name_halts() {
    for (name, records) in [("recreated-shorter", 5), ("recreated-longer", 20)] {
        let (topic, pipeline) = with_ten_read(name).await;
        make_anew(&topic, records).await;
        let mut pass = pipeline.pass();
        assert_eq!(pass.wait(END), 1, "{}", pass.log());
        for said in ["created again", "Give the pipeline a new `name`"] {
            assert!(pass.log().contains(said), "{}", pass.log());
        }
        assert_eq!(pipeline.ids("db/events"), (0..10).collect::<Vec<_>>());

        let renamed = Pipeline::new(&format!("{topic}-2")).with_topic(&topic, "db.events", &[]);
        renamed.complete_pass();
        assert_eq!(
            renamed.ids("db/events"),
            (100..100 + records).collect::<Vec<_>>()
        );
    }
}

/// The same under a service that runs, which learns of it late.
#[tokio::test]
async fn a_new_topic_under_a_running_service_halts() {
    let (topic, pipeline) = with_ten_read("recreated-running").await;
    let process = pipeline.run();
    caught_up(&process, 1).await;
    process.freeze();
    make_anew(&topic, 20).await;
    process.thaw();
    eventually("the partition halts", async || {
        places(&process)
            .values()
            .any(|place| place.halted)
            .then_some(())
    })
    .await;
    stopped(process);
    assert_eq!(pipeline.ids("db/events"), (0..10).collect::<Vec<_>>());
    pipeline.verify();
}
