//! Which topics are read, and into which tables.

use sluicebox_tests::harness::kafka;

use super::{Pipeline, caught_up, committed, produce, produce_all, stopped};

/// Makes topics whose names begin with `prefix` and a dot.
async fn topics(prefix: &str, names: &[&str]) {
    for name in names {
        kafka()
            .create_topic_with(&format!("{prefix}.{name}"), 1, &[])
            .await;
    }
}

/// A pipeline that reads every topic below `prefix`, one of them by its name.
fn pipeline(prefix: &str) -> Pipeline {
    Pipeline::new(prefix)
        .with_topic(&format!(r"^{prefix}\."), "raw.{topic}", &[])
        .with_topic(&format!("{prefix}.named"), "db.named", &[])
}

/// Each topic that an expression matches has a table of its own, a name wins over an expression,
/// and a topic that comes while the service runs is read from its first record, without a restart,
/// even where reading starts at the end.
async fn topics_come_and_are_read(prefix: &str, protocol: &str) {
    topics(prefix, &["a", "b", "named"]).await;
    let pipeline = pipeline(prefix)
        .with_protocol(protocol)
        .with_kafka("start: latest");
    let process = pipeline.run();
    caught_up(&process, 3).await;
    let [a, b, named] = ["a", "b", "named"].map(|name| format!("{prefix}.{name}"));
    produce_all(&[(&a, 0, 0..10), (&b, 0, 10..30), (&named, 0, 30..35)]);
    topics(prefix, &["late"]).await;
    produce(&format!("{prefix}.late"), 0, 35..40);
    committed(&[&process], 40).await;
    stopped(process);

    let table = |name: &str| pipeline.ids(&format!("raw/{}_{name}", prefix.replace('-', "_")));
    assert_eq!(table("a"), (0..10).collect::<Vec<_>>());
    assert_eq!(table("b"), (10..30).collect::<Vec<_>>());
    assert_eq!(table("late"), (35..40).collect::<Vec<_>>());
    assert_eq!(table("named"), [0; 0], "the name wins");
    assert_eq!(pipeline.ids("db/named"), (30..35).collect::<Vec<_>>());
    pipeline.verify();
}

/// See [`topics_come_and_are_read`]: members match topics themselves.
#[tokio::test]
async fn topics_of_an_expression_are_read_classic() {
    topics_come_and_are_read("expression-classic", "classic").await;
}

/// See [`topics_come_and_are_read`]: the broker matches topics.
#[tokio::test]
async fn topics_of_an_expression_are_read_consumer() {
    topics_come_and_are_read("expression-consumer", "consumer").await;
}
