//! Where reading begins.

use rdkafka::producer::BaseRecord;
use sluicebox_tests::harness::kafka;

use super::{Pipeline, completed, event, produce};

/// 2026-01-01T00:00:00Z.
const FIRST_MILLIS: i64 = 1_767_225_600_000;

/// Ten records, a second apart.
fn produce_by_the_second(topic: &str) {
    let values: Vec<(i64, String)> = (0..10).map(|id| (id, event(id))).collect();
    kafka().produce(values.iter().map(|(id, value)| {
        BaseRecord::to(topic)
            .partition(0)
            .timestamp(FIRST_MILLIS + id * 1_000)
            .key(b"".as_slice())
            .payload(value.as_bytes())
    }));
}

/// Each way to start begins where it says. A later start goes on from the chain, whatever `start`
/// says by then, even if the group's offsets are gone.
#[tokio::test]
async fn each_start_is_obeyed_once() {
    let topic = kafka().create_topic("starts", 1).await;
    produce_by_the_second(&topic);
    let offsets = format!("{{ offsets: {{ {topic}: {{ 0: 7 }} }} }}");
    let starts = [
        ("earliest", 0),
        ("latest", 10),
        ("{ timestamp: '2026-01-01T00:00:03Z' }", 3),
        ("{ timestamp: '2026-01-01T00:00:03.001Z' }", 4),
        ("{ timestamp: '2027-01-01T00:00:00Z' }", 10),
        (offsets.as_str(), 7),
    ];
    let pipeline = |index: usize, start: &str| {
        Pipeline::new(&format!("{topic}-{index}"))
            .with_kafka(&format!("start: {start}"))
            .with_topic(&topic, "db.events", &[])
    };
    let pipelines = starts.iter().enumerate();
    let mut pipelines: Vec<_> = pipelines
        .map(|(index, (start, first))| (pipeline(index, start), *first))
        .collect();
    pass_all(&pipelines);
    for (pipeline, first) in &pipelines {
        let read = (*first..10).collect::<Vec<i64>>();
        assert_eq!(pipeline.ids("db/events"), read, "{}", pipeline.kafka);
    }

    produce(&topic, 0, 10..12);
    for (index, (pipeline, _)) in pipelines.iter_mut().enumerate() {
        kafka().delete_group(&pipeline.group()).await;
        let other = if index % 2 == 0 { "latest" } else { "earliest" };
        pipeline.kafka = format!("  start: {other}\n");
    }
    pass_all(&pipelines);
    for (index, (pipeline, first)) in pipelines.iter().enumerate() {
        let read = (*first..12).collect::<Vec<i64>>();
        assert_eq!(pipeline.ids("db/events"), read, "{}", starts[index].0);
        pipeline.assert_no_lag(&topic);
        pipeline.verify();
    }
}

fn pass_all(pipelines: &[(Pipeline, i64)]) {
    let passes: Vec<_> = pipelines
        .iter()
        .map(|(pipeline, _)| pipeline.pass())
        .collect();
    passes.into_iter().for_each(completed);
}

/// A start behind the end of the log is a mistake of the config: it is named, nothing is fixed by
/// it, and the corrected config is obeyed.
#[tokio::test]
async fn a_start_behind_the_end_is_refused() {
    let topic = kafka().create_topic("start-behind-end", 1).await;
    produce(&topic, 0, 0..10);
    let start = |offset: i64| format!("  start: {{ offsets: {{ {topic}: {{ 0: {offset} }} }} }}\n");
    let mut pipeline = Pipeline::new(&topic).with_topic(&topic, "db.events", &[]);
    pipeline.kafka = start(1_000);
    let mut pass = pipeline.pass();
    assert_eq!(pass.wait(super::END), 1, "{}", pass.log());
    assert!(pass.log().contains("`start`"), "{}", pass.log());
    pipeline.kafka = start(8);
    pipeline.complete_pass();
    assert_eq!(pipeline.ids("db/events"), [8, 9]);
}
