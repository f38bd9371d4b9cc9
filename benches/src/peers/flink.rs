use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sluicebox_tests::harness;

use super::{End, Launch, Site, class_path, file, filled, schema};

pub(super) const TITLE: &str = "Flink SQL 2.3.0";
const PACKAGES: &str = "apache-flink-libraries==2.3.0";

/// What the package lacks. Parquet wants Hadoop's classes even on a local disk.
const JARS: [&str; 6] = [
    "org.apache.flink:flink-sql-gateway:2.3.0",
    "org.apache.flink:flink-sql-gateway-api:2.3.0",
    "org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2",
    "org.apache.flink:flink-sql-parquet:2.3.0",
    "org.apache.hadoop:hadoop-client-api:3.5.0",
    "org.apache.hadoop:hadoop-client-runtime:3.5.0",
];

/// Packages of the JDK into which Flink reaches by reflection.
const OPENED: [&str; 11] = [
    "lang",
    "lang.reflect",
    "net",
    "io",
    "nio",
    "text",
    "time",
    "util",
    "util.concurrent",
    "util.concurrent.atomic",
    "util.concurrent.locks",
];

pub(super) fn launch(site: &Site<'_>) -> Result<Launch> {
    let flink = distribution(&harness::environment("peer-flink", PACKAGES)?)?;
    let jars = harness::artifacts_alone("peer-flink-jars", &JARS)?;
    let folders = [flink.join("lib"), flink.join("opt"), jars];
    let conf = file("flink/conf");
    let mut java = harness::java(17..=21, "Flink 2.3")?;
    java.arg("-Xmx3g")
        .arg(format!(
            "-Dlog4j.configurationFile={}",
            conf.join("log4j.properties").display()
        ))
        .args(OPENED.map(|package| format!("--add-opens=java.base/java.{package}=ALL-UNNAMED")))
        .arg("-cp")
        .arg(class_path(&folders))
        .args(["org.apache.flink.table.client.SqlClient", "embedded", "-f"])
        .arg(site.write("ingest.sql", &statements(site)?)?)
        .env("FLINK_CONF_DIR", conf)
        .current_dir(&site.folder);
    Ok(Launch {
        command: java,
        // After a restart it does not: a bounded source that was restored waits for ever (FLINK-31006).
        end: End::ByItself,
        lake: site.lake(),
    })
}

fn statements(site: &Site<'_>) -> Result<String> {
    let columns = site.columns()?;
    let names: Vec<_> = columns
        .iter()
        .map(|column| format!("`{}`", column.name))
        .collect();
    let checkpoints = site.folder.join("checkpoints");
    let restore = latest_checkpoint(&checkpoints).map_or_else(String::new, |checkpoint| {
        let path = checkpoint.display();
        format!("SET 'execution.state-recovery.path' = 'file://{path}';")
    });
    filled(
        "flink/ingest.sql",
        &[
            ("CHECKPOINTS", &checkpoints.to_string_lossy()),
            ("RESTORE", &restore),
            ("COLUMNS", &schema::FLINK.columns(&columns)?),
            ("NAMES", &names.join(", ")),
            ("TOPIC", &site.shape.topic()),
            ("BROKERS", &site.kafka.brokers),
            ("GROUP", &site.group),
            ("LAKE", &site.lake().to_string_lossy()),
        ],
    )
}

/// The folder of the distribution inside a virtual environment.
fn distribution(environment: &Path) -> Result<PathBuf> {
    let python = fs::read_dir(environment.join("lib"))?
        .next()
        .context("no Python")??;
    Ok(python.path().join("site-packages/pyflink"))
}

/// The latest whole checkpoint of a job that was killed: `<job>/chk-<n>`, with its metadata.
fn latest_checkpoint(checkpoints: &Path) -> Option<PathBuf> {
    let jobs = fs::read_dir(checkpoints).ok()?.flatten();
    let all = jobs.filter_map(|job| fs::read_dir(job.path()).ok());
    let metadata = all.flatten().flatten().filter_map(|checkpoint| {
        let modified = checkpoint
            .path()
            .join("_metadata")
            .metadata()
            .ok()?
            .modified()
            .ok()?;
        Some((modified, checkpoint.path()))
    });
    metadata.max().map(|(_, checkpoint)| checkpoint)
}
