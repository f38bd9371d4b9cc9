use std::io;
use std::path::Path;

use hdfs_native::{Client, ClientBuilder, WriteOptions};
use tokio::runtime::{Builder, Runtime};

use super::files::Files;
use super::{HdfsPlace, failure};
use crate::{HdfsSettings, OpenError};

/// The client goes round the name nodes of a service by itself, fifteen times with longer and longer
/// pauses by default, also where there is one. The driver tries again in any case, and says why; so a
/// call ends when each has been asked more than once, within seconds.
const FAILOVER: [(&str, &str); 3] = [
    ("dfs.client.failover.max.attempts", "9"),
    ("dfs.client.failover.sleep.base.millis", "50"),
    ("dfs.client.failover.sleep.max.millis", "500"),
];

/// A client of the name service of `place`. Nothing is asked of it yet.
pub(super) fn connect(place: &HdfsPlace, settings: &HdfsSettings) -> Result<Files, OpenError> {
    check_files(settings)?;
    let runtime = Connections::new().map_err(|error| OpenError::Hdfs(error.to_string()))?;
    let client = build(place, settings, &runtime)
        .map_err(|error| OpenError::Hdfs(failure::explain(&error, &place.name_service).message))?;
    let options = WriteOptions {
        replication: settings.replication,
        block_size: settings.block_bytes,
        ..WriteOptions::default()
    };
    Ok(Files::new(client, options, runtime))
}

fn build(
    place: &HdfsPlace,
    settings: &HdfsSettings,
    runtime: &Connections,
) -> hdfs_native::Result<Client> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut builder = ClientBuilder::new()
        .with_url(format!("hdfs://{}", place.name_service))
        .with_config(FAILOVER);
    if let Some(folder) = &settings.config_dir {
        builder = builder.with_config_dir(text(folder));
    }
    if let Some(user) = &settings.user {
        builder = builder.with_user(user);
    }
    if let Some(kerberos) = &settings.kerberos {
        builder = builder.with_kerberos_principal(&kerberos.principal);
        if let Some(keytab) = &kerberos.keytab {
            builder = builder.with_kerberos_keytab(text(keytab));
        }
        if let Some(cache) = &kerberos.cache {
            builder = builder.with_kerberos_cache(cache);
        }
    }
    if let Some(runtime) = &runtime.0 {
        builder = builder.with_io_runtime(runtime.handle().clone());
    }
    builder.build()
}

/// The client takes a folder without its files, and a keytab that is missing, for nothing said.
fn check_files(settings: &HdfsSettings) -> Result<(), OpenError> {
    if let Some(folder) = &settings.config_dir
        && !folder.join("core-site.xml").is_file()
        && !folder.join("hdfs-site.xml").is_file()
    {
        return Err(OpenError::NoHadoopFiles(folder.clone()));
    }
    let keytab = settings.kerberos.as_ref().and_then(|k| k.keytab.as_ref());
    match keytab.filter(|keytab| !keytab.is_file()) {
        Some(keytab) => Err(OpenError::NoKeytab(keytab.clone())),
        None => Ok(()),
    }
}

/// Runs what the client does between calls: it reads answers and renews leases. It is not the
/// caller's runtime, which may end before the client does.
#[derive(Debug)]
pub(super) struct Connections(Option<Runtime>);

impl Connections {
    fn new() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("hdfs").enable_all();
        builder.build().map(|runtime| Self(Some(runtime)))
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Without waiting, for this may be dropped where nothing may block.
            runtime.shutdown_background();
        }
    }
}
