use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Answer, announced_port, arrow};
use crate::harness::java::java;
use crate::harness::run_folder::RunFolder;
use crate::harness::{ChildProcess, Metastore, S3, S3Identity, cache, http, maven, python};

const PACKAGE: &str = "pyspark==4.3.0";
const STARTED_WITHIN: Duration = Duration::from_secs(180);
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// A Spark session that lives as long as the tests, on a metastore, behind a small HTTP server.
#[derive(Debug)]
pub struct Spark {
    process: ChildProcess,
    port: u16,
}

impl Spark {
    /// Starts it; tests share [`spark`](crate::harness::spark).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    #[must_use]
    pub fn start(s3: &S3, metastore: &Metastore) -> Self {
        Self::try_start(s3, metastore).unwrap_or_else(|error| panic!("Spark: {error:#}"))
    }

    /// What it answers to a statement.
    ///
    /// # Errors
    ///
    /// Its words when it refuses or fails.
    pub fn query(&self, sql: &str) -> Result<Answer> {
        self.ask("/sql", sql)
            .with_context(|| format!("Spark: {sql}"))
    }

    /// Whether Hive's own parser, which Spark brings, takes a statement.
    ///
    /// # Errors
    ///
    /// The parser's words when it does not.
    pub fn parse_as_hive(&self, sql: &str) -> Result<()> {
        self.ask("/hive", sql)
            .with_context(|| format!("Hive: {sql}"))?;
        Ok(())
    }

    /// Everything that it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    fn ask(&self, path: &str, sql: &str) -> Result<Answer> {
        let (_, answer) = http::answer_within(ANSWER_WITHIN, "POST", self.port, path, "", sql)?;
        Answer::of_json(&answer)
    }

    fn try_start(s3: &S3, metastore: &Metastore) -> Result<Self> {
        let python = python::bin("python")?;
        let site = packages()?;
        let jars = maven::jars("spark-s3a", &s3a_pom())?;
        let java = java(17..=21, "Spark 4.3")?;
        let java_home = PathBuf::from(java.get_program());
        let java_home = java_home.ancestors().nth(2).context("a Java's folder")?;
        let folder = RunFolder::new("spark")?;
        let mut command = Command::new(python);
        command
            .current_dir(folder.path())
            .args(["-u", "-c", &[arrow::PRINTER, SERVER].concat()])
            .args([&s3.endpoint, S3Identity::Writer.access_key_id()])
            .arg(S3Identity::Writer.secret_access_key())
            .args([&metastore.uri()])
            .arg(jars.join("*.jar"))
            .env("PYTHONPATH", site)
            .env("JAVA_HOME", java_home);
        let mut process = ChildProcess::start(&command, &folder)?;
        process.wait_until_ready("Spark", STARTED_WITHIN, |spark| {
            announced_port(&spark.log()).is_some()
        })?;
        let port = announced_port(&process.log()).context("the port of Spark's server")?;
        Ok(Self { process, port })
    }
}

/// Spark alone: the environment that it runs in has the rest.
fn packages() -> Result<PathBuf> {
    cache::filled("spark", PACKAGE, |folder| {
        let mut install = Command::new(python::bin("pip")?);
        install.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
        ]);
        cache::run(install.arg(folder).arg(PACKAGE), "fetching Spark")?;
        Ok(())
    })
}

/// A small S3A for Spark's Hadoop: five parts of the AWS SDK in place of its whole bundle.
fn s3a_pom() -> String {
    let whole = [
        "software.amazon.awssdk:s3:2.41.5",
        "software.amazon.awssdk:s3-transfer-manager:2.41.5",
        "software.amazon.awssdk:sts:2.41.5",
        "software.amazon.awssdk:apache-client:2.41.5",
        "software.amazon.awssdk:netty-nio-client:2.41.5",
        "software.amazon.s3.analyticsaccelerator:analyticsaccelerator-s3:1.3.1",
    ];
    maven::pom(&whole, &["org.apache.hadoop:hadoop-aws:3.5.0"])
}

/// Answers statements one after the other, for which one session is enough.
const SERVER: &str = r#"
import http.server
from pyspark.sql import SparkSession

endpoint, key, secret, metastore, jars = sys.argv[1:]
settings = {
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.driver.memory': '1g',
    'spark.jars': jars,
    'spark.driver.extraJavaOptions': '-XX:+UseSerialGC -XX:TieredStopAtLevel=1',
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    'spark.sql.session.timeZone': 'UTC',
    'spark.sql.shuffle.partitions': '2',
    'spark.sql.warehouse.dir': 'warehouse',
    'spark.hadoop.hive.metastore.uris': metastore,
    'spark.hadoop.fs.s3.impl': 'org.apache.hadoop.fs.s3a.S3AFileSystem',
    'spark.hadoop.fs.s3a.endpoint': endpoint,
    'spark.hadoop.fs.s3a.endpoint.region': 'us-east-1',
    'spark.hadoop.fs.s3a.path.style.access': 'true',
    'spark.hadoop.fs.s3a.access.key': key,
    'spark.hadoop.fs.s3a.secret.key': secret,
}
builder = SparkSession.builder.master('local[2]').appName('tests').enableHiveSupport()
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
hive = spark._jvm.org.apache.hadoop.hive.ql.parse.ParseDriver()

def run(path, statement):
    if path == '/hive':
        hive.parse(statement)
        return {'columns': [], 'rows': []}
    frame = spark.sql(statement)
    columns = [(field.name, field.dataType.simpleString()) for field in frame.schema]
    return {'columns': columns, 'rows': rows(frame.toArrow())}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        statement = self.rfile.read(int(self.headers['Content-Length'])).decode()
        try:
            answer = run(self.path, statement)
        except Exception as error:
            answer = {'error': str(error)}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
print(f'listening on {server.server_port}')
server.serve_forever()
"#;
