use std::sync::Arc;

use sluicebox_pipeline::ports::{Class, LakeStore, ProbeError};
use sluicebox_storage::conformance::{RECORD, Subject, publish};
use sluicebox_storage::{AzureSettings, Secret, StoreSettings, conformance_tests, open};
use sluicebox_tests::harness::{Azure, azure};
use sluicebox_types::SystemClock;

/// A lake in a container of its own, its control tree inside of it.
struct AzureLake {
    container: String,
    settings: AzureSettings,
}

impl AzureLake {
    fn new() -> Self {
        Self {
            container: azure().create_container(),
            settings: azure().settings(),
        }
    }

    /// The same lake, opened with other settings.
    fn open_with(&self, settings: AzureSettings) -> Arc<dyn LakeStore> {
        let url = |prefix| {
            format!("az://{}/{prefix}", self.container)
                .parse()
                .expect("URL")
        };
        let settings = StoreSettings {
            azure: settings,
            ..StoreSettings::at(url("golden"), url("golden/_sluicebox"))
        };
        open(&settings, Arc::new(SystemClock::new())).expect("an Azure lake")
    }

    /// The same lake for who has a SAS token with these permissions.
    fn open_with_sas(&self, permissions: &str) -> Arc<dyn LakeStore> {
        self.open_with(AzureSettings {
            access_key: None,
            sas_token: Some(Secret::new(Azure::sas_token(permissions))),
            ..self.settings.clone()
        })
    }
}

impl Subject for AzureLake {
    fn open(&self) -> Arc<dyn LakeStore> {
        self.open_with(self.settings.clone())
    }
}

conformance_tests!(async { AzureLake::new() });
conformance_tests! {
    async { AzureLake::new() };
    files_are_listed_in_byte_order_of_their_paths
}

/// A lake may fill a whole container, and be named as Hadoop names it.
#[tokio::test]
async fn a_lake_may_be_a_whole_container() {
    let url = || {
        let container = azure().create_container();
        format!("abfss://{container}@devstoreaccount1.dfs.core.windows.net")
            .parse()
            .expect("URL")
    };
    let settings = StoreSettings {
        azure: AzureSettings {
            account: None,
            ..azure().settings()
        },
        ..StoreSettings::at(url(), url())
    };
    let store = open(&settings, Arc::new(SystemClock::new())).expect("open");
    store.probe().await.expect("a good store");
    publish(&*store, "t/a.parquet").await.expect("publish");
    let files = store.list_files("", None, 10).await.expect("list");
    assert_eq!(files.len(), 1);
    assert!(
        store
            .lake_url()
            .ends_with("@devstoreaccount1.dfs.core.windows.net")
    );
}

/// Abandoning what cannot be thrown away harms nothing, and is no failure, however often.
#[tokio::test]
async fn abandoning_is_no_failure() {
    let store = AzureLake::new().open();
    let staged = store.stage(RECORD, "t/a.parquet", "rows".into()).await;
    let staged = staged.expect("stage");
    for _ in 0..2 {
        store
            .abandon("t/a.parquet", &staged)
            .await
            .expect("abandon");
    }
    assert_eq!(store.read_file("t/a.parquet").await.expect("read"), None);
}

/// A SAS token with the documented permissions is enough for everything.
#[tokio::test]
async fn a_sas_token_is_enough() {
    let lake = AzureLake::new();
    let store = lake.open_with_sas("racwdl");
    store.probe().await.expect("a good store");
    publish(&*store, "t/a.parquet").await.expect("publish");
}

/// Who may not write is told what to be given, and the token is not repeated.
#[tokio::test]
async fn a_missing_permission_is_named() {
    let lake = AzureLake::new();
    let store = lake.open_with_sas("rl");
    let error = store
        .create_control("p/c/1", "x".into())
        .await
        .expect_err("may only read");
    assert_eq!(error.class, Class::Fatal);
    let words = format!("may not write in container {}", lake.container);
    assert!(error.message.contains(&words), "{error}");
    assert!(!error.to_string().contains("sig="), "{error}");
    store
        .stage(RECORD, "t/a.parquet", "rows".into())
        .await
        .expect_err("may only read");
}

/// A wrong key is told from a missing permission, and the key is not repeated. (Azurite answers
/// what Azure answers to a machine that its firewall keeps out.)
#[tokio::test]
async fn wrong_credentials_are_named() {
    let lake = AzureLake::new();
    let settings = AzureSettings {
        access_key: Some(Secret::new("bm8tc3VjaC1rZXk=")),
        ..lake.settings.clone()
    };
    let store = lake.open_with(settings);
    let error = store.probe().await.expect_err("refused").to_string();
    assert!(error.contains("check the key or token"), "{error}");
    assert!(!error.contains("bm8tc3VjaC1rZXk"), "{error}");
}

/// A container that is not there is told from one that may not be used.
#[tokio::test]
async fn a_missing_container_is_named() {
    let lake = AzureLake {
        container: "no-such-container".to_owned(),
        settings: azure().settings(),
    };
    let error = lake.open().probe().await.expect_err("no container");
    assert!(
        matches!(&error, ProbeError::Store(error) if error.class == Class::Fatal),
        "{error}"
    );
    let words = "container no-such-container does not exist";
    assert!(error.to_string().contains(words), "{error}");
}

/// A server that is down may come back: try again.
#[tokio::test]
async fn an_unreachable_server_is_tried_again() {
    let lake = AzureLake::new();
    let settings = AzureSettings {
        endpoint: Some("http://127.0.0.1:1/devstoreaccount1".to_owned()),
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
