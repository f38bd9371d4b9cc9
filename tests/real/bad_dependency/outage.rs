//! Servers that go away in the middle of the work, and come back.

use std::collections::BTreeSet;

use rdkafka::Message;
use rdkafka::message::{Headers, OwnedMessage};
use sluicebox_tests::harness::{Kafka, S3, S3Identity, eventually};

use super::{Pipeline, produce_at, waits_and_says};

/// The store goes, then the broker, while records are on their way; both are named, and once they
/// are back every record is where it belongs, once, without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn servers_that_come_back_are_gone_on_with() {
    let (kafka, s3) = tokio::join!(
        tokio::task::spawn_blocking(Kafka::start),
        tokio::task::spawn_blocking(S3::start)
    );
    let (kafka, mut s3) = (kafka.expect("Kafka"), s3.expect("S3"));
    let topic = kafka.create_topic("outage", 1).await;
    let dead_letters = kafka.create_topic("outage-dlq", 1).await;
    let mut pipeline = Pipeline::new(&topic, std::path::Path::new("/"))
        .in_bucket(&s3.create_bucket(), s3.environment(S3Identity::Writer));
    pipeline.kafka = format!("brokers: \"{}\"", kafka.brokers);
    pipeline.s3 = format!("endpoint: \"{}\"", s3.endpoint);
    pipeline.dead_letter = format!("{{ topic: {dead_letters} }}");
    produce_at(&kafka, &topic);
    let run = pipeline.run();
    is_committed(&kafka, &pipeline).await;

    s3.kill();
    produce_at(&kafka, &topic);
    waits_and_says(&run, &["store", "S3 cannot be reached"]).await;
    kafka.kill();
    waits_and_says(&run, &["no broker", "S3 cannot be reached"]).await;
    s3.restart();
    kafka.restart();
    produce_at(&kafka, &topic);
    is_committed(&kafka, &pipeline).await;

    assert_eq!(run.console("/readyz").map(|(status, _)| status), Some(200));
    // What was not committed when the group lost its broker is read again, and told again.
    let letters = kafka.records(&dead_letters);
    let told: BTreeSet<_> = letters.iter().filter_map(source_offset).collect();
    assert_eq!(told, BTreeSet::from(["1", "4", "7"].map(str::to_owned)));
    drop(run);
    let (code, said) = pipeline.verify().await;
    assert_eq!(code, Some(0), "{said}");
    let fates = "9 read = 6 golden + 3 rejected";
    assert!(said.contains(fates), "`{fates}` is not in: {said}");
}

fn source_offset(letter: &OwnedMessage) -> Option<String> {
    let mut headers = letter.headers()?.iter();
    let offset = headers.find(|header| header.key == "__connect.errors.offset")?;
    String::from_utf8(offset.value?.to_vec()).ok()
}

async fn is_committed(kafka: &Kafka, pipeline: &Pipeline) {
    eventually("everything is committed", async || {
        let committed = kafka.committed_offsets(&pipeline.group(), &pipeline.topic);
        (committed == kafka.log_ends(&pipeline.topic)).then_some(())
    })
    .await;
}
