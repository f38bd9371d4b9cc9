use rdkafka::Message;
use rdkafka::producer::BaseRecord;
use serde_json::json;
use sluicebox_tests::harness::{Sluicebox, eventually, kafka};

use super::World;
use super::world::V1;

const FILES_COMMITTED: &str = "io.sluicebox.partition.files_committed.v1";

/// A service that looks by itself once a day only, started over an empty lake.
async fn service(world: &World, crawler: &str) -> Sluicebox {
    let crawler = format!("scan: {{ every: 24h }}, {crawler}");
    let service = world.start(&["crawler", "run", "-c", "{config}"], V1, &crawler);
    eventually("the service listens", async || {
        service.console("/readyz").filter(|(code, _)| *code == 200)
    })
    .await;
    service
}

/// The pipeline tells a topic, and the crawler of another process reads it. What is of no use to it
/// is counted and holds up nothing; what comes twice is looked at twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_tells_another_process() {
    let world = World::new().await;
    let topic = kafka().create_topic("lake-events", 1).await;
    let useless = [
        "not an event".to_owned(),
        event("io.sluicebox.partition.files_committed.v2", "x"),
        event("com.example.something", "x"),
        event(FILES_COMMITTED, "s3://elsewhere/air/flights"),
        event(FILES_COMMITTED, &"x".repeat(256 * 1024)),
    ];
    kafka().produce(useless.iter().map(|event| {
        BaseRecord::to(&topic)
            .key(b"".as_slice())
            .payload(event.as_bytes())
    }));
    let service = service(&world, &format!("events_topic: {topic}")).await;
    world.produce(&[3]);
    let told = World {
        notify: format!("notify: [{{ kafka: {{ topic: {topic} }} }}]"),
        ..world
    };
    told.run(V1, "run_inside: false");
    eventually("the partition is there", async || {
        told.catalog_answers().await?;
        (told.rows().await == [("dt=2013-01-01/hour=03".to_owned(), 1)]).then_some(())
    })
    .await;

    let events = kafka().records(&topic);
    let good = events.last().and_then(Message::payload).expect("an event");
    kafka().produce([BaseRecord::to(&topic).key(b"".as_slice()).payload(good)]);
    eventually("everything is counted", async || {
        let crawls = ["changed", "unchanged"].map(|outcome| {
            service.metric("sluicebox_crawler_crawls_total", &[("outcome", outcome)])
        });
        let outcomes = [
            "malformed",
            "unknown_version",
            "unknown_type",
            "not_configured",
            "too_large",
            "taken",
        ];
        (crawls == [1, 1]
            && outcomes.map(|outcome| events_of(&service, outcome)) == [1, 1, 1, 1, 1, 2])
        .then_some(())
    })
    .await;
}

/// Our own webhooks tell it as well, in both modes.
#[tokio::test(flavor = "multi_thread")]
async fn webhooks_tell_another_process() {
    let mut world = World::new().await;
    let service = service(&world, "").await;
    let port = service.console_port().expect("it listens");
    for (hour, mode) in [(3, "binary"), (4, "structured")] {
        world.notify = format!(
            "notify: [{{ name: {mode}, webhook: {{ url: 'http://127.0.0.1:{port}/events', mode: {mode} }} }}]"
        );
        world.produce(&[hour]);
        world.run(V1, "run_inside: false");
        eventually("the partition is there", async || {
            let partitions = world.catalog_answers().await?;
            (partitions == usize::from(hour) - 2).then_some(())
        })
        .await;
    }
}

/// S3 says which object is new; nonsense before it is answered, counted, and holds nobody.
#[tokio::test(flavor = "multi_thread")]
async fn notifications_of_s3_are_taken() {
    let world = World::new().await;
    let service = service(&world, "").await;
    world.land(&[4]);
    let files = world
        .store()
        .list_files("", None, 10)
        .await
        .expect("a listing");
    let file = files.first().expect("a file");
    for nonsense in ["", "{", "[1]", r#"{"specversion":"9.9"}"#] {
        let (code, answer) = service.post("/events", nonsense).expect("an answer");
        assert_eq!(code, 400, "{nonsense}: {answer}");
    }
    assert_eq!(events_of(&service, "malformed"), 4);
    let (code, answer) = service
        .post("/events", &"x".repeat(4 * 1024 * 1024 + 1))
        .expect("an answer");
    assert_eq!(
        (code, events_of(&service, "too_large")),
        (413, 1),
        "{answer}"
    );
    let key = format!("golden/{}", file.path).replace('=', "%3D");
    let event = json!({"Records": [{
        "eventVersion": "2.1", "eventTime": "2013-01-01T00:00:00.000Z",
        "s3": {"bucket": {"name": world.bucket}, "object": {"key": key}},
    }]});
    let (code, answer) = service
        .post("/events", &event.to_string())
        .expect("an answer");
    assert_eq!(
        (code, answer.as_str()),
        (202, r#"{"partitions":1,"refused":[]}"#)
    );
    eventually("the partition is there", async || {
        world.catalog_answers().await
    })
    .await;
}

/// An event of a type about the table at a location.
fn event(event_type: &str, location: &str) -> String {
    let data = json!({
        "commit_id": "flights/flights/12/1842",
        "table": {"database": "air", "name": "flights", "location": location},
        "partition": {"spec": [["dt", "2013-01-01"], ["hour", "03"]], "location": "x"},
        "schema": {"fingerprint": "xxh3:0", "columns": []},
        "files": [], "totals": {"files": 0, "rows": 0, "bytes": 0}, "late": false,
    });
    json!({
        "specversion": "1.0", "id": "1", "source": "urn:sluicebox:flights", "type": event_type,
        "data": data,
    })
    .to_string()
}

fn events_of(service: &Sluicebox, outcome: &str) -> u64 {
    service.metric("sluicebox_crawler_events_total", &[("outcome", outcome)])
}
