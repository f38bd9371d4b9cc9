//! Records without a value.

use rdkafka::Message;
use rdkafka::producer::BaseRecord;
use serde_json::Value;
use sluicebox_tests::harness::{duckdb, kafka};

use super::{Pipeline, completed, event};

/// A tombstone between two events, and one at the end.
fn produce_with_tombstones(topic: &str) {
    let (first, second) = (event(1), event(2));
    let record = |key: &'static [u8]| BaseRecord::to(topic).partition(0).key(key);
    kafka().produce([
        record(b"one").payload(first.as_bytes()),
        record(b"one"),
        record(b"two").payload(second.as_bytes()),
        record(b"two"),
    ]);
}

/// The one partition's counts, as the proof has them.
fn counts(pipeline: &Pipeline) -> Value {
    pipeline.verify()["partitions"][0]["counts"].clone()
}

/// Whatever is wished for tombstones, each has one fate and the proof counts it: passed over, a
/// reject with its key and without a value, or a row of nulls.
#[tokio::test]
async fn tombstones_are_accounted_for() {
    let topic = kafka().create_topic("tombstones", 1).await;
    let dead_letters = kafka().create_topic("tombstones-dlq", 1).await;
    produce_with_tombstones(&topic);
    let pipeline = |policy: &str, line: &str| {
        Pipeline::new(&format!("{topic}-{}", policy.replace('_', "-"))).with_topic(
            &topic,
            "db.events",
            &[&format!("tombstones: {policy}"), line],
        )
    };
    let to_topic = format!("dead_letter: {{ topic: {dead_letters} }}");
    let [skip, reject, write] = [
        pipeline("skip", ""),
        pipeline("dead_letter", &to_topic),
        pipeline("write", ""),
    ];
    let passes = [skip.pass(), reject.pass(), write.pass()];
    passes.into_iter().for_each(completed);

    assert_eq!(skip.ids("db/events"), [1, 2]);
    assert_eq!(skip.files("_quarantine"), [""; 0]);
    assert_eq!(
        (&counts(&skip)["golden"], &counts(&skip)["skipped"]),
        (&2.into(), &2.into())
    );

    assert_eq!(reject.ids("db/events"), [1, 2]);
    let rejects = duckdb(&format!(
        "select reason, decode(key) as key, value is null as no_value from {} order by key",
        reject.parquet("_quarantine")
    ));
    let expected = ["one", "two"]
        .map(|key| serde_json::json!({"reason": "tombstone", "key": key, "no_value": true}));
    assert_eq!(
        rejects.into_iter().map(Value::Object).collect::<Vec<_>>(),
        expected
    );
    let letters = kafka().records(&dead_letters);
    let letters: Vec<_> = letters.iter().map(|l| (l.key(), l.payload())).collect();
    assert_eq!(
        letters,
        [(Some(&b"one"[..]), None), (Some(&b"two"[..]), None)]
    );
    assert_eq!(counts(&reject)["rejected"], 2);

    assert_eq!(write.ids("db/events"), [-1, -1, 1, 2]);
    assert_eq!(counts(&write)["golden"], 4);
    for pipeline in [skip, reject, write] {
        pipeline.assert_no_lag(&topic);
    }
}
