use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Answer, statement};
use crate::harness::java::java;
use crate::harness::run_folder::RunFolder;
use crate::harness::{ChildProcess, Metastore, S3, S3Identity, cache, http, maven, ports};

/// The whole distribution: the Hive plugin on its own comes without the client of HDFS.
const SERVER: &str = "io.trino:trino-server:476:tar.gz";
/// The one plugin that is kept of it.
const PLUGIN: &str = "hive";
const STARTED_WITHIN: Duration = Duration::from_secs(180);
/// How often a start is tried, each time on another port.
const STARTS: usize = 3;

/// Trino, one node, with a Hive catalog for each metastore.
#[derive(Debug)]
pub struct Trino {
    _process: ChildProcess,
    port: u16,
}

impl Trino {
    /// Starts it with these catalogs; tests share [`trino`](crate::harness::trino).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    #[must_use]
    pub fn start(s3: &S3, catalogs: &[(&str, &Metastore)]) -> Self {
        let mut tried = Self::try_start(s3, catalogs);
        for _ in 1..STARTS {
            tried = tried.or_else(|_| Self::try_start(s3, catalogs));
        }
        tried.unwrap_or_else(|error| panic!("Trino: {error:#}"))
    }

    /// What it answers to a statement.
    ///
    /// # Errors
    ///
    /// Its words when it refuses or fails.
    pub fn query(&self, catalog: &str, sql: &str) -> Result<Answer> {
        statement::run("Trino", self.port, catalog, sql).with_context(|| format!("Trino: {sql}"))
    }

    fn try_start(s3: &S3, catalogs: &[(&str, &Metastore)]) -> Result<Self> {
        let server = cache::filled("trino", SERVER, |folder| {
            maven::untar(SERVER, folder)?;
            keep_one(&folder.join("plugin"))
        })?;
        let plugins = server.join("plugin");
        let folder = RunFolder::new("trino")?;
        let path = folder.path();
        let [port] = ports::free()?;
        fs::create_dir_all(path.join("catalog"))?;
        for (catalog, metastore) in catalogs {
            let properties = CATALOG
                .replace("METASTORE", &metastore.uri())
                .replace("S3_ENDPOINT", &s3.endpoint)
                .replace("S3_KEY", S3Identity::Writer.access_key_id())
                .replace("S3_SECRET", &S3Identity::Writer.secret_access_key());
            fs::write(
                path.join("catalog").join(format!("{catalog}.properties")),
                properties,
            )?;
        }
        let config = CONFIG
            .replace("FOLDER", &path.to_string_lossy())
            .replace("PORT", &port.to_string())
            .replace("PLUGINS", &plugins.to_string_lossy());
        fs::write(path.join("config.properties"), config)?;
        let mut java = java(24..=25, "Trino 476")?;
        java.current_dir(path).args(JVM);
        java.arg("-cp").arg(server.join("lib/*"));
        let mut process = ChildProcess::start(java.arg("io.trino.server.TrinoServer"), &folder)?;
        process.wait_until_ready("Trino", STARTED_WITHIN, |_| {
            let info = http::answer("GET", port, "/v1/info", "");
            info.is_ok_and(|(_, info)| info.contains("\"starting\":false"))
        })?;
        Ok(Self {
            _process: process,
            port,
        })
    }
}

/// Every plugin takes its time at each start.
fn keep_one(plugins: &Path) -> Result<()> {
    for plugin in fs::read_dir(plugins)? {
        let plugin = plugin?.path();
        if !plugin.ends_with(PLUGIN) {
            fs::remove_dir_all(plugin)?;
        }
    }
    Ok(())
}

const JVM: [&str; 12] = [
    "-Xmx1500M",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djdk.attach.allowAttachSelf=true",
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "-Duser.timezone=UTC",
    "-Dnode.environment=tests",
    "-Dnode.id=tests",
    "-Dnode.data-dir=data",
    "-Dconfig=config.properties",
];

const CONFIG: &str = "\
node.internal-address=127.0.0.1
node.bind-ip=127.0.0.1
plugin.dir=PLUGINS
catalog.config-dir=FOLDER/catalog
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=PORT
discovery.uri=http://127.0.0.1:PORT
query.max-memory=512MB
query.max-memory-per-node=512MB
memory.heap-headroom-per-node=200MB
";

/// Without the microseconds moments would be rounded to milliseconds.
const CATALOG: &str = "\
connector.name=hive
hive.metastore.uri=METASTORE
fs.native-s3.enabled=true
fs.hadoop.enabled=true
s3.endpoint=S3_ENDPOINT
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key=S3_KEY
s3.aws-secret-key=S3_SECRET
hive.timestamp-precision=MICROSECONDS
hive.allow-register-partition-procedure=true
";
