//! Dependencies that fail, on real servers. Each is named with its cure: on `/readyz` by a process
//! that waits and goes on by itself once it is healed, or by an exit code where waiting heals
//! nothing; and by `validate --connect`. No secret and no payload is ever in what is said.

mod access;
mod healing;
mod outage;
mod store;
mod hdfs;
mod control_tree;
mod tls;

use std::path::Path;
use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use sluicebox_tests::harness::{Kafka, Row, Sluicebox, duckdb, eventually, kafka, s3};

use crate::secrets;

/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(120);
/// Cases that run at the same time: most of a case is waiting.
const CONCURRENCY: usize = 6;

/// A pipeline of one topic, as its config has it. At level `trace`, so that whatever could be
/// logged is.
#[derive(Clone, Debug)]
struct Pipeline {
    name: String,
    topic: String,
    /// The keys of `kafka`.
    kafka: String,
    /// Where the lake is: a URL without a `/` at its end.
    lake: String,
    /// The keys of `lake.s3`.
    s3: String,
    /// The keys of `lake.hdfs`.
    hdfs: String,
    /// The keys of `dead_letter`, or `off`.
    dead_letter: String,
    /// More sections.
    more: String,
    environment: Vec<(String, String)>,
}

impl Pipeline {
    /// A pipeline that works: the shared broker without a login, a lake in `folder`.
    fn new(topic: &str, folder: &Path) -> Self {
        Self {
            name: topic.to_owned(),
            topic: topic.to_owned(),
            kafka: format!("brokers: \"{}\"", kafka().brokers),
            lake: format!("file://{}", folder.display()),
            s3: String::new(),
            hdfs: String::new(),
            dead_letter: "off".to_owned(),
            more: String::new(),
            environment: Vec::new(),
        }
    }

    /// The same into a bucket of the shared S3 server.
    fn in_bucket(self, bucket: &str, environment: Vec<(String, String)>) -> Self {
        Self {
            lake: format!("s3://{bucket}"),
            s3: format!("endpoint: \"{}\"", s3().endpoint),
            environment,
            ..self
        }
    }

    /// The consumer group.
    fn group(&self) -> String {
        format!("sluicebox-{}", self.name)
    }

    /// `run`, until it is told to stop.
    fn run(&self) -> Sluicebox {
        let arguments = ["run", "-c", "{config}"];
        Sluicebox::start(&arguments, &self.config(), &self.environment)
    }

    /// `run --until-end`, to its end: the exit code and everything it said.
    async fn run_until_end(&self) -> (i32, String) {
        let arguments = ["run", "-c", "{config}", "--until-end"];
        let mut run = Sluicebox::start(&arguments, &self.config(), &self.environment);
        let ended = tokio::task::spawn_blocking(move || (run.wait(END), run.log())).await;
        let (code, said) = ended.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        secrets::are_kept(&said);
        (code, said)
    }

    /// `validate --connect`: the exit code and everything it said.
    async fn validate(&self) -> (Option<i32>, String) {
        self.answer(&["validate", "-c", "{config}", "--connect"])
            .await
    }

    /// `verify`: the exit code and everything it said.
    async fn verify(&self) -> (Option<i32>, String) {
        self.answer(&["verify", "-c", "{config}"]).await
    }

    async fn answer(&self, arguments: &'static [&'static str]) -> (Option<i32>, String) {
        let (config, environment) = (self.config(), self.environment.clone());
        let answer = move || Sluicebox::output(arguments, &config, &environment);
        let answer = tokio::task::spawn_blocking(answer).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let said = [answer.stdout, answer.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        secrets::are_kept(&said);
        (answer.status.code(), said)
    }

    /// Waits until everything in the topic is committed; nothing of it is told.
    async fn catches_up(&self, run: &Sluicebox) {
        let what = format!("{} catches up", self.name);
        eventually(&what, async || {
            let committed = kafka().committed_offsets(&self.group(), &self.topic);
            (committed == kafka().log_ends(&self.topic)).then_some(())
        })
        .await;
        secrets::are_kept_by(run);
    }

    fn config(&self) -> String {
        let Self {
            name,
            topic,
            kafka,
            lake,
            s3,
            hdfs,
            dead_letter,
            more,
            ..
        } = self;
        let section = |name: &str, keys: &str| match keys {
            "" => String::new(),
            keys => format!("{name}: {{ {keys} }}"),
        };
        let (s3, hdfs) = (section("s3", s3), section("hdfs", hdfs));
        format!(
            r#"
name: {name}
kafka: {{ {kafka}, session_timeout: 6s, discovery_interval: 1s }}
lake:
  url: {lake}/golden
  control: {lake}/_sluicebox
  {s3}
  {hdfs}
topics:
  {topic}:
    table: db.{table}
    schema: {{ columns: [{{ name: id, type: bigint, required: true }}] }}
    dedup: off
    dead_letter: {dead_letter}
    file: {{ max_idle: 1s }}
limits: {{ memory: 256MiB, threads: 1 }}
server: {{ listen: "127.0.0.1:0" }}
log: {{ level: trace }}
{more}
"#,
            table = topic.replace('-', "_"),
        )
    }
}

/// All of `words` are in `said`.
pub(crate) fn assert_says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

/// Waits until `/readyz` says all of `words`; it says no secret beside them.
pub(crate) async fn waits_and_says(run: &Sluicebox, words: &[&str]) {
    let mut last = None;
    let said = async || {
        last = run.console("/readyz");
        let (status, body) = last.as_ref()?;
        let said = *status == 503 && words.iter().all(|word| body.contains(word));
        said.then_some(())
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), eventually("/readyz", said)).await;
    if waited.is_err() {
        panic!(
            "{words:?} are not in {last:?}; it logged:\n{}",
            last_lines(&run.log())
        );
    }
    secrets::are_kept_by(run);
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

/// Two good records with a malformed one between them, all of them confidential.
fn produce(topic: &str) {
    produce_at(kafka(), topic);
}

/// The same, at a broker of one's own.
fn produce_at(kafka: &Kafka, topic: &str) {
    let values = [
        format!(r#"{{"id":1,"note":"{}"}}"#, secrets::PAYLOAD),
        format!(r#"{{"id":"{}"}}"#, secrets::PAYLOAD),
        format!(r#"{{"id":2,"note":"{}"}}"#, secrets::PAYLOAD),
    ];
    let header = Header {
        key: "session",
        value: Some(secrets::PAYLOAD),
    };
    let headers = OwnedHeaders::new().insert(header);
    kafka.produce(values.iter().map(|value| {
        BaseRecord::to(topic)
            .key(secrets::PAYLOAD.as_bytes())
            .payload(value.as_bytes())
            .headers(headers.clone())
    }));
}

/// Rows of each table below `folder`: golden and quarantine.
fn rows_of_tables(folder: &Path) -> Vec<Row> {
    duckdb(&format!(
        "select regexp_extract(filename, '/golden/(.*)/dt=', 1) as \"table\", count(*) as rows \
         from read_parquet('{}/golden/**/*.parquet', filename=true, union_by_name=true, \
         hive_partitioning=false) group by all order by all",
        folder.display()
    ))
}
