use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use sluicebox_events::{Event, parse};
use sluicebox_tests::harness::{Endpoint, Reply, Request, Sluicebox, eventually};

use super::lake::Lake;

const ANY_PORT: &str = "127.0.0.1:0";
const SECRET: &str = "a key of any length";
const EVENTS_TOTAL: &str = "sluicebox_notify_events_total";
/// Of each of the two Kafka partitions, one event for each of the two hours.
const SKIPPED: usize = 4;

/// The events of requests, as the crawler reads them.
fn events<'a>(requests: impl IntoIterator<Item = &'a Request>) -> Vec<Event> {
    let each = requests.into_iter().flat_map(|request| {
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        parse(headers, &request.body).expect("a body of events")
    });
    each.map(|event| event.expect("an event")).collect()
}

fn accepted(endpoint: &Endpoint) -> Vec<Event> {
    let requests = endpoint.requests();
    events(requests.iter().filter(|request| request.accepted))
}

/// A receiver's check, by the text of the standard.
fn assert_signed(request: &Request) {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    let id = request.header("webhook-id");
    mac.update(format!("{id}.{}.", request.header("webhook-timestamp")).as_bytes());
    mac.update(&request.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(request.header("webhook-signature"), expected);
}

/// Whatever an endpoint answers in passing, it gets every event, signed and under its login, equal
/// on repeat; what it refuses three times is passed over and remembered; each event fits the schema
/// that is printed.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_ends_in_everything_told() {
    let mut lake = Lake::new("notify-answers").await;
    let refused = "00000000000000000002";
    let endpoint = Endpoint::start(ANY_PORT.parse().expect("an address"), move |n, request| {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        match n {
            0 => Reply::Status(500),
            1 => Reply::With(429, "retry-after", "1"),
            2 => Reply::With(302, "location", "http://127.0.0.1:1/elsewhere"),
            3 => Reply::Silence,
            4 => Reply::Status(401),
            5 => Reply::Status(408),
            _ if body["sequence"] == refused => Reply::Status(400),
            _ => Reply::Status(202),
        }
    })
    .await;
    let address = endpoint.address;
    lake.notify = format!(
        "[{{ name: hook, webhook: {{ url: 'http://{address}/lake', timeout: 1s, \
         hmac_secret: '{SECRET}', bearer_token: token-1, headers: {{ X-Team: air }} }} }}]"
    );
    let mut process = lake.run(&[]);
    lake.produce().await;
    eventually("all but the refused are told", async || {
        let given_up = (0..2).all(|partition| {
            let cursor = lake.cursor(partition, "hook").unwrap_or_default();
            cursor["next"].as_u64() >= Some(3) && cursor["skipped_total"] == 2
        });
        let told: BTreeSet<_> = events(&endpoint.requests())
            .into_iter()
            .map(|e| e.id)
            .collect();
        (given_up && lake.is_told(&events(&endpoint.requests())) && !told.is_empty()).then_some(())
    })
    .await;
    let (status, _) = process.console("/readyz").expect("an answer");
    assert_eq!(status, 200);
    eventually("every answer is counted", async || {
        let requests = endpoint.requests();
        let refused = requests.iter().filter(|request| !request.accepted).count();
        let outcomes = ["delivered", "skipped", "retried"]
            .map(|outcome| process.metric(EVENTS_TOTAL, &[("outcome", outcome)]));
        let expected = [requests.len() - refused, SKIPPED, refused - SKIPPED];
        (outcomes == expected.map(|count| count as u64)).then_some(())
    })
    .await;
    process.terminate();
    assert_eq!(
        process.wait(Duration::from_secs(60)),
        0,
        "{}",
        process.log()
    );

    let requests = endpoint.requests();
    lake.assert_told(&events(&requests));
    assert_as_configured(&lake, &requests, refused);
    let cursor = lake.cursor(0, "hook").expect("a cursor");
    assert_eq!(cursor["skipped"][0]["message"], "answered 400 Bad Request");
    let log = process.log();
    assert!(!log.contains(SECRET) && !log.contains("token-1"));
}

/// Signed, logged in, equal on repeat, and as the printed schema says.
fn assert_as_configured(lake: &Lake, requests: &[Request], refused: &str) {
    let schema = Sluicebox::output(&["schema", "events"], &lake.config(), &[]);
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for (request, event) in requests.iter().zip(events(requests)) {
        assert_signed(request);
        assert_eq!(request.header("authorization"), "Bearer token-1");
        assert_eq!(request.header("x-team"), "air");
        assert_eq!(request.header("webhook-id"), event.id);
        let document = serde_json::from_slice(&request.body).expect("JSON");
        assert!(schema.is_valid(&document), "{document}");
        let same = requests
            .iter()
            .filter(|other| other.header("webhook-id") == event.id);
        assert!(same.clone().all(|other| other.body == request.body));
        if event.attributes.sequence == refused {
            assert_eq!(
                same.filter(|other| !other.accepted).count(),
                same_tries(requests, &event)
            );
        }
    }
}

/// Three refusals, and what was answered in passing before.
fn same_tries(requests: &[Request], event: &Event) -> usize {
    let in_passing = requests.iter().take(6);
    3 + in_passing
        .filter(|request| request.header("webhook-id") == event.id)
        .count()
}

/// An endpoint that is down holds up nothing: all rows are visible and the service is ready, with
/// the backlog on its metrics. When it comes up it is told everything, in order, in binary mode and
/// under a login by password.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_down_is_told_later() {
    let mut lake = Lake::new("notify-down").await;
    let reserved = tokio::net::TcpListener::bind(ANY_PORT)
        .await
        .expect("a port");
    let address = reserved.local_addr().expect("an address");
    drop(reserved);
    lake.notify = format!(
        "[{{ webhook: {{ url: 'http://{address}/', mode: binary, \
         basic: {{ username: etl, password: pass-1 }} }} }}]"
    );
    let mut process = lake.run(&[]);
    lake.produce().await;
    let target = [("target", "webhook-127.0.0.1")];
    eventually("the backlog is told while ingestion goes on", async || {
        let behind = process.metric("sluicebox_notify_backlog", &target);
        (behind >= 4 && lake.files().len() >= 8).then_some(())
    })
    .await;
    let (status, _) = process.console("/readyz").expect("an answer");
    assert_eq!(status, 200);
    let endpoint = Endpoint::start(address, |_, _| Reply::Status(204)).await;
    eventually("everything is told", async || {
        lake.is_told(&accepted(&endpoint)).then_some(())
    })
    .await;
    lake.assert_told(&accepted(&endpoint));
    let login = format!("Basic {}", STANDARD.encode("etl:pass-1"));
    for request in endpoint.requests() {
        assert_eq!(request.header("authorization"), login);
        assert_eq!(request.header("ce-specversion"), "1.0");
        assert_eq!(request.header("content-type"), "application/json");
    }
    process.terminate();
    assert_eq!(
        process.wait(Duration::from_secs(60)),
        0,
        "{}",
        process.log()
    );
}

/// Airflow is sent the body that its asset events take, with the event inside.
#[tokio::test(flavor = "multi_thread")]
async fn airflow_is_told_of_an_asset() {
    let mut lake = Lake::new("notify-airflow").await;
    let endpoint = Endpoint::start(ANY_PORT.parse().expect("an address"), |_, _| {
        Reply::Status(200)
    })
    .await;
    let address = endpoint.address;
    lake.notify = format!(
        "[{{ webhook: {{ url: 'http://{address}/api/v2/assets/events', airflow: {{ asset_id: 7 }} }} }}]"
    );
    let _process = lake.run(&[]);
    lake.produce().await;
    let request = eventually("Airflow is told", async || {
        endpoint.requests().into_iter().next()
    })
    .await;
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!(body["asset_id"], 7);
    assert_eq!(body["extra"]["partitionkey"], "db.events");
    assert_eq!(request.header("content-type"), "application/json");
}

/// A partition that every Kafka partition has passed is sealed, and told once; the last one is not.
#[tokio::test(flavor = "multi_thread")]
async fn complete_partitions_are_told() {
    let mut lake = Lake::new("notify-sealed").await;
    let endpoint = Endpoint::start(ANY_PORT.parse().expect("an address"), |_, _| {
        Reply::Status(200)
    })
    .await;
    let address = endpoint.address;
    lake.notify = format!("[{{ webhook: {{ url: 'http://{address}/' }}, events: [sealed] }}]");
    let mut process = lake.run(&[]);
    lake.produce().await;
    eventually("a seal is told", async || {
        (!endpoint.requests().is_empty()).then_some(())
    })
    .await;
    process.terminate();
    assert_eq!(
        process.wait(Duration::from_secs(60)),
        0,
        "{}",
        process.log()
    );
    let told = accepted(&endpoint);
    let subjects: Vec<_> = told
        .iter()
        .map(|event| event.attributes.subject.as_str())
        .collect();
    assert_eq!(subjects, ["db.events/dt=2026-01-01/hour=10"]);
    assert!(lake.is_marked(10) && !lake.is_marked(11));
    let proof = Sluicebox::output(&["verify", "-c", "{config}"], &lake.config(), &[]);
    assert_eq!(
        proof.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&proof.stdout)
    );
}
