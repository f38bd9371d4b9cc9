use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use sluicebox_tests::harness;

use super::{End, Launch, Site, file, jars_in, schema};
use crate::shapes::Shape;

/// The connector to Kafka is not in Maven Central for 4.3.0.
pub(super) const TITLE: &str = "Spark Structured Streaming 4.2.0";
const PACKAGES: &str = "pyspark==4.2.0";
const CONNECTOR: &str = "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0";

/// What Spark brings itself, in versions that fit.
const BROUGHT: [&str; 2] = ["hadoop-client", "scala-library"];

pub(super) fn launch(site: &Site<'_>) -> Result<Launch> {
    let columns = schema::SPARK.columns(&site.columns()?)?;
    let environment = harness::environment("peer-spark", PACKAGES)?;
    let jars = jars_in(&harness::artifacts("peer-spark-kafka", &[CONNECTOR])?)?;
    let jars: Vec<_> = jars
        .iter()
        .filter(|jar| !BROUGHT.iter().any(|brought| jar.contains(brought)))
        .map(String::as_str)
        .collect();
    let java = PathBuf::from(harness::java(17..=21, "Spark 4.2")?.get_program());
    let mut command = Command::new(environment.join("bin/python"));
    command
        .arg(file("spark/ingest.py"))
        .args([&site.kafka.brokers, &site.shape.topic()])
        .arg(site.lake())
        .arg(site.folder.join("checkpoint"))
        .arg(site.write("columns.sql", &columns)?)
        .arg(records_per_batch(site.shape))
        .arg(jars.join(","))
        .env(
            "JAVA_HOME",
            java.ancestors().nth(2).context("a Java's folder")?,
        )
        .current_dir(&site.folder);
    Ok(Launch {
        command,
        end: End::ByItself,
        lake: site.lake(),
    })
}

/// About a quarter of a gigabyte.
const fn records_per_batch(shape: Shape) -> &'static str {
    match shape {
        Shape::A => "1000000",
        Shape::B | Shape::B10 | Shape::Columns(_) | Shape::Bytes(_) => "25000",
    }
}
