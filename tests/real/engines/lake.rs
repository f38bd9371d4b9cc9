use std::time::Duration;

use rdkafka::producer::BaseRecord;
use sluicebox_tests::harness::{MetastoreVersion, S3Identity, Sluicebox, kafka, metastore, s3};
use tempfile::TempDir;

use super::rows;

/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(120);

/// A lake on S3 with one table, `<database>.types`, of all types, in two versions of its schema.
#[derive(Debug)]
pub(super) struct Lake {
    pub(super) database: &'static str,
    topic: String,
    bucket: String,
    layout: &'static str,
}

impl Lake {
    /// Writes it through the pipeline: a process with the first version of the schema, then one
    /// with the second. After each of them these metastores are told, by the crawler.
    pub(super) async fn write(
        database: &'static str,
        layout: &'static str,
        metastores: &[MetastoreVersion],
    ) -> Self {
        let name = format!("{database}-{layout}");
        let lake = Self {
            database,
            topic: kafka().create_topic(&name, 1).await,
            bucket: s3().create_bucket(),
            layout,
        };
        for (version, records) in rows::WRITTEN.iter().enumerate() {
            kafka().produce(records.iter().map(|record| {
                BaseRecord::to(&lake.topic)
                    .key(b"".as_slice())
                    .payload(record.as_bytes())
            }));
            let config = lake.config_of(version);
            ingest(&config, metastores);
        }
        lake
    }

    /// Its config, with the latest schema.
    pub(super) fn config(&self) -> String {
        self.config_of(1)
    }

    fn config_of(&self, version: usize) -> String {
        let Self {
            database,
            topic,
            bucket,
            layout,
        } = self;
        format!(
            r#"
name: {topic}
kafka: {{ brokers: "{brokers}" }}
lake: {{ url: "s3://{bucket}/lake", control: "s3://{bucket}/_sluicebox", layout: {layout} }}
topics:
  {topic}:
    table: {database}.types
    schema:
      columns: {columns}
    event_time: {{ field: at }}
    dedup: off
limits: {{ memory: 256MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#,
            brokers = kafka().brokers,
            columns = rows::columns(version),
        )
    }

    /// The URL of the table's folder.
    pub(super) fn location(&self) -> String {
        format!("s3://{}", self.folder())
    }

    /// A copy of the table's folder on this machine.
    pub(super) fn download(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        s3().download(&self.folder(), folder.path());
        folder
    }

    fn folder(&self) -> String {
        let table = match self.layout {
            "plain" => format!("golden/{}", self.topic),
            _ => format!("{}/types", self.database),
        };
        format!("{}/lake/{table}", self.bucket)
    }

    /// What `sluicebox ddl` prints for an engine, as statements without comments; and the comments.
    pub(super) fn ddl(&self, engine: &str) -> (Vec<String>, Vec<String>) {
        let arguments = ["ddl", "--engine", engine, "-c", "{config}"];
        let output = Sluicebox::output(&arguments, &self.config(), &variables());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let printed = String::from_utf8(output.stdout).expect("text");
        let (comments, lines): (Vec<&str>, Vec<&str>) =
            printed.lines().partition(|line| line.starts_with("--"));
        let statements = lines.join("\n");
        let statements = statements
            .split(';')
            .map(|statement| statement.trim().to_owned());
        let comments = comments
            .iter()
            .map(|line| line.trim_start_matches("-- ").to_owned());
        (
            statements
                .filter(|statement| !statement.is_empty())
                .collect(),
            comments.collect(),
        )
    }
}

/// Runs the pipeline of this config to its topics' ends, and the crawler for each of these metastores.
pub(super) fn ingest(config: &str, metastores: &[MetastoreVersion]) {
    run(&["run", "-c", "{config}", "--until-end"], config);
    for metastore in metastores.iter().copied().map(metastore) {
        let catalog = format!("catalog: {{ hive: {{ uri: \"{}\" }} }}\n", metastore.uri());
        run(
            &["crawler", "crawl", "-c", "{config}"],
            &(config.to_owned() + &catalog),
        );
    }
}

fn run(arguments: &[&str], config: &str) {
    let mut process = Sluicebox::start(arguments, config, &variables());
    assert_eq!(process.wait(END), 0, "{}", process.log());
}

/// What a process needs to write to S3.
fn variables() -> Vec<(String, String)> {
    s3().environment(S3Identity::Writer)
}
