//! A pipeline with every kind of secret, and a topic of confidential records.

use rdkafka::Message as _;
use rdkafka::message::{Header, Headers as _, OwnedHeaders, OwnedMessage};
use rdkafka::producer::BaseRecord;
use sluicebox_tests::harness::{Endpoint, Listener, Reply, S3Identity, Sluicebox, kafka, moto, s3};

use crate::secrets::{BEARER_TOKEN, GLUE_SECRETS, HMAC_SECRET, PASSWORD, PAYLOAD, SERVER_TOKEN};

pub(super) struct World {
    pub(super) topic: String,
    pub(super) dead_letters: String,
    /// The topic that is told.
    pub(super) events: String,
    pub(super) bucket: String,
    /// Where Glue is.
    pub(super) glue: String,
    pub(super) webhook: Endpoint,
    pub(super) config: String,
    /// How many of the records are bad.
    pub(super) rejected: usize,
}

impl World {
    /// A topic of its own with its records, a bucket, a webhook that refuses some events and is away
    /// at first.
    pub(super) async fn new(name: &str) -> Self {
        let topic = kafka().create_topic(name, 1).await;
        let dead_letters = kafka().create_topic(&format!("{topic}-dlq"), 1).await;
        let events = kafka().create_topic(&format!("{topic}-events"), 1).await;
        let bucket = s3().create_bucket();
        let glue = tokio::task::block_in_place(|| moto().endpoint.clone());
        let any_port = "127.0.0.1:0".parse().expect("an address");
        let webhook = Endpoint::start(any_port, |n, _| match n {
            0 => Reply::Status(401),
            1 => Reply::Status(503),
            2..=4 => Reply::Status(400),
            _ => Reply::Status(202),
        })
        .await;
        let rejected = produce(&topic);
        let [id, key, session] = GLUE_SECRETS;
        let config = CONFIG
            .replace("TOPIC", &topic)
            .replace("DEAD_LETTERS", &dead_letters)
            .replace("EVENTS", &events)
            .replace("BROKERS", &kafka().brokers_at(Listener::SaslTls))
            .replace(
                "AUTHORITY",
                &kafka().certificates.authority().to_string_lossy(),
            )
            .replace("BUCKET", &bucket)
            .replace("S3_ENDPOINT", &s3().endpoint)
            .replace("S3_SECRET", &S3Identity::Writer.secret_access_key())
            .replace("WEBHOOK", &webhook.address.to_string())
            .replace("GLUE_ENDPOINT", &glue)
            .replace("GLUE_ID", id)
            .replace("GLUE_KEY", key)
            .replace("GLUE_SESSION", session)
            .replace("KAFKA_PASSWORD", PASSWORD)
            .replace("HMAC_SECRET", HMAC_SECRET)
            .replace("BEARER_TOKEN", BEARER_TOKEN)
            .replace("SERVER_TOKEN", SERVER_TOKEN)
            .replace("TABLE", &topic.replace('-', "_"));
        Self {
            topic,
            dead_letters,
            events,
            bucket,
            glue,
            webhook,
            config,
            rejected,
        }
    }

    pub(super) fn run(&self) -> Sluicebox {
        Sluicebox::start(&["run", "-c", "{config}"], &self.config, &[])
    }

    /// The consumer group.
    pub(super) fn group(&self) -> String {
        format!("sluicebox-{}", self.topic)
    }
}

/// Key, value and headers of a message.
pub(super) fn text_of(message: &OwnedMessage) -> Vec<String> {
    let text = |bytes: Option<&[u8]>| {
        let bytes = bytes.unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    };
    let headers = message
        .headers()
        .into_iter()
        .flat_map(|headers| headers.iter());
    let headers = headers.flat_map(|header| [header.key.to_owned(), text(header.value)]);
    headers
        .chain([text(message.key()), text(message.payload())])
        .collect()
}

/// Good records, and bad ones that have what is confidential in each place where a fault can be. Says
/// how many are bad.
fn produce(topic: &str) -> usize {
    let good = format!(r#""id":1,"note":"{PAYLOAD}","number":"1""#);
    let fields = [
        r#""id":"PAYLOAD""#,
        r#""id":null,"note":"PAYLOAD""#,
        r#""id":1,"price":"PAYLOAD""#,
        r#""id":1,"uuid":"PAYLOAD""#,
        r#""id":1,"bytes":"PAYLOAD!""#,
        r#""id":1,"at":"PAYLOAD""#,
        r#""id":1,"at":"9999-12-31T00:00:00Z","note":"PAYLOAD""#,
        r#""id":1,"counts":{"PAYLOAD":"PAYLOAD"}"#,
        r#""id":1,"counts":{"PAYLOAD":1,"PAYLOAD":2}"#,
        r#""id":1,"place":{"city":["PAYLOAD"]}"#,
        r#""id":1,"place":{"PAYLOAD":"PAYLOAD"}"#,
        r#""id":1,"PAYLOAD":"PAYLOAD""#,
        r#""id":1,"id":2,"note":"PAYLOAD""#,
        r#""id":1,"number":"PAYLOAD""#,
        r#""id":1,"note":"PAYLOAD PAYLOAD PAYLOAD PAYLOAD""#,
        r#""ID":1,"note":"PAYLOAD""#,
        r#""id":1,"note":"PAYLOAD"#,
    ];
    let mut bad: Vec<Vec<u8>> = fields
        .iter()
        .map(|fields| {
            format!("{{{fields}}}")
                .replace("PAYLOAD", PAYLOAD)
                .into_bytes()
        })
        .collect();
    bad.push(PAYLOAD.as_bytes().to_vec());
    bad.push(format!("[\"{PAYLOAD}\"]").into_bytes());
    bad.push(format!("{{{good}}}{PAYLOAD}").into_bytes());
    bad.push([PAYLOAD.as_bytes(), b"\xff"].concat());
    let deep = "[".repeat(100);
    bad.push(format!("{{\"id\":1,\"note\":{deep}\"{PAYLOAD}\"").into_bytes());
    let header = Header {
        key: "session",
        value: Some(PAYLOAD),
    };
    let headers = OwnedHeaders::new().insert(header);
    let value = format!("{{{good}}}");
    let record = |value| {
        BaseRecord::<[u8], [u8]>::to(topic)
            .key(PAYLOAD.as_bytes())
            .payload(value)
            .headers(headers.clone())
    };
    kafka().produce([record(value.as_bytes())]);
    kafka().produce(bad.iter().map(|value| record(value)));
    bad.len()
}

const CONFIG: &str = r#"
name: TOPIC
kafka:
  brokers: BROKERS
  tls: { ca: AUTHORITY }
  sasl: { mechanism: SCRAM-SHA-512, username: alice, password: KAFKA_PASSWORD }
  session_timeout: 6s
  librdkafka: { debug: all }
lake:
  url: s3://BUCKET/golden
  control: s3://BUCKET/_sluicebox
  s3: { endpoint: "S3_ENDPOINT", access_key_id: writer, secret_access_key: S3_SECRET }
topics:
  TOPIC:
    table: db.TABLE
    schema:
      columns:
        - { name: id, type: bigint, required: true }
        - { name: note, type: string }
        - { name: number, type: string }
        - { name: at, type: timestamp }
        - { name: price, type: "decimal(9,2)" }
        - { name: uuid, type: uuid }
        - { name: bytes, type: binary }
        - { name: counts, type: { map: bigint } }
        - { name: place, type: { struct: [{ name: city, type: string }] } }
    event_time: { field: at, fallback: kafka_timestamp }
    dedup: { key: record_key, window: 60s }
    rules:
      - { name: short, expect: "length(note) < 100" }
      - { derive: loud, as: "upper(note)" }
      - { name: numbered, expect: "cast(number as bigint) > 0" }
    unknown_fields: reject
    dead_letter: { topic: DEAD_LETTERS }
    file: { max_idle: 1s }
notify:
  - { kafka: { topic: EVENTS } }
  - name: hook
    webhook: { url: "http://WEBHOOK/", hmac_secret: HMAC_SECRET, bearer_token: BEARER_TOKEN }
catalog:
  glue:
    region: us-east-1
    endpoint: "GLUE_ENDPOINT"
    allow_http: true
    access_key_id: GLUE_ID
    secret_access_key: GLUE_KEY
    session_token: GLUE_SESSION
crawler: { coalesce: 1s }
limits: { memory: 256MiB, threads: 1 }
server: { listen: "127.0.0.1:0", token: SERVER_TOKEN }
log: { level: trace }
"#;
