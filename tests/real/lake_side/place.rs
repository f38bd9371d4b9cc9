use std::sync::Arc;

use sluicebox_pipeline::ports::LakeStore;
use sluicebox_storage::{StoreSettings, open};
use sluicebox_tests::harness::{S3Identity, hdfs, s3};
use sluicebox_types::SystemClock;

/// Where a lake lies.
pub(super) enum Place {
    /// In this bucket.
    S3(String),
    /// In this folder, as a URL.
    Hdfs(String),
}

impl Place {
    pub(super) fn s3() -> Self {
        Self::S3(s3().create_bucket())
    }

    pub(super) fn hdfs() -> Self {
        Self::Hdfs(format!(
            "hdfs://{}{}",
            hdfs().name_node(),
            hdfs().free_folder()
        ))
    }

    /// Metastore and engines are shared, so each lake has a database of its own.
    pub(super) const fn database(&self) -> &'static str {
        match self {
            Self::S3(_) => "lake_side",
            Self::Hdfs(_) => "lake_side_hdfs",
        }
    }

    /// Flights by day.
    pub(super) fn count(&self) -> String {
        let database = self.database();
        format!("select dt, count(*) from {database}.flights group by dt")
    }

    /// The lake's keys in the config.
    pub(super) fn lake(&self) -> String {
        let root = self.root();
        format!("url: \"{root}/golden\", control: \"{root}/_sluicebox\"")
    }

    pub(super) fn environment(&self) -> Vec<(String, String)> {
        match self {
            Self::S3(_) => s3().environment(S3Identity::Writer),
            Self::Hdfs(_) => Vec::new(),
        }
    }

    pub(super) fn store(&self) -> Arc<dyn LakeStore> {
        let url = |name| format!("{}/{name}", self.root()).parse().expect("a URL");
        let mut settings = StoreSettings::at(url("golden"), url("_sluicebox"));
        if let Self::S3(_) = self {
            settings.s3 = s3().settings(S3Identity::Writer);
        }
        open(&settings, Arc::new(SystemClock::new())).expect("a store")
    }

    fn root(&self) -> String {
        match self {
            Self::S3(bucket) => format!("s3://{bucket}"),
            Self::Hdfs(root) => root.clone(),
        }
    }
}
