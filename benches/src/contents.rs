//! What a topic is filled with.

use std::path::{Path, PathBuf};

use sluicebox_dedup::DEFAULT_LENGTH_MILLIS;

use crate::shapes::Shape;

/// How many records there are, what they look like, and how they are spread.
#[derive(Clone, Copy, Debug)]
pub struct Contents {
    /// What they look like.
    pub shape: Shape,
    /// About how much JSON, in units of 10⁹ bytes.
    pub gigabytes: f64,
    /// Over how many topics.
    pub topics: u32,
    /// Over how many partitions of each.
    pub partitions: u32,
    /// Over how many brokers these are spread, where the broker is ours.
    pub brokers: u16,
    /// Over how many days their event times go round.
    pub days: u32,
    /// How many in a thousand are malformed.
    pub malformed_per_thousand: u32,
    /// The dedup window, which holds every repeat.
    pub window_millis: i64,
}

impl Contents {
    /// One topic of four partitions on one broker, as in most figures.
    #[must_use]
    pub const fn of(shape: Shape, gigabytes: f64) -> Self {
        Self {
            shape,
            gigabytes,
            topics: 1,
            partitions: 4,
            brokers: 1,
            days: 1,
            malformed_per_thousand: 1,
            window_millis: DEFAULT_LENGTH_MILLIS,
        }
    }

    /// Partitions of all topics together.
    #[must_use]
    pub const fn all_partitions(&self) -> u32 {
        self.topics * self.partitions
    }

    /// The name of topic `index`.
    #[must_use]
    pub fn topic(&self, index: u32) -> String {
        let topic = self.shape.topic();
        if self.topics == 1 {
            topic
        } else {
            format!("{topic}-{index}")
        }
    }

    /// The config that ingests them: the shape's, or that of many topics like [`Shape::A`]'s.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        if self.topics == 1 {
            return self.shape.config();
        }
        Path::new(env!("CARGO_MANIFEST_DIR")).join("config/topics.yaml")
    }
}
