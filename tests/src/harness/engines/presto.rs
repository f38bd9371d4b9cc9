use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Answer, statement};
use crate::harness::java::java;
use crate::harness::run_folder::RunFolder;
use crate::harness::{ChildProcess, Metastore, S3, S3Identity, cache, maven, ports};

const SERVER: &str = "com.facebook.presto:presto-main:0.287";
const HIVE: &str = "com.facebook.presto:presto-hive-hadoop2:0.287:zip";
const STARTED_WITHIN: Duration = Duration::from_secs(180);
/// How often a start is tried, each time on another port.
const STARTS: usize = 3;

/// Presto, one node, with one Hive catalog, `hive`.
#[derive(Debug)]
pub struct Presto {
    _process: ChildProcess,
    port: u16,
}

impl Presto {
    /// Starts it; tests share [`presto`](crate::harness::presto).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    #[must_use]
    pub fn start(s3: &S3, metastore: &Metastore) -> Self {
        let mut tried = Self::try_start(s3, metastore);
        for _ in 1..STARTS {
            tried = tried.or_else(|_| Self::try_start(s3, metastore));
        }
        tried.unwrap_or_else(|error| panic!("Presto: {error:#}"))
    }

    /// What it answers to a statement.
    ///
    /// # Errors
    ///
    /// Its words when it refuses or fails.
    pub fn query(&self, sql: &str) -> Result<Answer> {
        statement::run("Presto", self.port, "hive", sql).with_context(|| format!("Presto: {sql}"))
    }

    fn try_start(s3: &S3, metastore: &Metastore) -> Result<Self> {
        let libraries = maven::jars("presto", &maven::pom(&[&[SERVER], &ASM[..]].concat(), &[]))?;
        let plugins = plugins(&libraries)?;
        let folder = RunFolder::new("presto")?;
        let path = folder.path();
        let [port] = ports::free()?;
        // It looks for catalogs in this folder.
        fs::create_dir_all(path.join("etc/catalog"))?;
        let catalog = CATALOG
            .replace("METASTORE", &metastore.uri())
            .replace("S3_ENDPOINT", &s3.endpoint)
            .replace("S3_KEY", S3Identity::Writer.access_key_id())
            .replace("S3_SECRET", &S3Identity::Writer.secret_access_key());
        fs::write(path.join("etc/catalog/hive.properties"), catalog)?;
        let config = CONFIG
            .replace("PORT", &port.to_string())
            .replace("PLUGINS", &plugins.to_string_lossy());
        fs::write(path.join("etc/config.properties"), config)?;
        let mut java = java(17..=17, "Presto 0.287")?;
        java.current_dir(path).args(JVM);
        for package in OPENED {
            java.arg(format!("--add-opens=java.base/{package}=ALL-UNNAMED"));
        }
        java.arg("-cp").arg(libraries.join("*"));
        let mut process =
            ChildProcess::start(java.arg("com.facebook.presto.server.PrestoServer"), &folder)?;
        // It takes queries before it has found itself, and fails them for want of a node.
        let nodes = "select count(*) from system.runtime.nodes where state = 'active'";
        process.wait_until_ready("Presto", STARTED_WITHIN, |_| {
            let active = statement::run("Presto", port, "hive", nodes);
            active.is_ok_and(|active| active.rows == [[1]])
        })?;
        Ok(Self {
            _process: process,
            port,
        })
    }
}

/// The plugin with an ASM that can read classes of Java 17: that of `libraries`.
fn plugins(libraries: &Path) -> Result<PathBuf> {
    let recipe = [&[HIVE], &ASM[..]].concat().join(" ");
    cache::filled("presto-hive", &recipe, |folder| {
        maven::unzip(HIVE, folder)?;
        for plugin in fs::read_dir(folder)? {
            let plugin = plugin?.path();
            for jar in asm_jars(&plugin)? {
                fs::remove_file(plugin.join(jar))?;
            }
            for jar in asm_jars(libraries)? {
                fs::copy(libraries.join(&jar), plugin.join(&jar))?;
            }
        }
        Ok(())
    })
}

fn asm_jars(folder: &Path) -> Result<Vec<String>> {
    let names = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("asm-"));
    Ok(names.collect())
}

const ASM: [&str; 5] = [
    "org.ow2.asm:asm:9.7",
    "org.ow2.asm:asm-tree:9.7",
    "org.ow2.asm:asm-util:9.7",
    "org.ow2.asm:asm-analysis:9.7",
    "org.ow2.asm:asm-commons:9.7",
];

const JVM: [&str; 9] = [
    "-Xmx1500M",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djdk.attach.allowAttachSelf=true",
    "-Dnode.environment=tests",
    "-Dnode.id=tests",
    "-Dnode.data-dir=data",
    "-Dconfig=etc/config.properties",
];

/// What it reaches into, from times when that was allowed.
const OPENED: [&str; 12] = [
    "java.io",
    "java.lang",
    "java.lang.ref",
    "java.lang.reflect",
    "java.net",
    "java.nio",
    "java.security",
    "java.text",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "sun.security.action",
];

const CONFIG: &str = "\
node.bind-ip=127.0.0.1
node.internal-address=127.0.0.1
plugin.dir=PLUGINS
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=PORT
discovery-server.enabled=true
discovery.uri=http://127.0.0.1:PORT
query.max-memory=256MB
query.max-memory-per-node=256MB
query.max-total-memory-per-node=300MB
memory.heap-headroom-per-node=200MB
";

/// By position, which is its default, a column that is not the last one would be another's.
const CATALOG: &str = "\
connector.name=hive-hadoop2
hive.metastore.uri=METASTORE
hive.s3.endpoint=S3_ENDPOINT
hive.s3.path-style-access=true
hive.s3.ssl.enabled=false
hive.s3.aws-access-key=S3_KEY
hive.s3.aws-secret-key=S3_SECRET
hive.parquet.use-column-names=true
";
