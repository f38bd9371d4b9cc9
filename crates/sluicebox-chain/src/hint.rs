use serde::{Deserialize, Serialize};
use sluicebox_types::Offset;
use uuid::Uuid;

use crate::record::Tail;

/// What stands in the metadata of the offset committed to Kafka: which record was published last.
/// It saves a listing, and it shows when the control tree went back in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The record's place in the chain.
    pub seq: u64,
    /// The record's attempt.
    pub id: Uuid,
    /// The end of its range: the committed offset itself.
    pub end: Offset,
}

impl Hint {
    /// The hint for a published tail.
    #[must_use]
    pub const fn of(tail: &Tail) -> Self {
        Self {
            seq: tail.seq,
            id: tail.id,
            end: tail.end,
        }
    }

    /// Reads commit metadata; none when another tool wrote it, or nobody.
    #[must_use]
    pub fn parse(metadata: &str) -> Option<Self> {
        serde_json::from_str(metadata).ok()
    }

    /// The text for the commit's metadata; far below Kafka's limit of 4,096 bytes.
    #[must_use]
    pub fn to_metadata(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
