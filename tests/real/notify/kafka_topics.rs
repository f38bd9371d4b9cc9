use std::time::Duration;

use rdkafka::Message;
use rdkafka::message::Headers as _;
use sluicebox_events::{Event, parse_kafka};
use sluicebox_tests::harness::{eventually, kafka};

use super::lake::Lake;

fn events(topic: &str) -> Vec<Event> {
    let messages = kafka().records(topic);
    let event = messages.iter().map(|message| {
        let headers = message.headers().expect("headers");
        let headers = headers
            .iter()
            .map(|header| (header.key, header.value.unwrap_or_default()));
        let event = parse_kafka(headers, message.payload().unwrap_or_default());
        let event = event.expect("an event");
        assert_eq!(
            message.key(),
            Some(event.attributes.partitionkey.as_bytes())
        );
        event
    });
    event.collect()
}

/// Topics are told every file once and in order, in both modes, keyed by the table; a topic that
/// does not exist holds up neither the other target nor ingestion.
#[tokio::test(flavor = "multi_thread")]
async fn topics_are_told() {
    let mut lake = Lake::new("notify-topics").await;
    let structured = kafka().create_topic("notify-structured", 3).await;
    let binary = kafka().create_topic("notify-binary", 1).await;
    lake.notify = format!(
        "[{{ kafka: {{ topic: {structured} }} }}, {{ kafka: {{ topic: {binary}, mode: binary }} }}, \
         {{ kafka: {{ topic: none-of-this-name }} }}]"
    );
    let mut process = lake.run(&[]);
    lake.produce().await;
    for topic in [&structured, &binary] {
        eventually("the topic is told", async || {
            lake.is_told(&events(topic)).then_some(())
        })
        .await;
        lake.assert_told(&events(topic));
    }
    assert_eq!(
        process.console("/readyz").map(|(status, _)| status),
        Some(200)
    );
    process.terminate();
    assert_eq!(
        process.wait(Duration::from_secs(60)),
        0,
        "{}",
        process.log()
    );
}
