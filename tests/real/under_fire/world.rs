//! A pipeline, its topics and its lake.

use std::path::Path;
use std::sync::Arc;

use rdkafka::config::ClientConfig;
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_storage::{StoreSettings, open};
use sluicebox_tests::harness::{FaultProxy, Kafka, S3Identity, Sluicebox, eventually, s3};
use sluicebox_types::SystemClock;
use tempfile::TempDir;

use super::load::Load;

/// Where a lake lies.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A folder of this machine.
    Disk(String),
    /// A bucket of the shared S3 server.
    Bucket(String),
}

/// One pipeline with two topics of its own, on a lake of its own.
pub(super) struct World<'a> {
    kafka: &'a Kafka,
    /// Where its instances find Kafka.
    pub(super) brokers: String,
    pub(super) topic: String,
    /// Further topics that its instances read, by an expression in place of the topic's name.
    pub(super) late_topics: Vec<String>,
    pub(super) dead_letters: String,
    partitions: i32,
    pub(super) place: Place,
    /// The folder of the lake there.
    pub(super) lake: &'static str,
    /// The value of `file` in the topic's section.
    pub(super) file: &'static str,
    /// Where its instances find S3: the server, or what stands before it.
    pub(super) endpoint: String,
    /// More lines of the section `kafka`.
    pub(super) kafka_lines: Vec<String>,
    _folder: TempDir,
}

impl<'a> World<'a> {
    /// On local disk.
    pub(super) async fn on_disk(kafka: &'a Kafka, name: &str, partitions: i32) -> Self {
        let topic = kafka.create_topic(name, partitions).await;
        Self::of_topic(kafka, &topic, partitions).await
    }

    /// On local disk, of a topic that there is.
    pub(super) async fn of_topic(kafka: &'a Kafka, name: &str, partitions: i32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            kafka,
            brokers: kafka.brokers.clone(),
            topic: name.to_owned(),
            file: "{ max_rows: 500, max_age: 2s, max_idle: 1s }",
            late_topics: Vec::new(),
            dead_letters: kafka.create_topic(&format!("{name}-dlq"), 1).await,
            partitions,
            place: Place::Disk(folder.path().join("lake").display().to_string()),
            lake: "golden",
            endpoint: String::new(),
            // Members of a classic group hear of a change when they beat next.
            kafka_lines: vec!["librdkafka: { heartbeat.interval.ms: 500 }".to_owned()],
            _folder: folder,
        }
    }

    /// In a bucket of the shared S3 server.
    pub(super) async fn on_s3(kafka: &'a Kafka, name: &str, partitions: i32) -> Self {
        Self {
            place: Place::Bucket(s3().create_bucket()),
            endpoint: s3().endpoint.clone(),
            ..Self::on_disk(kafka, name, partitions).await
        }
    }

    /// Puts a proxy between its instances and S3.
    pub(super) async fn behind_a_proxy(&mut self) -> FaultProxy {
        let proxy = FaultProxy::before(&s3().endpoint).await;
        self.endpoint.clone_from(&proxy.endpoint);
        proxy
    }

    /// One more line for the section `kafka`.
    pub(super) fn with_kafka(mut self, line: &str) -> Self {
        self.kafka_lines.push(line.to_owned());
        self
    }

    /// The rebalance protocol: `classic` or `consumer`, whose members beat as the broker says.
    pub(super) fn with_protocol(mut self, protocol: &str) -> Self {
        if protocol == "consumer" {
            self.kafka_lines.clear();
        }
        self.with_kafka(&format!("group_protocol: {protocol}"))
    }

    /// What is written into its topic; nothing yet.
    pub(super) fn load(&self) -> Load {
        let client: ClientConfig = self.kafka.client_config();
        Load::new(client, &self.topic, self.partitions)
    }

    /// Starts an instance.
    pub(super) fn run(&self) -> Sluicebox {
        self.run_with(&[])
    }

    /// Starts an instance with these variables.
    pub(super) fn run_with(&self, variables: &[(&str, &str)]) -> Sluicebox {
        let own = variables.iter();
        let own = own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variables: Vec<_> = self.environment().into_iter().chain(own).collect();
        Sluicebox::start(&["run", "-c", "{config}"], &self.config(), &variables)
    }

    /// `sluicebox verify --json`, past whatever stands before the store: exit code and report.
    pub(super) fn verify(&self) -> (Option<i32>, String) {
        self.told(&["verify", "--json", "-c", "{config}"])
    }

    /// The same as people read it.
    pub(super) fn verify_for_people(&self) -> (Option<i32>, String) {
        self.told(&["verify", "-c", "{config}"])
    }

    /// What a command says, past whatever stands before the store, and its exit code.
    pub(super) fn told(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let config = self.config_at(&s3_endpoint(&self.place));
        let proof = Sluicebox::output(arguments, &config, &self.environment());
        let said = [proof.stdout, proof.stderr].concat();
        (
            proof.status.code(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    /// The group of its instances.
    pub(super) fn group(&self) -> String {
        format!("sluicebox-{}", self.topic)
    }

    pub(super) const fn kafka(&self) -> &Kafka {
        self.kafka
    }

    /// The topics that its instances read.
    pub(super) fn topics(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.topic).chain(&self.late_topics)
    }

    /// Offsets that are committed to the group, in all partitions together.
    pub(super) fn committed(&self) -> i64 {
        let committed = |topic: &String| self.kafka.committed_offsets(&self.group(), topic);
        self.topics().flat_map(committed).flatten().sum()
    }

    /// Whether everything that was written is committed to the group.
    pub(super) fn has_no_lag(&self) -> bool {
        self.topics().all(|topic| {
            let committed = self.kafka.committed_offsets(&self.group(), topic);
            committed == self.kafka.log_ends(topic)
        })
    }

    /// Waits until the group has no lag: everything that was written is committed.
    pub(super) async fn catches_up(&self) {
        eventually("the group has no lag", async || {
            self.has_no_lag().then_some(())
        })
        .await;
    }

    /// Records of all its chains, by the store itself.
    pub(super) async fn commits(&self) -> usize {
        let prefix = format!("{}/", self.topic);
        let listed = self.store().list_control(&prefix, None, usize::MAX).await;
        let is_record = |path: &&String| path.contains("/c/");
        listed.map_or(0, |paths| paths.iter().filter(is_record).count())
    }

    /// The store, past whatever stands before it.
    pub(super) fn store(&self) -> Arc<dyn LakeStore> {
        let url = |name| {
            let url = format!("{}/{name}", self.root());
            url.parse().expect("a url")
        };
        let mut settings = StoreSettings::at(url("golden"), url("_sluicebox"));
        if let Place::Bucket(_) = self.place {
            settings.s3 = s3().settings(S3Identity::Writer);
        }
        open(&settings, Arc::new(SystemClock::new())).expect("a store")
    }

    /// Copies the lake's files below `folder`, or says where they are: by nothing of ours.
    pub(super) fn golden(&self, folder: &Path) -> String {
        match &self.place {
            Place::Disk(folder) => format!("{folder}/golden"),
            Place::Bucket(bucket) => {
                s3().download(&format!("{bucket}/golden"), folder);
                folder.display().to_string()
            }
        }
    }

    /// Deletes a file below the lake's place, as a person does.
    pub(super) fn delete(&self, path: &str) {
        match &self.place {
            Place::Disk(folder) => {
                std::fs::remove_file(format!("{folder}/{path}")).expect("removed");
            }
            Place::Bucket(bucket) => s3().delete(&format!("{bucket}/{path}")),
        }
    }

    fn root(&self) -> String {
        match &self.place {
            Place::Disk(folder) => format!("file://{folder}"),
            Place::Bucket(bucket) => format!("s3://{bucket}"),
        }
    }

    fn environment(&self) -> Vec<(String, String)> {
        match self.place {
            Place::Disk(_) => Vec::new(),
            Place::Bucket(_) => s3().environment(S3Identity::Writer),
        }
    }

    pub(super) fn config(&self) -> String {
        self.config_at(&self.endpoint)
    }

    fn config_at(&self, endpoint: &str) -> String {
        let (topic, dead_letters, root) = (&self.topic, &self.dead_letters, self.root());
        let (brokers, file, lake) = (&self.brokers, self.file, self.lake);
        let selector = match self.late_topics.as_slice() {
            [] => topic.clone(),
            late => format!("'^({topic}|{})$'", late.join("|")),
        };
        let kafka_lines = self.kafka_lines.iter();
        let kafka_lines: String = kafka_lines.map(|line| format!("  {line}\n")).collect();
        let s3 = match self.place {
            Place::Disk(_) => String::new(),
            Place::Bucket(_) => format!("  s3: {{ endpoint: \"{endpoint}\" }}\n"),
        };
        format!(
            r#"
name: {topic}
kafka:
  brokers: "{brokers}"
  session_timeout: 6s
{kafka_lines}
lake:
  url: {root}/{lake}
  control: {root}/_sluicebox
{s3}
topics:
  {selector}:
    table: db.events
    schema:
      columns:
        - {{ name: id, type: bigint, required: true }}
        - {{ name: at, type: timestamp, required: true }}
    event_time: {{ field: at }}
    dedup: {{ key: [id], window: 60s }}
    dead_letter: {{ topic: {dead_letters} }}
    file: {file}
limits: {{ memory: 256MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#
        )
    }
}

fn s3_endpoint(place: &Place) -> String {
    match place {
        Place::Disk(_) => String::new(),
        Place::Bucket(_) => s3().endpoint.clone(),
    }
}
