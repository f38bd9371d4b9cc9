use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A record's place in its Kafka partition. Never negative once a partition is being read.
pub type Offset = i64;

/// One partition of one Kafka topic. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name as Kafka spells it.
    pub topic: Arc<str>,
    /// Kafka's partition number.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    #[must_use]
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self {
            topic: topic.into(),
            partition,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.topic, self.partition)
    }
}

impl fmt::Debug for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Offsets `start..end`: `end` is exclusive. Offsets inside may be missing in Kafka (compaction,
/// transaction markers), so its width is no count of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetRange {
    /// First offset of the range.
    pub start: Offset,
    /// First offset after the range.
    pub end: Offset,
}

impl OffsetRange {
    /// The range `start..end`.
    #[must_use]
    pub const fn new(start: Offset, end: Offset) -> Self {
        Self { start, end }
    }

    /// Whether the range holds no offset.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Whether `offset` lies in the range.
    #[must_use]
    pub const fn contains(&self, offset: Offset) -> bool {
        self.start <= offset && offset < self.end
    }
}

impl fmt::Display for OffsetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}
