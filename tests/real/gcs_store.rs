use std::sync::Arc;

use sluicebox_pipeline::ports::{Class, LakeStore, ProbeError};
use sluicebox_storage::conformance::{RECORD, Subject, publish};
use sluicebox_storage::{GcsSettings, StoreSettings, conformance_tests, open};
use sluicebox_tests::harness::{GcsAccount, gcs};
use sluicebox_types::SystemClock;

/// A lake in a bucket of its own, its control tree inside of it.
struct GcsLake {
    bucket: String,
    settings: GcsSettings,
}

impl GcsLake {
    fn new() -> Self {
        Self {
            bucket: gcs().create_bucket(),
            settings: gcs().settings(GcsAccount::Writer),
        }
    }

    /// The same lake, opened with other settings.
    fn open_with(&self, settings: GcsSettings) -> Arc<dyn LakeStore> {
        let url = |prefix| {
            format!("gs://{}/{prefix}", self.bucket)
                .parse()
                .expect("URL")
        };
        let settings = StoreSettings {
            gcs: settings,
            ..StoreSettings::at(url("golden"), url("golden/_sluicebox"))
        };
        open(&settings, Arc::new(SystemClock::new())).expect("a GCS lake")
    }
}

impl Subject for GcsLake {
    fn open(&self) -> Arc<dyn LakeStore> {
        self.open_with(self.settings.clone())
    }
}

conformance_tests!(async { GcsLake::new() });
conformance_tests! {
    async { GcsLake::new() };
    abandoned_data_is_gone
    files_are_listed_in_byte_order_of_their_paths
}

/// Lake and control tree may fill whole buckets, without a prefix.
#[tokio::test]
async fn a_lake_may_be_a_whole_bucket() {
    let url = || {
        let bucket = gcs().create_bucket();
        format!("gs://{bucket}").parse().expect("URL")
    };
    let settings = StoreSettings {
        gcs: gcs().settings(GcsAccount::Writer),
        ..StoreSettings::at(url(), url())
    };
    let store = open(&settings, Arc::new(SystemClock::new())).expect("open");
    store.probe().await.expect("a good store");
    publish(&*store, "t/a.parquet").await.expect("publish");
    let files = store.list_files("", None, 10).await.expect("list");
    assert_eq!(files.len(), 1);
}

/// Who may not write is told which permission is missing on which bucket.
#[tokio::test]
async fn a_missing_permission_is_named() {
    let lake = GcsLake::new();
    let store = lake.open_with(gcs().settings(GcsAccount::Reader));
    let error = store
        .create_control("p/c/1", "x".into())
        .await
        .expect_err("may only read");
    assert_eq!(error.class, Class::Fatal);
    let words = format!(
        "lack permission storage.objects.create on bucket {}",
        lake.bucket
    );
    assert!(error.message.contains(&words), "{error}");
    store
        .stage(RECORD, "t/a.parquet", "rows".into())
        .await
        .expect_err("may only read");
}

/// A key that Google does not know is told from a missing permission.
#[tokio::test]
async fn wrong_credentials_are_named() {
    let store = GcsLake::new().open_with(gcs().settings(GcsAccount::Stranger));
    let error = store.probe().await.expect_err("refused").to_string();
    assert!(error.contains("refuses the credentials"), "{error}");
}

/// A bucket that is not there is told from one that may not be used.
#[tokio::test]
async fn a_missing_bucket_is_named() {
    let lake = GcsLake {
        bucket: "no-such-bucket".to_owned(),
        ..GcsLake::new()
    };
    let error = lake.open().probe().await.expect_err("no bucket");
    assert!(
        matches!(&error, ProbeError::Store(error) if error.class == Class::Fatal),
        "{error}"
    );
    let words = "bucket no-such-bucket does not exist";
    assert!(error.to_string().contains(words), "{error}");
}

/// A server that is down may come back: try again.
#[tokio::test]
async fn an_unreachable_server_is_tried_again() {
    let lake = GcsLake::new();
    let settings = GcsSettings {
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        ..lake.settings.clone()
    };
    let error = lake
        .open_with(settings)
        .get_control("p/c/1")
        .await
        .expect_err("nobody listens");
    assert_eq!(error.class, Class::Retry);
    assert!(error.message.contains("cannot be reached"), "{error}");
}

/// A server that wants less, or has trouble, is tried again, whatever was asked of it.
#[tokio::test]
async fn a_busy_server_is_tried_again() {
    for (status, code) in [(429, "SlowDown"), (503, "ServiceUnavailable")] {
        let lake = GcsLake::new();
        let store = lake.open();
        let staged = store.stage(RECORD, "t/a.parquet", "rows".into()).await;
        let staged = staged.expect("stage");
        gcs().refuse_all(&lake.bucket, status, code);
        let answers = [
            store.list_control("p/", None, 1).await.map(drop),
            store.get_control("p/c/1").await.map(drop),
            store.create_control("p/c/1", "x".into()).await,
            store
                .stage(RECORD, "t/b.parquet", "rows".into())
                .await
                .map(drop),
            store.publish("t/a.parquet", 4, &staged).await.map(drop),
        ];
        for answer in answers {
            let error = answer.expect_err("busy");
            assert_eq!(error.class, Class::Retry, "{error}");
            assert!(error.message.contains(code), "{error}");
        }
    }
}
