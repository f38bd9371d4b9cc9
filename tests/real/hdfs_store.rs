use std::sync::Arc;

use hdfs_native::{ClientBuilder, WriteOptions};
use sluicebox_pipeline::ports::{Class, LakeStore};
use sluicebox_storage::conformance::{CHAIN, RECORD, Subject, publish};
use sluicebox_storage::{HdfsSettings, StoreSettings, conformance_tests, open};
use sluicebox_tests::harness::{Hdfs, Login, hdfs};
use sluicebox_types::SystemClock;

/// A lake in a folder of its own, its control tree inside of it.
struct HdfsLake {
    name_service: String,
    folder: String,
    settings: HdfsSettings,
}

impl HdfsLake {
    fn new() -> Self {
        Self::on(hdfs())
    }

    fn on(hdfs: &Hdfs) -> Self {
        Self {
            name_service: hdfs.name_node(),
            folder: hdfs.free_folder(),
            settings: HdfsSettings::default(),
        }
    }
}

impl Subject for HdfsLake {
    fn open(&self) -> Arc<dyn LakeStore> {
        let root = format!("hdfs://{}{}", self.name_service, self.folder);
        let url = |name| format!("{root}/{name}").parse().expect("URL");
        let settings = StoreSettings {
            hdfs: self.settings.clone(),
            ..StoreSettings::at(url("golden"), url("golden/_sluicebox"))
        };
        open(&settings, Arc::new(SystemClock::new())).expect("an HDFS lake")
    }
}

conformance_tests!(async { HdfsLake::new() });
conformance_tests! {
    async { HdfsLake::new() };
    abandoned_data_is_gone
    files_are_listed_in_byte_order_of_their_paths
    a_sweep_takes_what_no_record_can_name
}

/// A writer that died over a file, and still has its lease, is in nobody's way: the record is made by
/// the next one, and its sweep takes the half file.
#[tokio::test]
async fn a_dead_writers_half_file_is_in_nobodys_way() {
    let lake = HdfsLake::new();
    let client = ClientBuilder::new()
        .with_url(format!("hdfs://{}", lake.name_service))
        .build()
        .expect("a client");
    let attempt = format!("{RECORD}-6f1c8a4e-3f6b-4d0e-9d57-0c7f3f1f2a11");
    let mut half_files = Vec::new();
    for tree in ["golden", "golden/_sluicebox"] {
        let path = format!("{}/{tree}/_staging/{attempt}", lake.folder);
        let created = client.create(&path, WriteOptions::default()).await;
        let mut file = created.expect("create");
        Box::pin(file.write_bytes("ha".into()))
            .await
            .expect("write");
        file.hsync().await.expect("sync");
        half_files.push((path, file));
    }
    let store = lake.open();
    publish(&*store, "t/a.parquet").await.expect("publish");
    let create = store.create_control(RECORD, "x".into());
    create.await.expect("create");
    store.sweep(CHAIN, RECORD).await.expect("sweep");
    for (path, _open) in &half_files {
        let found = client.get_file_info(path).await;
        assert!(found.is_err(), "{path} is still there");
    }
}

/// A name node that is away is tried again; what it answered before it was killed is there when it
/// is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_name_node_has_forgotten_nothing() {
    let mut hdfs = tokio::task::spawn_blocking(|| Hdfs::start(Login::Simple))
        .await
        .expect("HDFS");
    let lake = HdfsLake::on(&hdfs);
    let store = lake.open();
    let create = store.create_control(RECORD, "x".into());
    create.await.expect("create");
    let staged = store.stage(RECORD, "t/a.parquet", "rows".into()).await;
    let staged = staged.expect("stage");
    hdfs.kill_name_node();
    let error = store.get_control(RECORD).await.expect_err("it is away");
    assert_eq!(error.class, Class::Retry, "{error}");
    assert!(error.message.contains("cannot be reached"), "{error}");

    let hdfs = tokio::task::spawn_blocking(move || {
        hdfs.restart_name_node();
        hdfs
    });
    let _hdfs = hdfs.await.expect("HDFS");
    let record = store.get_control(RECORD).await;
    assert_eq!(record.expect("get"), Some("x".into()));
    let published = store.publish("t/a.parquet", 4, &staged).await;
    published.expect("publish");
    let file = store.read_file("t/a.parquet").await;
    assert_eq!(file.expect("read"), Some("rows".into()));
}

/// Who may not write is told who it is, and where the right is missing.
#[tokio::test]
async fn a_missing_right_is_named() {
    let mut lake = HdfsLake::new();
    publish(&*lake.open(), "t/a.parquet").await.expect("owner");
    lake.settings.user = Some("mallory".to_owned());
    let store = lake.open();
    let create = store.create_control("p/c/1", "x".into());
    let error = create.await.expect_err("may only read");
    assert_eq!(error.class, Class::Fatal, "{error}");
    let words = "the user mallory lacks the right WRITE on /lake-";
    assert!(error.message.contains(words), "{error}");
    let staged = store.stage(RECORD, "t/b.parquet", "rows".into()).await;
    staged.expect_err("may only read");
    let file = store.read_file("t/a.parquet").await;
    assert_eq!(file.expect("may read"), Some("rows".into()));
}

/// A quota is for a person to raise; nothing half is left where it struck.
#[tokio::test]
async fn a_quota_is_named() {
    let lake = HdfsLake::new();
    let store = lake.open();
    publish(&*store, "t/a.parquet").await.expect("publish");
    let golden = format!("{}/golden", lake.folder);
    tokio::task::spawn_blocking(move || hdfs().dfsadmin(&["-setSpaceQuota", "1m", &golden]))
        .await
        .expect("quota");
    let staged = store.stage(RECORD, "t/b.parquet", "rows".into()).await;
    let error = staged.expect_err("no space");
    assert_eq!(error.class, Class::Fatal, "{error}");
    assert!(error.message.contains("raise the quota"), "{error}");
    assert_eq!(error.message.lines().count(), 1, "{error}");
}

/// A name service is looked up in the cluster's files, and a name node of it that is dead is passed
/// over; one that is in no file is named.
#[tokio::test]
async fn a_name_service_stands_for_its_name_nodes() {
    let files = tempfile::tempdir().expect("folder");
    let live = hdfs().name_node();
    let properties = [
        ("dfs.nameservices", "datalake"),
        ("dfs.ha.namenodes.datalake", "nn1,nn2"),
        ("dfs.namenode.rpc-address.datalake.nn1", "127.0.0.1:1"),
        ("dfs.namenode.rpc-address.datalake.nn2", &live),
    ];
    let properties =
        properties.map(|(n, v)| format!("<property><name>{n}</name><value>{v}</value></property>"));
    let site = format!("<configuration>{}</configuration>", properties.concat());
    std::fs::write(files.path().join("hdfs-site.xml"), site).expect("a file");
    let mut lake = HdfsLake::new();
    lake.name_service = "datalake".to_owned();
    lake.settings.config_dir = Some(files.path().to_owned());
    publish(&*lake.open(), "t/a.parquet")
        .await
        .expect("publish");

    lake.name_service = "no-such-service.invalid:8020".to_owned();
    let error = lake.open().get_control(RECORD).await.expect_err("nobody");
    assert_eq!(error.class, Class::Retry, "{error}");
    let words = "neither a host nor a name service of hdfs-site.xml";
    assert!(error.message.contains(words), "{error}");
}
