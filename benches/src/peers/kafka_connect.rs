use std::fs;
use std::os::unix::fs::symlink;

use anyhow::Result;
use sluicebox_tests::harness;
use tokio::runtime::Runtime;

use super::{End, Launch, Site, class_path, file, filled};

/// The sink reaches into a class of the client that Kafka 4.4 has moved.
pub(super) const TITLE: &str = "Kafka Connect 4.3.1 + Iceberg sink 1.12.0";

const CONNECT: [&str; 2] = [
    "org.apache.kafka:connect-runtime:4.3.1",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5",
];
const SINK: [&str; 4] = [
    "org.apache.iceberg:iceberg-kafka-connect:1.12.0",
    "org.apache.iceberg:iceberg-parquet:1.12.0",
    "org.apache.hadoop:hadoop-client-api:3.5.0",
    "org.apache.hadoop:hadoop-client-runtime:3.5.0",
];

pub(super) fn launch(site: &Site<'_>) -> Result<Launch> {
    let jars = harness::artifacts("peer-kafka-connect", &CONNECT)?;
    let sink = harness::artifacts("peer-iceberg-sink", &SINK)?;
    let plugins = site.folder.join("plugins");
    if !plugins.exists() {
        fs::create_dir(&plugins)?;
        symlink(sink, plugins.join("iceberg"))?;
        make_topics(site)?;
    }
    let worker = filled(
        "kafka-connect/worker.properties",
        &[
            ("BROKERS", &site.kafka.brokers),
            ("FOLDER", &site.folder.to_string_lossy()),
            ("PLUGINS", &plugins.to_string_lossy()),
        ],
    )?;
    let connector = filled(
        "kafka-connect/sink.properties",
        &[
            ("NAME", &site.group),
            ("TOPIC", &site.shape.topic()),
            ("WAREHOUSE", &site.lake().to_string_lossy()),
            ("CONTROL", &control_topic(site)),
            ("DEAD_LETTERS", &dead_letters(site)),
        ],
    )?;
    let log4j = file("kafka-connect/log4j2.properties");
    let mut java = harness::java(17..=21, "Kafka Connect with Hadoop's client")?;
    java.arg("-Xmx2g")
        .arg(format!("-Dlog4j2.configurationFile={}", log4j.display()))
        .arg("-cp")
        .arg(class_path(&[jars]))
        .arg("org.apache.kafka.connect.cli.ConnectStandalone")
        .arg(site.write("worker.properties", &worker)?)
        .arg(site.write("sink.properties", &connector)?)
        .current_dir(&site.folder);
    Ok(Launch {
        command: java,
        end: End::WhenCommitted {
            group: format!("connect-{}", site.group),
        },
        lake: site.lake().join("bench/records/data"),
    })
}

fn make_topics(site: &Site<'_>) -> Result<()> {
    let runtime = Runtime::new()?;
    for topic in [control_topic(site), dead_letters(site)] {
        runtime.block_on(site.kafka.try_create_topic(&topic, 1, &[]))?;
    }
    Ok(())
}

fn control_topic(site: &Site<'_>) -> String {
    format!("{}-control", site.group)
}

fn dead_letters(site: &Site<'_>) -> String {
    format!("{}-dead-letters", site.group)
}
