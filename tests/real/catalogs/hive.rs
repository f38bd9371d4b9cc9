//! Hive metastores 3.1.3 and 4.0.1, their tables on S3.

use std::sync::Arc;
use std::time::Duration;

use sluicebox_catalog::conformance::{Subject, date, example_table, partition};
use sluicebox_catalog::hive::{HiveCatalog, HiveSettings};
use sluicebox_catalog::{Catalog, Class, TableKind};
use sluicebox_tests::harness::{Metastore, MetastoreVersion, eventually, hdfs, metastore, s3};

/// A database of its own on a shared metastore, its tables in a bucket of its own.
struct HiveSubject {
    version: MetastoreVersion,
    database: String,
    location: String,
}

impl HiveSubject {
    fn new(version: MetastoreVersion) -> Self {
        let bucket = s3().create_bucket();
        Self {
            version,
            database: bucket.replace('-', "_"),
            location: format!("s3://{bucket}/golden"),
        }
    }
}

impl Subject for HiveSubject {
    fn open(&self) -> Arc<dyn Catalog> {
        let settings = HiveSettings {
            uris: vec![metastore(self.version).uri()],
            ..HiveSettings::default()
        };
        Arc::new(HiveCatalog::new(settings).expect("an address"))
    }

    fn database(&self) -> &str {
        &self.database
    }

    fn location(&self) -> &str {
        &self.location
    }
}

mod v3 {
    use super::{HiveSubject, MetastoreVersion};

    sluicebox_catalog::conformance_tests!(async { HiveSubject::new(MetastoreVersion::V3) });
}

mod v4 {
    use super::{HiveSubject, MetastoreVersion};

    sluicebox_catalog::conformance_tests!(async { HiveSubject::new(MetastoreVersion::V4) });
}

/// What others have put into a metastore is told from what is ours. Hive 4 makes an external table
/// out of a managed one; its files still are the metastore's to delete.
#[tokio::test]
async fn tables_of_others_are_told_apart() {
    for version in MetastoreVersion::ALL {
        let subject = HiveSubject::new(version);
        let catalog = subject.open();
        for (name, kind) in [("managed", TableKind::Managed), ("view", TableKind::View)] {
            let mut table = example_table(&subject);
            table.name = format!("a_{name}");
            table.location = format!("{}/{name}", subject.location);
            table.kind = kind;
            table.parameters.clear();
            catalog.create_table(&table).await.expect("create");
            let found = catalog.table(&table.database, &table.name).await;
            let found = found.expect("an answer").expect("the table");
            assert_eq!(found.kind, kind, "{version:?}");
        }
    }
}

/// What a metastore refuses names what is wrong and, where a person has to act, the cure.
#[tokio::test]
async fn refusals_say_what_to_do() {
    for version in MetastoreVersion::ALL {
        let subject = HiveSubject::new(version);
        let catalog = subject.open();
        let table = example_table(&subject);
        catalog.create_table(&table).await.expect("create");

        let mut other = table.clone();
        other.columns[0].data_type = "int".to_owned();
        let narrowed = catalog.alter_table(&other, true).await;
        let mut other = table.clone();
        other.name = "elsewhere".to_owned();
        other.location = "s3://no-such-bucket/golden".to_owned();
        let homeless = catalog.create_table(&other).await;
        other.location = "nowhere://host/golden".to_owned();
        let unknown = catalog.create_table(&other).await;
        for (answer, words) in [
            (narrowed, "under a new name"),
            (homeless, "create the bucket"),
            (unknown, "library of this file system"),
        ] {
            let error = answer.expect_err(words);
            assert_eq!(error.class, Class::Fatal, "{version:?}: {error}");
            assert!(error.message.contains(words), "{version:?}: {error}");
        }
    }
}

/// A metastore that stops, dies and comes back costs errors that pass, and no catalog made anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_metastore_that_goes_away_comes_back() {
    let start = || Metastore::start(MetastoreVersion::V3, s3());
    let mut metastore = tokio::task::spawn_blocking(start)
        .await
        .expect("a metastore");
    let location = format!("s3://{}/golden", s3().create_bucket());
    let subject = HiveSubject {
        version: MetastoreVersion::V3,
        database: "air".to_owned(),
        location,
    };
    let settings = HiveSettings {
        uris: vec![metastore.uri()],
        user: Some("sluicebox".to_owned()),
        request_timeout: Duration::from_secs(20),
        ..HiveSettings::default()
    };
    let catalog = HiveCatalog::new(settings.clone()).expect("an address");
    let table = example_table(&subject);
    catalog.create_table(&table).await.expect("create");

    let hasty = HiveSettings {
        request_timeout: Duration::from_millis(500),
        ..settings
    };
    let hasty = HiveCatalog::new(hasty).expect("an address");
    let ask = async |catalog: &HiveCatalog| catalog.table("air", "flights").await;
    eventually("it is quick once", async || ask(&hasty).await.ok()).await;
    metastore.freeze();
    let frozen = ask(&hasty).await.expect_err("no answer");
    assert_eq!(frozen.class, Class::Retry, "{frozen}");
    metastore.thaw();
    eventually("it answers again", async || ask(&hasty).await.ok()).await;

    metastore.kill();
    let dead = ask(&catalog).await.expect_err("nobody");
    assert_eq!(dead.class, Class::Retry, "{dead}");
    tokio::task::block_in_place(|| metastore.restart());
    let found = ask(&catalog).await.expect("an answer").expect("the table");
    assert_eq!(found.columns, table.columns);
}

/// Tables on HDFS are known by their URLs. The metastore makes their folders as the user that is
/// named, and one without the right to do so is told who lacks what.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_hdfs_the_user_counts() {
    let name_node = tokio::task::block_in_place(|| hdfs().name_node());
    for version in MetastoreVersion::ALL {
        let mut subject = HiveSubject::new(version);
        subject.location = format!("hdfs://{name_node}{}", hdfs().free_folder());
        let catalog = subject.open();
        let mut table = example_table(&subject);
        catalog.create_table(&table).await.expect("create");
        let added = [partition(&table, date(0))];
        catalog.add_partitions(&table, &added).await.expect("add");
        let found = catalog.partitions(&table, &[date(0)]).await.expect("get");
        assert_eq!(found, added, "{version:?}");

        let settings = HiveSettings {
            uris: vec![metastore(version).uri()],
            user: Some("stranger".to_owned()),
            ..HiveSettings::default()
        };
        let stranger = HiveCatalog::new(settings).expect("an address");
        table.name = "other".to_owned();
        table.location = format!("{}/other", subject.location);
        let refused = stranger.create_table(&table).await.expect_err("no right");
        assert_eq!(refused.class, Class::Fatal, "{version:?}: {refused}");
        for words in ["stranger", "right to write"] {
            assert!(refused.message.contains(words), "{version:?}: {refused}");
        }
    }
}
