//! What a person reads who made mistakes.

use std::path::Path;

use sluicebox_config::{Environment, parse};

/// A config in which everything is right; tests break one line of it.
const RIGHT: &str = "\
name: flights
kafka:
  brokers: localhost:9092
lake:
  url: s3://lake/golden
topics:
  flights:
    table: air.flights
    schema:
      columns:
        - { name: id, type: bigint }
        - { name: at, type: timestamp }
    dedup: { key: [id] }
";

/// What is right, what stands in its place, and what is told about it.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "name: flights",
        "nmae: flights",
        "config.yaml:1:1: nmae: unknown key `nmae`\n    help: did you mean `name`?",
    ),
    (
        "name: flights",
        "nmae: flights",
        "config.yaml:1:1: the key `name` is missing",
    ),
    (
        "name: flights",
        "name: 5",
        "config.yaml:1:7: name: expected 1 to 64 of a-z 0-9 - _ . with a letter or digit first; got 5",
    ),
    (
        "name: flights",
        "name: flights\nname: x",
        "config.yaml:2:1: the key `name` is there twice; first at config.yaml:1:1",
    ),
    (
        "name: flights",
        "name: flights\nprocessed: []",
        "config.yaml:2:1: processed: `processed` is not supported by this build",
    ),
    (
        "name: flights",
        "name: flights\nnotify: [{}]",
        "config.yaml:2:10: notify.0: a target is a `kafka` topic or a `webhook`",
    ),
    (
        "name: flights",
        "name: flights\nnotify: [{kafka: {topic: a}, webhook: {url: 'https://b'}}]",
        "config.yaml:2:10: notify.0: a target is a `kafka` topic or a `webhook`, not both",
    ),
    (
        "name: flights",
        "name: flights\nnotify:\n- kafka: {topic: lake.events}\n- kafka: {topic: lake.events}",
        "config.yaml:4:3: notify.1: two targets are called `kafka-lake.events`",
    ),
    (
        "name: flights",
        "name: flights\nnotify: [{kafka: {topic: flights}}]",
        "notify.0.kafka.topic: flights is read by `flights`",
    ),
    (
        "name: flights",
        "name: flights\nnotify:\n- webhook: {url: 'http://host/in', bearer_token: x}",
        "everybody on the way can read the token",
    ),
    (
        "name: flights",
        "name: flights\nnotify:\n- webhook: {url: 'https://host/in', headers: {ce-id: x}}",
        "the header `ce-id` is set by Sluicebox",
    ),
    (
        "name: flights",
        "name: flights\nnotify:\n- {kafka: {topic: a}, name: crawler}",
        "notify.0.name: `crawler` is the name of the crawler inside `run`",
    ),
    (
        "name: flights",
        "name: flights\nnotify:\n- {kafka: {topic: a}, name: 12}",
        "notify.0.name: expected 1 to 64 of a-z 0-9 - _ . with a letter first",
    ),
    (
        "name: flights",
        "name: ${NONE}",
        "config.yaml:1:7: name: the environment variable NONE is not set",
    ),
    (
        "name: flights",
        "name: !x flights",
        "YAML tags have no meaning here",
    ),
    ("name: flights", "name: [flights", "this is not valid YAML"),
    (
        "name: flights",
        "name: flights\nserver: { token: ${PASSWORD} }",
        "between { } or [ ], \"${VARIABLE}\" needs quotes",
    ),
    (
        "name: flights",
        "name: flights\ndrain_timeout: 0s",
        "config.yaml:2:16: drain_timeout: must be at least 1s; got \"0s\"",
    ),
    (
        "name: flights",
        "name: flights\nlog: { level: warning }",
        "config.yaml:2:15: log.level: expected error, warn, info, debug or trace; got \"warning\"\n    help: did you mean `warn`?",
    ),
    (
        "name: flights",
        "name: flights\nlimits: { threads: 0 }",
        "limits.threads: must be at least 1; got 0",
    ),
    (
        "name: flights",
        "name: flights\nlimits: { memory: 64MiB }",
        "limits.memory: must be at least 128MiB; got \"64MiB\"",
    ),
    (
        "  brokers: localhost:9092",
        "  brokers:",
        "config.yaml:3:10: kafka.brokers: expected host:port, separated by commas, or a list of them; got nothing",
    ),
    (
        "  brokers: localhost:9092",
        "  brokers: [a:1, b]",
        "kafka.brokers.1",
    ),
    (
        "  brokers: localhost:9092",
        "  group_id: x",
        "config.yaml:2:1: kafka: the key `brokers` is missing\n    help: brokers: Addresses to start from",
    ),
    (
        "9092\n",
        "9092\n  group_id: 5\n",
        "kafka.group_id: expected text; got 5\n    help: write it in quotes",
    ),
    (
        "9092\n",
        "9092\n  tls:\n",
        "kafka.tls: expected a mapping; got nothing",
    ),
    (
        "9092\n",
        "9092\n  tls: { cert: a.pem }\n",
        "kafka.tls.cert: a client certificate needs its `key`",
    ),
    (
        "9092\n",
        "9092\n  sasl: { mechanism: PLAIN, username: a, password: b }\n",
        "config.yaml:4:3: kafka.sasl: without TLS everybody on the way can read the password",
    ),
    (
        "9092\n",
        "9092\n  sasl: { username: a, password: b }\n",
        "kafka.sasl: the key `mechanism` is missing",
    ),
    (
        "9092\n",
        "9092\n  tls: {}\n  sasl: { mechanism: PLAIN, user: a, password: b }\n",
        "config.yaml:5:29: kafka.sasl.user: unknown key `user`",
    ),
    (
        "9092\n",
        "9092\n  start: { timestamp: yesterday }\n",
        "kafka.start.timestamp: expected a date and time with an offset",
    ),
    (
        "9092\n",
        "9092\n  start: { offsets: { flights: { 0: -5 } } }\n",
        "config.yaml:4:37: kafka.start.offsets.flights.0: must be at least 0; got -5",
    ),
    (
        "9092\n",
        "9092\n  start: { offsets: { flights: { x: 5 } } }\n",
        "config.yaml:4:34: kafka.start.offsets.flights.x: a key here is a whole number; got `x`",
    ),
    (
        "9092\n",
        "9092\n  start: { offsets: { other: { 0: 5 } } }\n",
        "no key of `topics` is for the topic other",
    ),
    (
        "9092\n",
        "9092\n  session_timeout: 20m\n",
        "kafka.max_poll_interval: must be at least session_timeout",
    ),
    (
        "golden\n",
        "golden\n  control: s3://lake/golden/air\n",
        "lake.control: lies where the tables of a database would lie",
    ),
    (
        "golden\n",
        "golden\n  control: s3://lake\n",
        "lake.control: must not hold lake.url",
    ),
    (
        "golden\n",
        "golden\n  control: file:///x/y\n",
        "lake.control: must be in the same store",
    ),
    (
        "golden\n",
        "golden\n  s3: { access_key_id: \"${PASSWORD}\" }\n",
        "lake.s3.access_key_id: needs `secret_access_key`",
    ),
    (
        "golden\n",
        "golden\n  s3: { endpoint: http://minio:9000 }\n",
        "lake.s3.endpoint: without TLS",
    ),
    (
        "s3://lake/golden\n",
        "gs://lake/golden\n  control: s3://lake/_sluicebox\n",
        "lake.control: must be in the same store",
    ),
    (
        "s3://lake/golden\n",
        "gs://lake/golden\n  gcs: { endpoint: http://gcs:4443 }\n",
        "lake.gcs.endpoint: without TLS",
    ),
    (
        "s3://lake/golden\n",
        "az://lake/golden\n",
        "config.yaml:5:8: lake.url: does not say which storage account",
    ),
    (
        "  url: s3://lake/golden\n",
        "  url: az://lake/golden\n  azure: {account: acme}\ncatalog: {hive: {uri: 'thrift://m:9083'}}\n",
        "config.yaml:5:8: lake.url: engines that ask a catalog do not know az://",
    ),
    (
        "s3://lake/golden\n",
        "az://lake/golden\n  azure: { account: Acme }\n",
        "config.yaml:6:21: lake.azure.account: expected 3 to 24 lower-case letters and digits",
    ),
    (
        "s3://lake/golden\n",
        "az://lake/golden\n  azure: { account: acme, client_secret: x }\n",
        "lake.azure.client_secret: needs `tenant_id` and `client_id`",
    ),
    (
        "s3://lake/golden\n",
        "az://lake/golden\n  azure: { account: acme, access_key: x, sas_token: y }\n",
        "lake.azure.sas_token: stands beside `access_key`",
    ),
    (
        "golden\n",
        "golden\n  s3: { sse: kms }\n",
        "lake.s3.sse: expected none, s3 or {kms: <key id>}; got \"kms\"",
    ),
    (
        "golden\n",
        "golden\n  s3: { secret_access_key: { fiel: x } }\n",
        "lake.s3.secret_access_key",
    ),
    (
        "  flights:\n",
        "  \"flights!\":\n",
        "config.yaml:7:3: topics.flights!: this is no name of a topic",
    ),
    (
        "  flights:\n",
        "  \"^flights(\":\n",
        "config.yaml:7:3: topics.^flights(: this is no regular expression",
    ),
    (
        "  flights:\n",
        "  '^flights-\\d+':\n",
        "config.yaml:7:3: topics.^flights-\\d+: `\\d` is not read alike by this program, by librdkafka and by the brokers, who all match topics\n    help: write instead: `[0-9]`",
    ),
    (
        "  flights:\n",
        "  '^.*':\n",
        "config.yaml:7:3: topics.\"^.*\": the expression matches Kafka's own topic __consumer_offsets too\n    help: begin with what your topics begin with, or with `^[^_]`",
    ),
    (
        "air.flights",
        "air.Flights",
        "topics.flights.table: expected `database.table` in lower snake case",
    ),
    (
        "air.flights",
        "air.flights\n    format: avro",
        "topics.flights.format: `avro` is not supported by this build; it has json",
    ),
    (
        "air.flights",
        "air.flights\n    event_time: { field: id }",
        "topics.flights.event_time.field: the column `id` is of type bigint, which is no time",
    ),
    (
        "air.flights",
        "air.flights\n    event_time: { field: att }",
        "topics.flights.event_time.field: there is no column `att`\n    help: did you mean `at`?",
    ),
    (
        "air.flights",
        "air.flights\n    event_time: { earliest: 2200-01-01T00:00:00Z }",
        "event_time.earliest: must be before latest",
    ),
    (
        "air.flights",
        "air.flights\n    dead_letter: { topic: flights }",
        "config.yaml:9:27: topics.flights.dead_letter.topic: the topic flights is read by this pipeline itself",
    ),
    (
        "air.flights",
        "air.flights\n    rules: [{ name: a, expct: x }]",
        "config.yaml:9:24: topics.flights.rules.0.expct: unknown key `expct`\n    help: did you mean `expect`?",
    ),
    (
        "air.flights",
        "air.flights\n    rules: [{ derive: id, as: x }]",
        "topics.flights.rules.0.derive: there is a column `id` already",
    ),
    (
        "air.flights",
        "air.flights\n    max_depth: 1000",
        "topics.flights.max_depth: must be at most 512; got 1000",
    ),
    (
        "name: id",
        "name: Id",
        "topics.flights.schema.columns.0.name: expected a name in lower snake case; got \"Id\"",
    ),
    (
        "name: id",
        "name: hour",
        "the name `hour` is kept for partition and metadata columns",
    ),
    ("name: id", "name: at", "there is a column `at` already"),
    (
        "bigint",
        "decimal(40,2)",
        "topics.flights.schema.columns.0.type: expected boolean, int,",
    ),
    (
        "bigint",
        "{ list: { struct: [{ name: x }] } }",
        "config.yaml:11:48: topics.flights.schema.columns.0.type.list.struct.0: the key `type` is missing",
    ),
    (
        "bigint",
        "bigint, default: x",
        "columns.0.default: this is no value of type bigint",
    ),
    (
        "    dedup: { key: [id] }\n",
        "",
        "config.yaml:7:3: topics.flights: the key `dedup` is missing\n    help: dedup: How repeats are recognised, or `off` to keep every record.",
    ),
    (
        "[id]",
        "[ids]",
        "topics.flights.dedup.key.0: there is no column `ids`\n    help: did you mean `id`?",
    ),
    (
        "[id]",
        "recordkey",
        "topics.flights.dedup.key: expected a list of columns, record_key, payload or {header: <name>}; got \"recordkey\"",
    ),
    (
        "[id]",
        "[id], scope: topic",
        "topics.flights.dedup.scope: `topic` is not supported by this build; it has partition",
    ),
    (
        "{ key: [id] }",
        "none",
        "topics.flights.dedup: expected {key: …, window: 60s} or off; got \"none\"",
    ),
];

fn environment() -> Environment {
    [("PASSWORD", "hunter2")].into_iter().collect()
}

fn errors(text: &str) -> String {
    match parse(text, Path::new("config.yaml"), &[], &environment()) {
        Ok(_) => "no mistake".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

/// All mistakes at once, each with its place, the allowed values and the way out. Whoever changes a
/// message reads this text aloud and asks whether it helps at three in the morning.
#[test]
fn ten_mistakes_are_told_at_once() {
    let told = errors(include_str!("data/ten_mistakes.yaml"));
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/ten_mistakes.txt");
    assert_eq!(
        told.trim(),
        std::fs::read_to_string(golden).unwrap().trim(),
        "\n{told}"
    );
}

/// One mistake, one message: in which line, and what it says.
#[test]
fn each_mistake_has_its_place_and_its_cure() {
    let mut failures = Vec::new();
    for (right, wrong, message) in MISTAKES {
        assert!(RIGHT.contains(right), "{right}");
        let told = errors(&RIGHT.replacen(right, wrong, 1));
        if !told.contains(message) {
            failures.push(format!(
                "{wrong}\n--- wanted\n{message}\n--- told\n{told}\n"
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A config with no mistake has none.
#[test]
fn what_is_right_is_taken() {
    assert_eq!(errors(RIGHT), "no mistake");
}

/// Each mistake of a schema file is told with the place in that file.
#[test]
fn a_schema_file_has_its_own_places() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("s.yaml"),
        "columns:\n  - { name: id, type: bigit }\n",
    )
    .unwrap();
    let start = RIGHT.find("    schema:").unwrap();
    let text = format!(
        "{}    schema: {{ file: s.yaml }}\n    dedup: off\n",
        RIGHT.split_at(start).0
    );
    let path = folder.path().join("config.yaml");
    let told = parse(&text, &path, &[], &environment())
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("s.yaml:2:23: topics.flights.schema.columns.0.type: expected"),
        "{told}"
    );
    let text = text.replace("s.yaml", "none.yaml");
    let told = parse(&text, &path, &[], &environment())
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("config.yaml:9:13: topics.flights.schema: the file"),
        "{told}"
    );
    assert!(told.contains("1 mistake"), "{told}");
}

/// Anchors and merge keys work; what an alias stands for may not grow without end.
#[test]
fn aliases_are_filled_in_and_bounded() {
    let merged = RIGHT.replace("dedup: { key: [id] }", "dedup: &d { key: [id] }")
        + "  other:\n    table: air.other\n    schema: { columns: [{ name: id, type: int }] }\n    dedup: { <<: *d, window: 5m }\n";
    assert_eq!(errors(&merged), "no mistake");
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let alias = format!("*a{}", level - 1);
        let aliases = [alias.as_str(); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(errors(&bomb).contains("more than 100000 values"));
    assert!(errors(&"[".repeat(200)).contains("nested deeper than 64 levels"));
    assert!(errors("a: &a [*a]").contains("mistake"));
    assert!(errors("").contains("the key `kafka` is missing"));
}
