use std::sync::Arc;

use sluicebox_pipeline::ports::{Class, LakeStore, ProbeError};
use sluicebox_storage::conformance::{RECORD, Subject, assert_no_files, publish};
use sluicebox_storage::{Encryption, S3Settings, StoreSettings, conformance_tests, open};
use sluicebox_tests::harness::{S3Identity, s3};
use sluicebox_types::SystemClock;

/// A lake in a bucket of its own, its control tree inside of it.
struct S3Lake {
    bucket: String,
    settings: S3Settings,
}

impl S3Lake {
    fn new() -> Self {
        Self {
            bucket: s3().create_bucket(),
            settings: s3().settings(S3Identity::Writer),
        }
    }

    /// The same lake, opened with other settings.
    fn open_with(&self, settings: S3Settings) -> Arc<dyn LakeStore> {
        let url = |prefix| {
            format!("s3://{}/{prefix}", self.bucket)
                .parse()
                .expect("URL")
        };
        let settings = StoreSettings {
            s3: settings,
            ..StoreSettings::at(url("golden"), url("golden/_sluicebox"))
        };
        open(&settings, Arc::new(SystemClock::new())).expect("an S3 lake")
    }
}

impl Subject for S3Lake {
    fn open(&self) -> Arc<dyn LakeStore> {
        self.open_with(self.settings.clone())
    }
}

conformance_tests!(async { S3Lake::new() });
conformance_tests! { async { S3Lake::new() }; abandoned_data_is_gone }

/// Lake and control tree may fill whole buckets, without a prefix.
#[tokio::test]
async fn a_lake_may_be_a_whole_bucket() {
    let url = || {
        format!("s3://{}", s3().create_bucket())
            .parse()
            .expect("URL")
    };
    let settings = StoreSettings {
        s3: s3().settings(S3Identity::Writer),
        ..StoreSettings::at(url(), url())
    };
    let store = open(&settings, Arc::new(SystemClock::new())).expect("open");
    store.probe().await.expect("a good store");
    publish(&*store, "t/a.parquet").await.expect("publish");
    let files = store.list_files("", None, 10).await.expect("list");
    assert_eq!(files.len(), 1);
    let left = store.list_control("", None, 10).await;
    assert_eq!(left.expect("list"), [""; 0]);
}

/// The metastore puts empty objects where folders would be; they are no files of ours.
#[tokio::test]
async fn folder_markers_are_no_files() {
    let lake = S3Lake::new();
    let place = format!("{}/golden/air", lake.bucket);
    tokio::task::spawn_blocking(move || s3().create_folder_marker(&place))
        .await
        .expect("marker");
    assert_no_files(&*lake.open()).await;
}

/// Who may not write is told which permission is missing on which bucket.
#[tokio::test]
async fn a_missing_permission_is_named() {
    let lake = S3Lake::new();
    let store = lake.open_with(s3().settings(S3Identity::Reader));
    let error = store
        .create_control("p/c/1", "x".into())
        .await
        .expect_err("may only read");
    assert_eq!(error.class, Class::Fatal);
    let words = format!("lack permission s3:PutObject on bucket {}", lake.bucket);
    assert!(error.message.contains(&words), "{error}");
    store
        .stage(RECORD, "t/a.parquet", "rows".into())
        .await
        .expect_err("may only read");
}

/// A wrong secret is told from a missing permission, and the secret is not repeated.
#[tokio::test]
async fn wrong_credentials_are_named() {
    let lake = S3Lake::new();
    let mut settings = lake.settings.clone();
    if let Some(credentials) = &mut settings.credentials {
        credentials.secret_access_key = "no-such-secret".to_owned();
    }
    let error = lake
        .open_with(settings)
        .probe()
        .await
        .expect_err("refused")
        .to_string();
    assert!(error.contains("refuses the credentials"), "{error}");
    assert!(!error.contains("no-such-secret"), "{error}");
}

/// A bucket that is not there is told from one that may not be used.
#[tokio::test]
async fn a_missing_bucket_is_named() {
    let lake = S3Lake {
        bucket: "no-such-bucket".to_owned(),
        ..S3Lake::new()
    };
    let error = lake.open().probe().await.expect_err("no bucket");
    assert!(
        matches!(&error, ProbeError::Store(error) if error.class == Class::Fatal),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("bucket no-such-bucket does not exist"),
        "{error}"
    );
}

/// A server that is down may come back: try again.
#[tokio::test]
async fn an_unreachable_server_is_tried_again() {
    let lake = S3Lake::new();
    let settings = S3Settings {
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

/// An object encrypted with keys of the store comes back as it was.
#[tokio::test]
async fn encryption_at_rest_is_asked_for() {
    let lake = S3Lake::new();
    let settings = S3Settings {
        encryption: Encryption::SseS3,
        ..lake.settings.clone()
    };
    let store = lake.open_with(settings);
    let staged = store
        .stage(RECORD, "t/a.parquet", "rows".into())
        .await
        .expect("stage");
    store
        .publish("t/a.parquet", 4, &staged)
        .await
        .expect("publish");
    assert_eq!(
        store.read_file("t/a.parquet").await.expect("read"),
        Some("rows".into())
    );
}
