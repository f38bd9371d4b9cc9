use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use parking_lot::Mutex;

use super::listener::{self, Listener};
use crate::harness::certificates::Certificates;
use crate::harness::run_folder::RunFolder;
use crate::harness::{ChildProcess, cache, maven, ports};

const STARTED_WITHIN: Duration = Duration::from_secs(120);

/// One broker, which is a controller too, with its disk.
#[derive(Debug)]
pub(super) struct Node {
    /// None until it is launched.
    process: Mutex<Option<ChildProcess>>,
    folder: RunFolder,
    pub(super) ports: [u16; Listener::ALL.len()],
    controller: u16,
}

impl Node {
    pub(super) fn new() -> Result<Self> {
        let [controller, ports @ ..] = ports::free::<{ Listener::ALL.len() + 1 }>()?;
        Ok(Self {
            process: Mutex::default(),
            folder: RunFolder::new("kafka")?,
            ports,
            controller,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How it is known to the others, as number `id`.
    pub(super) fn voter(&self, id: usize) -> String {
        format!("{id}@127.0.0.1:{}", self.controller)
    }

    /// Everything that it has logged since it was last launched.
    pub(super) fn log(&self) -> String {
        let process = self.process.lock();
        process.as_ref().map_or_else(String::new, ChildProcess::log)
    }

    /// Makes its disk, as number `id` of `nodes` nodes: a copy of one that was formatted before, for a JVM takes
    /// seconds for it. Where it listens and who the others are is not on it.
    pub(super) fn format(
        &self,
        id: usize,
        nodes: usize,
        voters: &str,
        certificates: &Certificates,
    ) -> Result<()> {
        let properties = PROPERTIES
            .replace("NODE", &id.to_string())
            .replace("VOTERS", voters)
            .replace("REPLICAS", &nodes.to_string())
            .replace("IN_SYNC", &(nodes / 2 + 1).to_string());
        let listeners = listener::properties(self.ports, self.controller, certificates);
        let set_up = |folder: &Path| -> Result<()> {
            let properties = properties.replace("FOLDER", &folder.to_string_lossy());
            fs::write(folder.join("server.properties"), properties + &listeners)?;
            Ok(fs::write(folder.join("log4j2.properties"), LOG4J)?)
        };
        let name = format!("kafka-disk-{id}-of-{nodes}");
        let recipe = [POM, PROPERTIES, &FORMAT.join(" ")].concat();
        let formatted = cache::filled(&name, &recipe, |folder| {
            set_up(folder)?;
            let mut format = java(folder, "kafka.tools.StorageTool")?;
            cache::run(format.args(FORMAT), "formatting Kafka's disk")?;
            Ok(())
        })?;
        let path = self.folder.path();
        set_up(path)?;
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(formatted.join("data")).arg(path);
        cache::run(&mut copy, "copying a formatted disk")?;
        Ok(())
    }

    pub(super) fn launch(&self) -> Result<()> {
        let log = self.folder.path().join("log");
        if log.exists() {
            fs::remove_file(log).context("its log")?;
        }
        let mut broker = java(self.folder.path(), "kafka.Kafka")?;
        let process = ChildProcess::start(broker.arg("server.properties"), &self.folder)?;
        *self.process.lock() = Some(process);
        Ok(())
    }

    /// One of several waits for as many others as make a majority.
    pub(super) fn wait_until_ready(&self) -> Result<()> {
        let mut process = self.process.lock();
        let process = process.as_mut().context("it was not launched")?;
        process.wait_until_ready("Kafka", STARTED_WITHIN, |kafka| {
            kafka.log().contains("Kafka Server started")
        })
    }

    pub(super) fn kill(&self) {
        if let Some(process) = self.process.lock().as_mut() {
            process.kill();
        }
    }
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

/// One cluster's id for all: none of them knows another.
const FORMAT: [&str; 7] = [
    "format",
    "-t",
    "AAAAAAAAAAAAAAAAAAAAAQ",
    "-c",
    "server.properties",
    "--add-scram",
    "SCRAM-SHA-512=[name=alice,password=alice-secret]",
];

/// Quick to start and small; groups rebalance at once; old log goes when it may, and a node that is
/// gone is missed soon. Brokers talk to one another without a login, so whoever has none may do
/// everything.
const PROPERTIES: &str = "\
process.roles=broker,controller
node.id=NODE
controller.quorum.voters=VOTERS
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=FOLDER/data
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=REPLICAS
min.insync.replicas=IN_SYNC
offsets.topic.num.partitions=3
offsets.topic.replication.factor=REPLICAS
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=REPLICAS
transaction.state.log.min.isr=IN_SYNC
share.coordinator.state.topic.num.partitions=3
share.coordinator.state.topic.replication.factor=REPLICAS
share.coordinator.state.topic.min.isr=IN_SYNC
num.network.threads=2
num.io.threads=2
background.threads=2
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.backoff.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
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
