use std::path::PathBuf;
use std::sync::Arc;

use sluicebox_pipeline::ports::LakeStore;
use sluicebox_types::Clock;
use url::Url;

use crate::bucket::Place;
use crate::hdfs::{HdfsPlace, HdfsTree};
use crate::local::LocalTree;
use crate::{Store, StoreSettings, Tree, azure, gcs, s3};

/// Opens the store that `settings` name; `clock` times its calls. Nothing is asked of it yet; see
/// [`LakeStore::probe`].
pub fn open(
    settings: &StoreSettings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn LakeStore>, OpenError> {
    let (lake, control) = (&settings.lake, &settings.control);
    match (Kind::of(lake)?, Kind::of(control)?) {
        (Kind::Local, Kind::Local) => {
            let (lake, control) = (folder(lake)?, folder(control)?);
            check_apart(&lake, &control, || lake.display().to_string())?;
            let trees = [
                LocalTree::new(&lake, &control),
                LocalTree::new(&control, &lake),
            ];
            Ok(store(trees, clock))
        }
        (Kind::Hdfs, Kind::Hdfs) => {
            let (lake, control) = (HdfsPlace::parse(lake)?, HdfsPlace::parse(control)?);
            check_apart(&lake, &control, || lake.url())?;
            let trees = HdfsTree::open_both([&lake, &control], &settings.hdfs)?;
            Ok(store(trees, clock))
        }
        (Kind::S3, Kind::S3) => buckets(settings, clock, |place, other| {
            s3::open(place, other, &settings.s3)
        }),
        (Kind::Gcs, Kind::Gcs) => buckets(settings, clock, |place, other| {
            gcs::open(place, other, &settings.gcs)
        }),
        (Kind::Azure, Kind::Azure) => buckets(settings, clock, |place, other| {
            azure::open(place, other, &settings.azure)
        }),
        _ => Err(OpenError::MixedStores {
            lake: lake.to_string(),
            control: control.to_string(),
        }),
    }
}

/// Why a store cannot be opened as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No store goes by that scheme.
    #[error(
        "`{0}` names no store that can hold a lake; use file:///folder, s3://bucket/prefix, \
         gs://bucket/prefix, az://container/prefix, abfss://container@host/prefix or \
         hdfs://nameservice/folder"
    )]
    UnknownScheme(String),
    /// Two kinds of stores.
    #[error("lake ({lake}) and control tree ({control}) must lie in the same kind of store")]
    MixedStores {
        /// The lake's root.
        lake: String,
        /// The control tree's root.
        control: String,
    },
    /// One tree is the other.
    #[error("lake and control tree are both {0}; give the control tree a folder of its own")]
    SameTree(String),
    /// No absolute folder on this machine.
    #[error("`{0}` names no folder of this machine; write it with three slashes: file:///folder")]
    NotAFolder(String),
    /// No bucket, or something else than bucket and prefix.
    #[error(
        "`{0}` is no bucket with a prefix; write s3://bucket/prefix, gs://bucket/prefix, \
         az://container/prefix or abfss://container@account.dfs.core.windows.net/prefix"
    )]
    NotABucket(String),
    /// A container of no storage account.
    #[error(
        "`{0}` does not say which storage account it is in; set lake.azure.account or write \
         abfss://container@account.dfs.core.windows.net/prefix"
    )]
    NoAccount(String),
    /// Amazon's directory buckets list in no order, and the chain is found by ordered listing.
    #[error(
        "the bucket {0} is an S3 Express directory bucket, which lists without order; use a general \
         purpose bucket"
    )]
    DirectoryBucket(String),
    /// No TLS, unasked.
    #[error("the endpoint {0} is not encrypted; use https, or set allow_http to accept that")]
    PlainHttp(String),
    /// No `http://` or `https://`.
    #[error("the endpoint `{0}` is no URL such as https://s3.example.com")]
    NotAnEndpoint(String),
    /// The credentials that were found cannot be used.
    #[error("the credentials of the store: {0}")]
    Credentials(String),
    /// The client does not take the settings.
    #[error("the settings of the store: {0}")]
    Client(String),
    /// No name service, or something else than one with a path.
    #[error(
        "`{0}` is no name service with a path; write hdfs://nameservice/folder or \
         hdfs://namenode:8020/folder"
    )]
    NotANameService(String),
    /// No Hadoop configuration where it should be.
    #[error("{0} holds neither core-site.xml nor hdfs-site.xml; see lake.hdfs.config_dir")]
    NoHadoopFiles(PathBuf),
    /// No keytab where it should be.
    #[error("there is no keytab {0}; see lake.hdfs.kerberos.keytab")]
    NoKeytab(PathBuf),
    /// The client does not take the settings.
    #[error("HDFS settings: {0}")]
    Hdfs(String),
}

enum Kind {
    Local,
    S3,
    Hdfs,
    Gcs,
    Azure,
}

impl Kind {
    fn of(url: &Url) -> Result<Self, OpenError> {
        match url.scheme() {
            "file" => Ok(Self::Local),
            "s3" | "s3a" => Ok(Self::S3),
            "hdfs" => Ok(Self::Hdfs),
            "gs" => Ok(Self::Gcs),
            "az" | "abfs" | "abfss" => Ok(Self::Azure),
            _ => Err(OpenError::UnknownScheme(url.to_string())),
        }
    }
}

/// A store of two trees in buckets, each of which is opened with the other in view.
fn buckets<T: Tree + 'static>(
    settings: &StoreSettings,
    clock: Arc<dyn Clock>,
    open: impl Fn(&Place, &Place) -> Result<T, OpenError>,
) -> Result<Arc<dyn LakeStore>, OpenError> {
    let (lake, control) = (
        Place::parse(&settings.lake)?,
        Place::parse(&settings.control)?,
    );
    check_apart(&lake, &control, || lake.url())?;
    Ok(store(
        [open(&lake, &control)?, open(&control, &lake)?],
        clock,
    ))
}

fn folder(url: &Url) -> Result<PathBuf, OpenError> {
    url.to_file_path()
        .map_err(|()| OpenError::NotAFolder(url.to_string()))
}

fn check_apart<P: PartialEq>(
    lake: &P,
    control: &P,
    name: impl Fn() -> String,
) -> Result<(), OpenError> {
    if lake == control {
        return Err(OpenError::SameTree(name()));
    }
    Ok(())
}

fn store<T: Tree + 'static>([lake, control]: [T; 2], clock: Arc<dyn Clock>) -> Arc<dyn LakeStore> {
    Arc::new(Store::new(lake, control, clock))
}

#[cfg(test)]
mod tests {
    use sluicebox_types::ManualClock;

    use super::*;
    use crate::{HdfsSettings, S3Settings};

    fn error(lake: &str, control: &str) -> String {
        let url = |text: &str| text.parse().expect("URL");
        let settings = StoreSettings {
            s3: S3Settings {
                endpoint: Some("http://127.0.0.1:1".to_owned()),
                ..S3Settings::default()
            },
            hdfs: HdfsSettings {
                config_dir: Some("/no/such/folder".into()),
                ..HdfsSettings::default()
            },
            ..StoreSettings::at(url(lake), url(control))
        };
        let opened = open(&settings, Arc::new(ManualClock::default()));
        opened.expect_err("refused").to_string()
    }

    /// Each mistake in the lake's address is named with its cure.
    #[test]
    fn mistakes_are_named() {
        for (lake, control, words) in [
            (
                "ftp://host/lake",
                "ftp://host/control",
                "file:///folder, s3://",
            ),
            ("s3://lake/golden", "file:///control", "same kind of store"),
            ("file:///lake", "file:///lake/", "folder of its own"),
            ("s3://lake/a", "s3://lake/a/", "folder of its own"),
            ("file://host/lake", "file:///control", "three slashes"),
            ("gs://lake/a", "s3://lake/b", "same kind of store"),
            ("az://lake/a", "az://lake/b", "lake.azure.account"),
            ("gs://user@lake/a", "gs://lake/b", "gs://bucket/prefix"),
            ("s3:///golden", "s3://lake/control", "s3://bucket/prefix"),
            ("s3://lake/a?x=1", "s3://lake/control", "s3://bucket/prefix"),
            (
                "s3://lake--use1-az4--x-s3/a",
                "s3://lake/b",
                "general purpose bucket",
            ),
            ("s3://lake/a", "s3://lake/b", "allow_http"),
            ("hdfs:///lake/a", "hdfs:///lake/b", "hdfs://nameservice"),
            ("hdfs://lake/a", "hdfs://lake/a/", "folder of its own"),
            ("hdfs://lake/a", "hdfs://lake/b", "neither core-site.xml"),
        ] {
            let error = error(lake, control);
            assert!(error.contains(words), "{lake} {control}: {error}");
        }
    }
}
