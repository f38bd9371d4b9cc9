use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::java::java;
use super::run_folder::RunFolder;
use super::{ChildProcess, S3, S3Identity, maven, ports};

const STARTED_WITHIN: Duration = Duration::from_secs(180);

/// How often a start is tried, each time on another port.
const STARTS: usize = 3;

/// A Hive metastore on a database of its own (embedded Derby). A test makes a database of Hive's,
/// so tests do not meet in it.
#[derive(Debug)]
pub struct Metastore {
    process: ChildProcess,
    folder: RunFolder,
    version: MetastoreVersion,
    /// Its `host:port`.
    pub address: String,
}

/// Which Hive the metastore is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetastoreVersion {
    /// 3.1.3: what most distributions ship, and the last one that Presto and Spark speak to.
    V3,
    /// 4.0.1: some calls of old are gone.
    V4,
}

impl Metastore {
    /// Starts a metastore of one's own, for tests that stop it; the others share
    /// [`metastore`](super::metastore).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    #[must_use]
    pub fn start(version: MetastoreVersion, s3: &S3) -> Self {
        let mut tried = Self::try_start(version, s3);
        for _ in 1..STARTS {
            tried = tried.or_else(|_| Self::try_start(version, s3));
        }
        tried.unwrap_or_else(|error| panic!("Hive metastore {}: {error:#}", version.number()))
    }

    /// Its address as Hive, Spark and Trino write it: `thrift://host:port`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("thrift://{}", self.address)
    }

    /// Which Hive it is of.
    #[must_use]
    pub const fn version(&self) -> MetastoreVersion {
        self.version
    }

    /// A folder on the local disk that it may use, gone with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Kills it with SIGKILL, as a crash does. Its data stays.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops it with SIGSTOP: connections are taken, nothing is answered.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// Starts it again after [`kill`](Self::kill), on its port and data.
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    pub fn restart(&mut self) {
        self.kill();
        let restarted = fs::remove_file(self.folder.path().join("log"))
            .context("its log")
            .and_then(|()| run_server(self.version, &self.folder));
        self.process = restarted.unwrap_or_else(|error| panic!("Hive metastore: {error:#}"));
    }

    fn try_start(version: MetastoreVersion, s3: &S3) -> Result<Self> {
        let folder = RunFolder::new("metastore")?;
        let path = folder.path();
        let [port] = ports::free()?;
        let site = SITE
            .replace("FOLDER", &path.to_string_lossy())
            .replace("PORT", &port.to_string())
            .replace("S3_ENDPOINT", &s3.endpoint)
            .replace("S3_KEY", S3Identity::Writer.access_key_id())
            .replace("S3_SECRET", &S3Identity::Writer.secret_access_key());
        let properties: String = site
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| {
                format!("<property><name>{name}</name><value>{value}</value></property>\n")
            })
            .collect();
        fs::create_dir(path.join("conf"))?;
        fs::create_dir(path.join("warehouse"))?;
        fs::write(
            path.join("conf/metastore-site.xml"),
            format!("<configuration>\n{properties}</configuration>\n"),
        )?;
        fs::write(path.join("conf/metastore-log4j2.properties"), LOG4J)?;
        Ok(Self {
            process: run_server(version, &folder)?,
            folder,
            version,
            address: format!("127.0.0.1:{port}"),
        })
    }
}

impl MetastoreVersion {
    /// Both, the one of every day first.
    pub const ALL: [Self; 2] = [Self::V3, Self::V4];

    /// As in `3.1.3`.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::V3 => "3.1.3",
            Self::V4 => "4.0.1",
        }
    }

    /// Its jars, with those of Hadoop and of what reads S3.
    pub(super) fn class_path(self) -> Result<String> {
        let (name, artifact) = self.archive();
        let metastore = maven::unpacked(name, artifact)?.join("lib/*");
        let hadoop = maven::jars("metastore-hadoop", &hadoop_pom())?.join("*");
        Ok(format!("{}:{}", metastore.display(), hadoop.display()))
    }

    const fn archive(self) -> (&'static str, &'static str) {
        match self {
            Self::V3 => (
                "metastore-3.1.3",
                "org.apache.hive:hive-standalone-metastore:3.1.3:tar.gz:bin",
            ),
            Self::V4 => (
                "metastore-4.0.1",
                "org.apache.hive:hive-standalone-metastore-server:4.0.1:tar.gz:bin",
            ),
        }
    }
}

fn run_server(version: MetastoreVersion, folder: &RunFolder) -> Result<ChildProcess> {
    let path = folder.path();
    let class_path = format!("{}:{}", path.join("conf").display(), version.class_path()?);
    let mut java = java(17..=23, "the Hive metastore")?;
    java.current_dir(path)
        .args(["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg("-Dderby.system.durability=test")
        .arg(format!(
            "-Dlog4j.configurationFile={}",
            path.join("conf/metastore-log4j2.properties").display()
        ))
        .args(["-cp", &class_path])
        .arg("org.apache.hadoop.hive.metastore.HiveMetaStore");
    let mut process = ChildProcess::start(&java, folder)?;
    process.wait_until_ready("the metastore", STARTED_WITHIN, |metastore| {
        metastore.log().contains("Started the new metaserver")
    })?;
    Ok(process)
}

/// Hadoop's classes with a small S3A: five parts of the AWS SDK in place of its whole bundle.
fn hadoop_pom() -> String {
    let whole = [
        "org.apache.hadoop:hadoop-client-api:3.4.1",
        "org.apache.hadoop:hadoop-client-runtime:3.4.1",
        "commons-cli:commons-cli:1.5.0",
        "commons-collections:commons-collections:3.2.2",
        // The next three for 4.0.1 only.
        "javax.servlet:javax.servlet-api:3.1.0",
        "org.apache.httpcomponents:httpclient:4.5.13",
        "com.google.code.gson:gson:2.9.0",
        "software.amazon.awssdk:s3:2.25.19",
        "software.amazon.awssdk:s3-transfer-manager:2.25.19",
        "software.amazon.awssdk:sts:2.25.19",
        "software.amazon.awssdk:apache-client:2.25.19",
        "software.amazon.awssdk:netty-nio-client:2.25.19",
    ];
    let alone = [
        "org.apache.hadoop:hadoop-hdfs:3.4.1",
        "org.apache.hadoop:hadoop-aws:3.4.1",
    ];
    maven::pom(&whole, &alone)
}

/// `metastore-site.xml`, a property a line. The schema is made at the first start; nothing is
/// compacted or cleaned. Changes go through DataNucleus, which tries again when calls lock each
/// other out in Derby; the direct SQL of 4.0 gives up.
const SITE: &str = "\
metastore.thrift.port=PORT
metastore.thrift.bind.host=127.0.0.1
metastore.warehouse.dir=file://FOLDER/warehouse
javax.jdo.option.ConnectionURL=jdbc:derby:;databaseName=FOLDER/db;create=true
javax.jdo.option.ConnectionDriverName=org.apache.derby.jdbc.EmbeddedDriver
metastore.schema.verification=false
datanucleus.schema.autoCreateAll=true
metastore.try.direct.sql.ddl=false
metastore.expression.proxy=org.apache.hadoop.hive.metastore.DefaultPartitionExpressionProxy
metastore.task.threads.always=org.apache.hadoop.hive.metastore.events.EventCleanerTask
fs.s3.impl=org.apache.hadoop.fs.s3a.S3AFileSystem
fs.s3a.endpoint=S3_ENDPOINT
fs.s3a.endpoint.region=us-east-1
fs.s3a.path.style.access=true
fs.s3a.connection.ssl.enabled=false
fs.s3a.access.key=S3_KEY
fs.s3a.secret.key=S3_SECRET
";

const LOG4J: &str = "\
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %-5p %c{1} %m%n
";
