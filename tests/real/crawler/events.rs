use serde_json::json;
use sluicebox_tests::harness::{Sluicebox, eventually, kafka};

use super::World;
use super::world::V1;

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

/// The pipeline tells a topic, and the crawler of another process reads it.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_tells_another_process() {
    let world = World::new().await;
    let topic = kafka().create_topic("lake-events", 1).await;
    let _service = service(&world, &format!("events_topic: {topic}")).await;
    world.produce(&[3]);
    let told = World {
        notify: format!("notify: [{{ kafka: {{ topic: {topic} }} }}]"),
        ..world
    };
    told.run(V1, "run_inside: false");
    eventually("the partition is there", async || {
        told.catalog_answers().await
    })
    .await;
    assert_eq!(told.rows().await, [("dt=2013-01-01/hour=03".to_owned(), 1)]);
}

/// S3 says which object is new; nonsense before it is answered and holds nobody.
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
