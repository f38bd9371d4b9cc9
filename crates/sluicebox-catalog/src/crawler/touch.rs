use std::fmt::Debug;
use std::sync::Arc;

use sluicebox_types::PartitionDate;

/// Somebody says that a partition of a table may have changed.
#[derive(Clone, Debug)]
pub struct Touch {
    /// The table's folder below the lake's root: `air/flights`.
    pub folder: String,
    /// The partition.
    pub date: PartitionDate,
    /// When the change was made, milliseconds since 1970-01-01 UTC, if that is known.
    pub committed_millis: Option<i64>,
    /// Held until the partition was looked at; see [`Receipt`].
    pub receipt: Option<Receipt>,
}

/// Whoever tells of a change may want to know when it is dealt with: when the last clone of this is
/// dropped. Something that fails again and again is let go of as well, and left to the next scan.
pub type Receipt = Arc<dyn Debug + Send + Sync>;
