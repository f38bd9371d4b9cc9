use sluicebox_types::Offset;

use crate::record::CommitRecord;

/// What a machine wants done next. A command that fails in passing (time-out, 503) is simply done
/// again by the driver; only a create's failure is an answer of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// List the sequence numbers after `after` (all when none), ascending, at most `limit`.
    List {
        /// Exclusive lower bound.
        after: Option<u64>,
        /// How many suffice.
        limit: usize,
    },
    /// Read one record.
    Get {
        /// Its place.
        seq: u64,
    },
    /// Make this record if its place is free.
    Create(Box<CommitRecord>),
    /// Make every file of this record visible.
    Publish(Box<CommitRecord>),
    /// Say where a partition without chain starts: the group's committed offset, else as
    /// configured; and in which topic that is.
    Start,
}

/// What came of a [`Command`].
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To `List`.
    Listed(Vec<u64>),
    /// To `Get`: the record, or nothing there.
    Got(Option<Box<CommitRecord>>),
    /// To `Get`: something is there that is no readable record; the text says what.
    Unreadable(String),
    /// To `List`: something is named like a record and lies elsewhere than that would. It may be of a
    /// chain of another layout, which must not be taken for an empty one.
    Misplaced {
        /// Where it is.
        path: String,
        /// Where it would belong.
        place: String,
    },
    /// To `Create`: this very request made it.
    Created,
    /// To `Create`: anything else, whatever the store said. It may have been made all the same.
    CreateUnclear,
    /// To `Publish`: all files are visible.
    Published,
    /// To `Publish`: this file and its staged data are both gone.
    StagedDataGone(String),
    /// To `Start`.
    StartsAt {
        /// The first offset to read.
        offset: Offset,
        /// Kafka's id of the topic, if it has one.
        topic_id: Option<String>,
    },
}
