use std::time::Duration;

use sluicebox_types::{Offset, SourceRecord, TopicPartition};

/// One worker's end of the source: the fetched records of the partitions that were routed to it.
///
/// MUST hand out the records of one partition in offset order, each once per assignment. MUST NOT
/// hand out records of a partition that was revoked, or that were fetched before a
/// [`SourceControl::resume_at`] which has returned. MAY mix partitions in one batch.
pub trait RecordQueue: Send {
    /// What [`poll`](Self::poll) fills.
    type Batch: SourceBatch;

    /// Takes at most `records_max` records that are already fetched; waits up to `timeout` for the
    /// first one. Returns an empty batch when there is none.
    fn poll(&mut self, records_max: usize, timeout: Duration) -> Self::Batch;
}

/// Records borrowed from the client; its memory is given back when the batch is dropped.
pub trait SourceBatch {
    /// How many events there are.
    fn len(&self) -> usize;

    /// Whether there is no event.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The event at `index`, in the order in which the client gave them; `None` past the end.
    fn event(&self, index: usize) -> Option<SourceEvent<'_>>;
}

/// One thing that a partition's queue holds.
#[derive(Debug)]
pub enum SourceEvent<'a> {
    /// A record.
    Record(&'a TopicPartition, SourceRecord<'a>),
    /// The reader has caught up: the next record, if one comes, has this offset or a larger one.
    EndOfPartition(&'a TopicPartition, Offset),
    /// The partition cannot be read on; the text says why and what to do.
    Failed(&'a TopicPartition, SourceError),
}

/// What Kafka knows of a partition when it is assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// Which partition.
    pub partition: TopicPartition,
    /// Kafka's id of the topic, which a topic that is made anew does not share; none where the
    /// brokers know none.
    pub topic_id: Option<String>,
    /// The group's committed offset, if there is one.
    pub committed: Option<Committed>,
    /// First offset that still exists.
    pub low: Offset,
    /// The offset after the last readable record (high watermark).
    pub high: Offset,
    /// Where the configuration wants to start if nothing was ever committed.
    pub configured_start: Offset,
}

/// A committed offset with the text that was committed beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The offset of the next record to read.
    pub offset: Offset,
    /// At most 4,096 bytes, written by [`SourceControl::commit`]; empty if another tool committed.
    pub metadata: String,
}

/// Where reading of an assigned partition begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At this offset; its records go to this worker's queue.
    Offset {
        /// First offset to fetch.
        offset: Offset,
        /// Index of the worker.
        worker: usize,
    },
    /// Not yet: owned, but paused until [`SourceControl::resume_at`].
    Parked {
        /// Index of the worker that will get its records.
        worker: usize,
    },
}

/// The driver's side of a rebalance. Called on the polling thread, inside the rebalance callback,
/// so that start positions are set before the first fetch and no seek can race with one.
pub trait AssignmentHandler: Send + Sync {
    /// These partitions are now ours. Returns one start for each, in the same order. MUST return
    /// within the time that the group allows between two polls.
    fn assigned(&self, partitions: &[TopicPartition]) -> Vec<StartAt>;

    /// These partitions go away. When `lost`, somebody else may own them already: what is not
    /// committed is dropped. Otherwise what was read is committed first, up to a deadline.
    fn revoked(&self, partitions: &[TopicPartition], lost: bool);

    /// Called about once a second on the polling thread: shows that polling goes on.
    fn polled(&self);
}

/// What the driver asks of the consumer. Every call may block for a network round trip.
pub trait SourceControl: Send + Sync + std::fmt::Debug {
    /// Reads committed offsets, watermarks and configured starts; one entry per partition, in
    /// order.
    ///
    /// For partitions that the group has assigned: a client that has not found its group yet may
    /// wait for the whole time-out.
    ///
    /// # Errors
    /// When the brokers do not answer in time; asking again later is right.
    fn describe(&self, partitions: &[TopicPartition]) -> Result<Vec<PartitionState>, SourceError>;

    /// All partitions that there are of the topics that are read, whichever member of the group
    /// reads them.
    ///
    /// # Errors
    /// When the brokers do not answer in time; asking again later is right.
    fn partitions(&self) -> Result<Vec<TopicPartition>, SourceError>;

    /// Kafka's id of a topic as it is now; none where the brokers know none or do not answer.
    fn topic_id(&self, topic: &str) -> Option<String>;

    /// Commits `offset` with `metadata` for the group, without waiting for the answer. Best effort:
    /// the chain is the truth, so a failure is only logged and counted.
    fn commit(&self, partition: &TopicPartition, offset: Offset, metadata: &str);

    /// Waits until the commits made so far are answered, at most `timeout`.
    fn flush_commits(&self, timeout: Duration);

    /// Moves a parked partition to `offset` and lets it be fetched. When this returns `Ok`, no
    /// record fetched before the call will be handed out by a later `poll`.
    ///
    /// # Errors
    /// When the partition is no longer ours or the client refuses.
    fn resume_at(&self, partition: &TopicPartition, offset: Offset) -> Result<(), SourceError>;

    /// The offset after the last record that the brokers were heard to hold: what the last fetch
    /// told, without asking anybody. `None` before that.
    fn log_end(&self, partition: &TopicPartition) -> Option<Offset>;

    /// Stops fetching these partitions (they stay ours).
    fn pause(&self, partitions: &[TopicPartition]);
}

/// Why Kafka did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// May heal by itself: ask again.
    #[error("{0}")]
    Transient(String),
    /// The place in the log has to be found again: the offset to read from does not exist
    /// (retention passed it, or the topic is another one), or the client left records out.
    #[error("{0}")]
    OffsetOutOfRange(String),
    /// Kafka refuses until a person grants a right; the text names it. The client asks again by
    /// itself, and goes on where it was.
    #[error("{0}")]
    Forbidden(String),
    /// Needs a person; the text names the thing and the cure.
    #[error("{0}")]
    Permanent(String),
}
