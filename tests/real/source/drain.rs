//! A stop by SIGTERM.

use sluicebox_tests::harness::{eventually, kafka};

use super::{Pipeline, places, produce_all, stopped};

/// What was read but not committed is committed at SIGTERM, however long files may stay open: exit
/// code 0, no lag, and the next start finds nothing to do.
#[tokio::test]
async fn sigterm_commits_what_was_read() {
    let topic = kafka().create_topic("drain", 2).await;
    produce_all(&[(&topic, 0, 0..60), (&topic, 1, 60..100)]);
    let pipeline = Pipeline::new(&topic).with_topic(
        &topic,
        "db.events",
        &["file: { max_age: 1h, max_idle: 1h }"],
    );
    let process = pipeline.run();
    eventually("everything is read, nothing committed", async || {
        let places = places(&process);
        let read: i64 = places.values().map(|place| place.position).sum();
        let committed: i64 = places.values().map(|place| place.committed).sum();
        (read == 100 && committed == 0).then_some(())
    })
    .await;
    assert_eq!(pipeline.files(""), [""; 0], "nothing is visible yet");
    stopped(process);

    let chains = || [pipeline.chain(&topic, 0), pipeline.chain(&topic, 1)];
    let after_the_stop = chains();
    assert_eq!(pipeline.ids("db/events"), (0..100).collect::<Vec<_>>());
    pipeline.assert_no_lag(&topic);
    pipeline.complete_pass();
    assert_eq!(chains(), after_the_stop, "nothing is read twice");
    pipeline.verify();
}
