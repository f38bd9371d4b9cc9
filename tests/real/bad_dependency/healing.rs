//! What heals while the process waits: it goes on by itself.

use sluicebox_tests::harness::Resource::{GroupPrefix, Topic};
use sluicebox_tests::harness::{Listener, Proxy, Right, kafka};

use super::{Pipeline, assert_says, produce, waits_and_says};
use crate::secrets::PASSWORD;

/// A broker that is down at the start is waited for, and read from once it is up.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_comes_up_is_read_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let topic = kafka().create_topic("broker-down", 1).await;
    produce(&topic);
    let broker = Proxy::down();
    let mut pipeline = Pipeline::new(&topic, folder.path());
    pipeline.kafka = format!("brokers: \"{}\"", broker.address());
    let words = ["no broker", &broker.address(), "kafka.brokers"];
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &words);
    let run = pipeline.run();
    waits_and_says(&run, &words).await;
    broker.forward(&kafka().brokers, |_| {});
    pipeline.catches_up(&run).await;
}

/// Topics that are missing, to read from and for dead letters, are waited for and used once they
/// are made.
#[tokio::test(flavor = "multi_thread")]
async fn topics_that_are_made_are_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let (topic, dead_letters) = ("made-late", "made-late-dlq");
    let mut pipeline = Pipeline::new(topic, folder.path());
    pipeline.dead_letter = format!("{{ topic: {dead_letters} }}");
    let words = ["topic made-late does not exist", "create it"];
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &words);
    assert!(
        said.contains("topic made-late-dlq does not exist"),
        "{said}"
    );
    let run = pipeline.run();
    waits_and_says(&run, &words).await;
    kafka().create_topic_with(topic, 1, &[]).await;
    produce(topic);
    waits_and_says(&run, &["topic made-late-dlq does not exist", "create it"]).await;
    kafka().create_topic_with(dead_letters, 1, &[]).await;
    pipeline.catches_up(&run).await;
    assert_eq!(kafka().records(dead_letters).len(), 1);
}

/// Every right that is missing is named, and used once it is granted: to see the topic, to join the
/// group, to read, to write dead letters.
#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_granted_are_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let topic = kafka().create_topic("forbidden", 1).await;
    let dead_letters = kafka().create_topic("forbidden-dlq", 1).await;
    produce(&topic);
    let mut pipeline = Pipeline::new(&topic, folder.path());
    pipeline.dead_letter = format!("{{ topic: {dead_letters} }}");
    pipeline.kafka = format!(
        "brokers: \"{}\", tls: {{ ca: {} }}, sasl: {{ mechanism: PLAIN, username: alice, password: \
         {PASSWORD} }}",
        kafka().brokers_at(Listener::SaslTls),
        kafka().certificates.authority().display()
    );
    let group = pipeline.group();
    for resource in [Topic(&topic), Topic(&dead_letters), GroupPrefix(&group)] {
        kafka().permit("nobody", Right::All, resource);
    }
    let run = pipeline.run();

    let unseen = format!("topic {topic} may not be read; grant DESCRIBE and READ");
    waits_and_says(&run, &[&unseen]).await;
    let (code, said) = pipeline.validate().await;
    assert!(code == Some(1) && said.contains(&unseen), "{said}");
    kafka().permit("alice", Right::Describe, Topic(&topic));

    let not_joined = format!("group {group} may not be joined; grant READ on the group");
    waits_and_says(&run, &[&not_joined]).await;
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{said}");
    let by_prefix = format!("groups that begin with {group}");
    assert_says(&said, &["may not be joined", &by_prefix]);
    kafka().permit("alice", Right::Read, GroupPrefix(&group));

    let unread = format!("reading {topic}[0] is not allowed: grant READ on the topic");
    waits_and_says(&run, &[&unread]).await;
    kafka().permit("alice", Right::Read, Topic(&topic));

    let unwritten = format!("topic {dead_letters} may not be written; grant WRITE");
    waits_and_says(&run, &[&unwritten]).await;
    let (code, said) = pipeline.validate().await;
    assert!(code == Some(1) && said.contains(&unwritten), "{said}");
    kafka().permit("alice", Right::Write, Topic(&dead_letters));

    pipeline.catches_up(&run).await;
    assert_eq!(kafka().records(&dead_letters).len(), 1);
}
