use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;

use crate::contents::Contents;
use crate::shapes::Shape;

/// Bytes that an event and its place in the log are, at least.
const EVENT_BYTES: f64 = 260.0;

/// Between a record of the log and the next one.
const STEP_MILLIS: u32 = 2;

/// How much longer the log is than what a point is about. Not so much that a window of ten million
/// keys sees the load go round.
const MARGIN: f64 = 1.1;

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// Worker threads.
    Workers,
    /// Brokers that lead the partitions, of which there are 64.
    Brokers,
    /// Kafka partitions of the topic.
    Partitions,
    /// Date partitions that are open at once, for each Kafka partition.
    Dates,
    /// Different keys in the dedup window.
    Window,
    /// Columns.
    Columns,
    /// Records of a partition's commit chain; only the start is measured, with nothing to read.
    Chain,
    /// Topics, each with a table of its own.
    Topics,
    /// Bytes of a record.
    Bytes,
}

impl Axis {
    /// The points that are measured if nothing else is said.
    #[must_use]
    pub const fn values(self) -> &'static [u32] {
        match self {
            Self::Workers => &[1, 2],
            Self::Brokers => &[1, 3, 10, 30],
            Self::Partitions => &[1, 4, 16, 64, 256, 1000],
            Self::Dates => &[1, 4, 16, 64, 300],
            Self::Window => &[1000, 10_000, 100_000, 1_000_000, 10_000_000],
            Self::Columns => &[10, 30, 100, 300, 1000],
            Self::Chain => &[1, 100, 10_000, 1_000_000],
            Self::Topics => &[1, 5, 50, 500],
            Self::Bytes => &[100, 1000, 10_000, 100_000, 1_000_000, 5_000_000],
        }
    }

    /// The head of its column.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Workers => "workers",
            Self::Brokers => "brokers",
            Self::Partitions => "partitions",
            Self::Dates => "open dates",
            Self::Window => "keys in the window",
            Self::Columns => "columns",
            Self::Chain => "chain records",
            Self::Topics => "topics",
            Self::Bytes => "record bytes",
        }
    }

    /// What is read at one point.
    ///
    /// # Errors
    /// When there cannot be as much of it.
    pub(super) fn contents(self, value: u32, shape: Shape, gigabytes: f64) -> Result<Contents> {
        let contents = Contents::of(shape, gigabytes);
        Ok(match self {
            Self::Workers => contents,
            Self::Brokers => Contents {
                brokers: value.try_into().context("so many brokers")?,
                partitions: 64,
                ..contents
            },
            Self::Partitions => Contents {
                partitions: value,
                ..contents
            },
            Self::Dates => Contents {
                days: value,
                ..contents
            },
            Self::Window => Contents {
                window_millis: i64::from(value * STEP_MILLIS),
                // So much that the window is full for a while.
                gigabytes: gigabytes.max(f64::from(value) * EVENT_BYTES * MARGIN / 1e9),
                ..contents
            },
            Self::Columns => Contents::of(Shape::Columns(value), gigabytes),
            Self::Chain => Contents {
                partitions: 1,
                // A chain covers at least one record with each of its own.
                gigabytes: f64::from(value) * EVENT_BYTES * MARGIN / 1e9 + 1e-4,
                ..contents
            },
            Self::Topics => Contents {
                topics: value,
                partitions: 1,
                ..contents
            },
            Self::Bytes => Contents::of(Shape::Bytes(value), gigabytes),
        })
    }

    /// Settings that go with it.
    pub(super) fn overrides(self, value: u32) -> Vec<String> {
        match self {
            Self::Workers => vec![format!("limits.threads={value}")],
            Self::Window => vec![format!(
                "topics.bench-a.dedup.window={}ms",
                value * STEP_MILLIS
            )],
            _ => Vec::new(),
        }
    }
}
