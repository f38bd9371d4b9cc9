mod listener;
mod acls;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::certificates::Certificates;
use super::run_folder::RunFolder;
use super::{ChildProcess, cache, maven, ports};

pub use acls::{Resource, Right};
pub use listener::Listener;

const STARTED_WITHIN: Duration = Duration::from_secs(120);

/// How often a start is tried, each time on other ports.
const STARTS: usize = 3;

/// A Kafka broker (KRaft, one node). A topic is made per test, so tests do not meet in it.
#[derive(Debug)]
pub struct Kafka {
    process: ChildProcess,
    folder: RunFolder,
    /// `host:port` of [`Listener::Plaintext`].
    pub brokers: String,
    ports: [u16; Listener::ALL.len()],
    /// The broker's certificates, and those for its clients.
    pub certificates: Certificates,
}

impl Kafka {
    /// Starts a broker of one's own, for tests that stop it; the others share
    /// [`kafka`](super::kafka).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    #[must_use]
    pub fn start() -> Self {
        let mut tried = Self::try_start();
        for _ in 1..STARTS {
            tried = tried.or_else(|_| Self::try_start());
        }
        tried.unwrap_or_else(|error| panic!("Kafka: {error:#}"))
    }

    /// `host:port` of a listener.
    #[must_use]
    pub fn brokers_at(&self, listener: Listener) -> String {
        format!("127.0.0.1:{}", self.ports[listener as usize])
    }

    /// Kills the broker with SIGKILL, as a crash does. Its data stays.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the broker again after [`kill`](Self::kill), on its ports and data.
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    pub fn restart(&mut self) {
        self.kill();
        let restarted = fs::remove_file(self.folder.path().join("log"))
            .context("its log")
            .and_then(|()| run_broker(&self.folder));
        self.process = restarted.unwrap_or_else(|error| panic!("Kafka: {error:#}"));
    }

    fn try_start() -> Result<Self> {
        let folder = RunFolder::new("kafka")?;
        let path = folder.path();
        let certificates = Certificates::make(path)?;
        let [controller, ports @ ..] = ports::free::<{ Listener::ALL.len() + 1 }>()?;
        let properties = PROPERTIES.replace("FOLDER", &path.to_string_lossy())
            + &listener::properties(ports, controller, &certificates);
        fs::write(path.join("server.properties"), properties)?;
        fs::write(path.join("log4j2.properties"), LOG4J)?;
        let mut format = java(path, "kafka.tools.StorageTool")?;
        format.args([
            "format",
            "-t",
            "AAAAAAAAAAAAAAAAAAAAAQ",
            "-c",
            "server.properties",
        ]);
        format.args([
            "--add-scram",
            "SCRAM-SHA-512=[name=alice,password=alice-secret]",
        ]);
        cache::run(&mut format, "formatting Kafka's disk")?;
        Ok(Self {
            process: run_broker(&folder)?,
            folder,
            brokers: format!("127.0.0.1:{}", ports[Listener::Plaintext as usize]),
            ports,
            certificates,
        })
    }
}

fn run_broker(folder: &RunFolder) -> Result<ChildProcess> {
    let mut broker = java(folder.path(), "kafka.Kafka")?;
    let mut process = ChildProcess::start(broker.arg("server.properties"), folder)?;
    process.wait_until_ready("Kafka", STARTED_WITHIN, |kafka| {
        kafka.log().contains("Kafka Server started")
    })?;
    Ok(process)
}

fn java(folder: &Path, class: &str) -> Result<Command> {
    let jars = maven::jars("kafka", POM).context("Kafka's jars")?;
    let mut java = Command::new("java");
    java.current_dir(folder)
        .args([
            "-Xms64m",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
        ])
        .args(["-Dlog4j2.configurationFile=log4j2.properties", "-cp"])
        .arg(jars.join("*"))
        .arg(class);
    Ok(java)
}

/// Kafka, and the binding without which it logs nothing.
const POM: &str = "\
<project xmlns=\"http://maven.apache.org/POM/4.0.0\">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluicebox</groupId><artifactId>kafka-broker</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.4.0</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.5</version>
    </dependency>
  </dependencies>
</project>
";

/// One node, quick to start and small; groups rebalance at once; old log goes when it may. Brokers
/// talk to one another without a login, so whoever has none may do everything.
const PROPERTIES: &str = "\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=FOLDER/data
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=3
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
num.network.threads=2
num.io.threads=2
background.threads=2
log.cleaner.dedupe.buffer.size=4194304
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=500
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=500
log.segment.delete.delay.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
";

const LOG4J: &str = "\
status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %-5p %c{1} %m%n
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
logger.config.name=org.apache.kafka.common.config
logger.config.level=warn
";
