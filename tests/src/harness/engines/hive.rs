use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Answer, announced_port};
use crate::harness::java::java;
use crate::harness::run_folder::RunFolder;
use crate::harness::{ChildProcess, Metastore, MetastoreVersion, S3, S3Identity, http, maven};

const STARTED_WITHIN: Duration = Duration::from_secs(180);
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// Hive's own compiler, execution and Parquet reader in one process, on a metastore of the same
/// version, behind a small HTTP server. What is no mere selection runs as a MapReduce job in the same
/// process; that of 3.1.3 runs on Java 8 alone, so it selects and declares only.
#[derive(Debug)]
pub struct Hive {
    process: ChildProcess,
    port: u16,
}

impl Hive {
    /// Starts it; tests share [`hive`](crate::harness::hive).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    #[must_use]
    pub fn start(s3: &S3, metastore: &Metastore) -> Self {
        let number = metastore.version().number();
        let started = Self::try_start(s3, metastore);
        started.unwrap_or_else(|error| panic!("Hive {number}: {error:#}"))
    }

    /// What it answers to a statement.
    ///
    /// # Errors
    ///
    /// Its words when it refuses or fails.
    pub fn query(&self, sql: &str) -> Result<Answer> {
        let (_, answer) = http::answer_within(ANSWER_WITHIN, "POST", self.port, "/", "", sql)?;
        Answer::of_json(&answer).with_context(|| format!("Hive: {sql}"))
    }

    /// Everything that it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    fn try_start(s3: &S3, metastore: &Metastore) -> Result<Self> {
        let version = metastore.version();
        let jars = maven::jars(&format!("hive-{}", version.number()), &pom(version))?;
        let folder = RunFolder::new("hive")?;
        let source = folder.path().join("HiveServer.java");
        fs::write(&source, include_str!("HiveServer.java"))?;
        let settings = SETTINGS
            .replace("FOLDER", &folder.path().to_string_lossy())
            .replace("METASTORE", &metastore.uri())
            .replace("S3_ENDPOINT", &s3.endpoint);
        let mut java = java(17..=21, "Hive")?;
        java.current_dir(folder.path()).args(JVM);
        for package in OPENED {
            java.arg(format!("--add-opens=java.base/{package}=ALL-UNNAMED"));
        }
        let class_path = format!("{}/*:{}", jars.display(), version.class_path()?);
        java.args(["-cp", &class_path])
            .arg(source)
            .args(settings.lines())
            // Hive keeps keys that stand in settings from its jobs.
            .envs(s3.environment(S3Identity::Writer));
        let mut process = ChildProcess::start(&java, &folder)?;
        process.wait_until_ready("Hive", STARTED_WITHIN, |hive| {
            announced_port(&hive.log()).is_some()
        })?;
        let port = announced_port(&process.log()).context("the port of Hive's server")?;
        Ok(Self { process, port })
    }
}

/// Hive with most of what it needs inside, and what neither that nor a metastore has.
fn pom(version: MetastoreVersion) -> String {
    let hive = format!("org.apache.hive:hive-exec:{}", version.number());
    let others: &[&str] = match version {
        MetastoreVersion::V3 => &[
            "commons-io:commons-io:2.16.1",
            "org.apache.calcite:calcite-core:1.16.0",
            "org.apache.calcite:calcite-linq4j:1.16.0",
        ],
        MetastoreVersion::V4 => &[
            "commons-io:commons-io:2.16.1",
            "org.apache.commons:commons-collections4:4.1",
            "org.apache.commons:commons-compress:1.23.0",
            "org.apache.commons:commons-math3:3.6.1",
            "org.reflections:reflections:0.10.2",
        ],
    };
    maven::pom(&[], &[&[hive.as_str()], others].concat())
}

/// Moments are shown in the zone of the process.
const JVM: [&str; 4] = [
    "-Xmx768m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Duser.timezone=UTC",
];

/// What it reaches into, from times when that was allowed.
const OPENED: [&str; 7] = [
    "java.io",
    "java.lang",
    "java.lang.reflect",
    "java.net",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
];

/// A setting a line. Days in files of others than Hive are taken for Julian ones before October 1582,
/// if nothing else is said. The cache of results lies in one folder for all of a machine, and what the
/// first Hive there makes of its permissions may stop the next.
const SETTINGS: &str = "\
hive.metastore.uris=METASTORE
hive.parquet.date.proleptic.gregorian.default=true
hive.exec.scratchdir=FOLDER/scratch
hive.exec.local.scratchdir=FOLDER/scratch-local
hive.execution.engine=mr
mapreduce.framework.name=local
hadoop.tmp.dir=FOLDER/tmp
hive.cbo.enable=false
hive.query.reexecution.enabled=false
hive.query.results.cache.enabled=false
hive.support.concurrency=false
fs.s3.impl=org.apache.hadoop.fs.s3a.S3AFileSystem
fs.s3a.endpoint=S3_ENDPOINT
fs.s3a.endpoint.region=us-east-1
fs.s3a.path.style.access=true
fs.s3a.connection.ssl.enabled=false";
