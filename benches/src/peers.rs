//! The product and what a team would take in its place, each set up as somebody would who knows it,
//! on one topic. What each is told lies in `benches/peers/`.

mod schema;
mod sluicebox;
mod polars;
mod spark;
mod kafka_connect;
mod flink;
mod redpanda_connect;
pub mod rows;
pub mod run;
pub mod comparison;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;
use sluicebox_tests::harness::Kafka;
use sluicebox_types::Column;

use crate::shapes::Shape;
use crate::topic::Topic;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// The product.
    Sluicebox,
    /// A script over confluent-kafka and polars.
    Polars,
    /// Spark Structured Streaming.
    Spark,
    /// Kafka Connect with the sink of Apache Iceberg.
    KafkaConnect,
    /// Flink SQL.
    Flink,
    /// Redpanda Connect.
    RedpandaConnect,
}

/// Where a run of a peer reads and writes. A second run in the same place goes on after the first.
#[derive(Clone, Debug)]
pub struct Site<'a> {
    /// The broker.
    pub kafka: &'a Kafka,
    /// What the records look like.
    pub shape: Shape,
    /// The consumer group that is this place's own.
    pub group: String,
    /// A folder for everything that it keeps.
    pub folder: PathBuf,
    /// The product's binary.
    pub product: &'a Path,
}

/// How a peer is run.
#[derive(Debug)]
struct Launch {
    command: Command,
    end: End,
    /// What its readers read.
    lake: PathBuf,
}

/// When a run is over.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// When the peer ends.
    ByItself,
    /// When this group has committed all of the topic; then it is told to end.
    WhenCommitted { group: String },
}

impl Peer {
    /// Everybody, in the order in which they run.
    pub const ALL: [Self; 6] = [
        Self::Sluicebox,
        Self::Polars,
        Self::Spark,
        Self::KafkaConnect,
        Self::Flink,
        Self::RedpandaConnect,
    ];

    /// What it is, and of which version.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sluicebox => concat!("Sluicebox ", env!("CARGO_PKG_VERSION")),
            Self::Polars => polars::TITLE,
            Self::Spark => spark::TITLE,
            Self::KafkaConnect => kafka_connect::TITLE,
            Self::Flink => flink::TITLE,
            Self::RedpandaConnect => redpanda_connect::TITLE,
        }
    }

    /// Whether it takes repeats out, as it is set up here.
    #[must_use]
    pub const fn has_dedup(self) -> bool {
        !matches!(self, Self::KafkaConnect)
    }

    /// Fetches what it needs, so that no run of it has to.
    ///
    /// # Errors
    /// When that cannot be had.
    pub fn fetch(self, site: &Site<'_>) -> Result<()> {
        self.launch(site).map(drop)
    }

    /// Fetches what it needs, and says how it is run.
    fn launch(self, site: &Site<'_>) -> Result<Launch> {
        match self {
            Self::Sluicebox => Ok(sluicebox::launch(site)),
            Self::Polars => polars::launch(site),
            Self::Spark => spark::launch(site),
            Self::KafkaConnect => kafka_connect::launch(site),
            Self::Flink => flink::launch(site),
            Self::RedpandaConnect => redpanda_connect::launch(),
        }
    }
}

impl Site<'_> {
    fn lake(&self) -> PathBuf {
        self.folder.join("lake")
    }

    fn columns(&self) -> Result<Vec<Column>> {
        Ok(Topic::of(self.shape)?.schema().columns.clone())
    }

    /// Writes a file into the folder.
    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        Ok(path)
    }
}

/// A file of `benches/peers/`.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers")
        .join(name)
}

/// The text of such a file, with values in the place of `{{NAME}}`.
fn filled(name: &str, values: &[(&str, &str)]) -> Result<String> {
    let path = file(name);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let fill = |text: String, (name, value): &(&str, &str)| {
        let place = format!("{{{{{name}}}}}");
        text.replace(&place, value)
    };
    Ok(values.iter().fold(text, fill))
}

/// The jars of a folder.
fn jars_in(folder: &Path) -> Result<Vec<String>> {
    let mut jars = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jar") {
            jars.push(path.to_string_lossy().into_owned());
        }
    }
    jars.sort();
    Ok(jars)
}

/// All jars of these folders.
fn class_path(folders: &[PathBuf]) -> String {
    let folders = folders
        .iter()
        .map(|folder| format!("{}/*", folder.display()));
    folders.collect::<Vec<_>>().join(":")
}
