use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::producer::BaseRecord;
use serde_json::Value;
use sluicebox_catalog::hive::{HiveCatalog, HiveSettings};
use sluicebox_catalog::{Catalog, CatalogPartition, CatalogTable};
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_storage::StoreSettings;
use sluicebox_tests::harness::{MetastoreVersion, S3Identity, Sluicebox, kafka, metastore, s3};
use sluicebox_types::SystemClock;

/// Time for a pass to the end; it only ends a test that hangs.
const PASS: Duration = Duration::from_secs(120);

/// The columns of the first version.
pub(super) const V1: &str = "{ name: id, type: int }, { name: at, type: timestamp }";
/// One column is wider, one is new.
pub(super) const V2: &str = "{ name: id, type: bigint }, { name: at, type: timestamp }, \
                             { name: carrier, type: string }";

/// A topic, a bucket and a database of Hive's, each of its own; the table is `<database>.flights`.
pub(super) struct World {
    pub(super) topic: String,
    pub(super) bucket: String,
    pub(super) database: String,
    pub(super) catalog: HiveCatalog,
    /// Lines of `lake:`.
    pub(super) lake: &'static str,
    /// The section `catalog`.
    pub(super) section: String,
    /// The section `notify`.
    pub(super) notify: String,
}

impl World {
    /// On the metastore that all tests share.
    pub(super) async fn new() -> Self {
        Self::on(metastore(MetastoreVersion::V3).uri()).await
    }

    pub(super) async fn on(uri: String) -> Self {
        let bucket = s3().create_bucket();
        let settings = HiveSettings {
            uris: vec![uri.clone()],
            ..HiveSettings::default()
        };
        Self {
            topic: kafka().create_topic("flights", 1).await,
            database: bucket.replace('-', "_"),
            bucket,
            section: format!(
                "{{ hive: {{ uri: \"{uri}\", connect_timeout: 1s, request_timeout: 20s }} }}"
            ),
            catalog: HiveCatalog::new(settings).expect("an address"),
            lake: "partition_by: hour",
            notify: String::new(),
        }
    }

    /// Sends one record for each hour of 2013-01-01.
    pub(super) fn produce(&self, hours: &[u8]) {
        self.produce_at(hours.iter().map(|hour| (1, *hour)));
    }

    /// Sends one record for each of these days and hours of January 2013.
    pub(super) fn produce_at(&self, times: impl IntoIterator<Item = (u8, u8)>) {
        let payload = |(day, hour): (u8, u8)| {
            format!(r#"{{"id":{hour},"at":"2013-01-{day:02}T{hour:02}:10:00Z","carrier":"UA"}}"#)
        };
        let payloads: Vec<String> = times.into_iter().map(payload).collect();
        let records = payloads
            .iter()
            .map(|payload| BaseRecord::to(&self.topic).payload(payload.as_bytes()));
        kafka().produce(records);
    }

    /// A config whose table has these columns, with these lines of `crawler:`.
    pub(super) fn config(&self, columns: &str, crawler: &str) -> String {
        let Self {
            topic,
            bucket,
            database,
            section,
            lake,
            notify,
            ..
        } = self;
        let (brokers, endpoint) = (&kafka().brokers, &s3().endpoint);
        format!(
            r#"
name: flights
kafka: {{ brokers: "{brokers}", session_timeout: 6s }}
lake:
  url: s3://{bucket}/golden
  s3: {{ endpoint: "{endpoint}", allow_http: true }}
  {lake}
topics:
  {topic}:
    table: {database}.flights
    schema: {{ columns: [{columns}] }}
    event_time: {{ field: at }}
    dedup: off
    file: {{ max_age: 1s, max_idle: 1s }}
catalog: {section}
crawler: {{ coalesce: 100ms, {crawler} }}
{notify}
limits: {{ memory: 512MiB, threads: 1 }}
server: {{ listen: "127.0.0.1:0" }}
"#
        )
    }

    /// Reads the topic to its end, with the crawler inside, and lets it finish.
    pub(super) fn run(&self, columns: &str, crawler: &str) {
        let mut run = self.start(&["run", "-c", "{config}", "--until-end"], columns, crawler);
        assert_eq!(run.wait(PASS), 0, "{}", run.log());
    }

    /// The lake, as the pipeline writes it.
    pub(super) fn store(&self) -> Arc<dyn LakeStore> {
        let bucket = &self.bucket;
        let url = |folder: &str| format!("s3://{bucket}/{folder}").parse().expect("a URL");
        let settings = StoreSettings {
            s3: s3().settings(S3Identity::Writer),
            ..StoreSettings::at(url("golden"), url("_sluicebox"))
        };
        sluicebox_storage::open(&settings, Arc::new(SystemClock::new())).expect("a store")
    }

    pub(super) fn start(&self, arguments: &[&str], columns: &str, crawler: &str) -> Sluicebox {
        let variables = s3().environment(S3Identity::Writer);
        Sluicebox::start(arguments, &self.config(columns, crawler), &variables)
    }

    /// Lands records of these hours in the lake, and tells the catalog nothing.
    pub(super) fn land(&self, hours: &[u8]) {
        self.produce(hours);
        self.run(V1, "run_inside: false");
    }

    /// Runs `sluicebox crawler <work> --json`: exit code, and the report of the one table.
    pub(super) fn crawler(&self, work: &str, crawler: &str) -> (Option<i32>, Value) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.crawler_output(&[work, "--json"], crawler);
        let report: Value = serde_json::from_slice(&stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stderr)));
        (status.code(), report["tables"][0].clone())
    }

    /// Runs `sluicebox crawler <arguments>`.
    pub(super) fn crawler_output(&self, arguments: &[&str], crawler: &str) -> Output {
        let arguments = [&["crawler"], arguments, &["-c", "{config}"]].concat();
        let variables = s3().environment(S3Identity::Writer);
        Sluicebox::output(&arguments, &self.config(V1, crawler), &variables)
    }

    pub(super) async fn find(&self) -> Option<CatalogTable> {
        let found = self.catalog.table(&self.database, "flights").await;
        found.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) async fn table(&self) -> CatalogTable {
        self.find().await.expect("the table is there")
    }

    pub(super) async fn partitions(&self) -> Vec<CatalogPartition> {
        let table = self.table().await;
        let dates = self.catalog.partition_dates(&table).await;
        let dates = dates.unwrap_or_else(|error| panic!("{error}"));
        let found = self.catalog.partitions(&table, &dates).await;
        found.unwrap_or_else(|error| panic!("{error}"))
    }

    /// How many partitions there are; none while the metastore or the table is not there.
    pub(super) async fn catalog_answers(&self) -> Option<usize> {
        let table = self.catalog.table(&self.database, "flights").await.ok()??;
        let dates = self.catalog.partition_dates(&table).await.ok()?;
        Some(dates.len())
    }

    /// The partitions' dates and rows.
    pub(super) async fn rows(&self) -> Vec<(String, u64)> {
        let rows = |partition: &CatalogPartition| {
            let statistics = partition.statistics.expect("statistics");
            (partition.date.to_string(), statistics.rows)
        };
        self.partitions().await.iter().map(rows).collect()
    }
}

/// The columns as texts.
pub(super) fn texts(columns: &[sluicebox_catalog::DeclaredColumn]) -> Vec<String> {
    let text = |column: &sluicebox_catalog::DeclaredColumn| {
        format!("{}:{}", column.name, column.data_type)
    };
    columns.iter().map(text).collect()
}
