use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluicebox_types::Offset;

use crate::values::Timestamp;

/// Where to begin in a partition that has neither a commit chain nor an offset of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(inline, extend(
    "x-expected" = "earliest, latest, {timestamp: 2013-01-01T00:00:00Z} or {offsets: {topic: {0: 123}}}"
))]
pub enum StartPosition {
    /// At the first record there is.
    Earliest,
    /// At the end: only what comes from now on. Partitions and topics that are made while the
    /// pipeline runs are read from their first record.
    Latest,
    /// At the first record whose timestamp is not before this moment.
    Timestamp(Timestamp),
    /// At these offsets, by topic and partition; elsewhere at the earliest record.
    Offsets(
        #[schemars(with = "BTreeMap<String, BTreeMap<u32, u64>>")]
        BTreeMap<String, BTreeMap<i32, Offset>>,
    ),
}
