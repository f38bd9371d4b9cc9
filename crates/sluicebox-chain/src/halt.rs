use sluicebox_types::Offset;

use crate::record::ChainId;

/// Why a partition must not be read or written on until a person has looked: going on would lose
/// or double records. Each text names the thing and the cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// Kafka remembers a commit that the chain does not hold.
    #[error(
        "{chain}: the control tree went back in time: Kafka's offset names record {hinted}, the \
         newest in the chain is {found}. Stop all instances, and restore the newest state of the \
         control tree. If it is lost for good, delete the group's offsets of this topic and the \
         table's files, and start again"
    )]
    WentBack {
        /// Which chain.
        chain: ChainId,
        /// The record that Kafka names.
        hinted: String,
        /// The record that is there.
        found: String,
    },
    /// The control path belongs to another pipeline, or to another partition.
    #[error(
        "{chain}: {path} belongs to {owner}. Two pipelines must not share a control path: change \
         `name` or `lake.control`"
    )]
    Foreign {
        /// Which chain.
        chain: ChainId,
        /// The record's path.
        path: String,
        /// Whose it is.
        owner: String,
    },
    /// A record cannot be read.
    #[error("{chain}: {detail}. Restore the file from a backup of the control tree")]
    Unreadable {
        /// Which chain.
        chain: ChainId,
        /// What is wrong.
        detail: String,
    },
    /// What lies in the chain's folder is named like a record and is not where one would be.
    #[error(
        "{chain}: {path} is named like a record, but one of that number belongs at {place}. Move it \
         there if it is one, else out of the control tree"
    )]
    Misplaced {
        /// Which chain.
        chain: ChainId,
        /// Where it is.
        path: String,
        /// Where it would belong.
        place: String,
    },
    /// The listing named a record that is not there.
    #[error(
        "{chain}: record {seq} is listed but cannot be read. Something deletes from the control \
         tree: check life-cycle rules and clean-up jobs on it"
    )]
    Vanished {
        /// Which chain.
        chain: ChainId,
        /// The record.
        seq: u64,
    },
    /// The topic has another id than the one that the chain was made of.
    #[error(
        "{chain}: the chain was made of the topic with the id {was}, and the topic of this name has \
         the id {is}: it was deleted and created again. Give the pipeline a new `name`, or move the \
         old chain away, to ingest the new topic from its start"
    )]
    OtherTopic {
        /// Which chain.
        chain: ChainId,
        /// The id on record.
        was: String,
        /// The id that the brokers tell.
        is: String,
    },
    /// The topic ends before the chain does: it was deleted and made anew.
    #[error(
        "{chain}: the chain ends at offset {end}, but the topic ends at {high}: it was deleted and \
         created again. Give the pipeline a new `name`, or move the old chain away, to ingest the \
         new topic from its start"
    )]
    TopicRecreated {
        /// Which chain.
        chain: ChainId,
        /// Where the chain ends.
        end: Offset,
        /// Where the topic ends.
        high: Offset,
    },
    /// Reading is to begin where no record is.
    #[error(
        "{chain}: reading is to begin at offset {start}, but the topic ends at {high}. Correct \
         `start` in the config; if it was the group that committed this offset, delete the group's \
         offsets of this topic"
    )]
    StartsBehindEnd {
        /// Which chain.
        chain: ChainId,
        /// Where it is to begin.
        start: Offset,
        /// Where the topic ends.
        high: Offset,
    },
    /// Retention removed records that were never read.
    #[error(
        "{chain}: offsets {end} to {low} were removed by the topic's retention before they were \
         read. Set `kafka.retention_gap: skip_and_report` to go on at {low} with the loss on record"
    )]
    RetentionGap {
        /// Which chain.
        chain: ChainId,
        /// Where the chain ends.
        end: Offset,
        /// First offset that still exists.
        low: Offset,
    },
    /// A committed file is neither visible nor staged any more.
    #[error(
        "{chain}: {path} of record {seq} was committed but is neither visible nor staged any more. \
         A life-cycle rule that aborts uploads or a clean-up of the staging tree removed it: give \
         such rules at least 7 days. Restore the file. Or, to read its offsets again, delete every \
         file that {record} in the control tree names, then {record} itself, and start again",
        record = .chain.path(*.seq)
    )]
    DataGone {
        /// Which chain.
        chain: ChainId,
        /// The record.
        seq: u64,
        /// The file.
        path: String,
    },
    /// The driver gave an answer that its command cannot have. A programming error, kept from doing
    /// harm.
    #[error("{chain}: internal error: unexpected answer {answer} in {state}")]
    Confused {
        /// Which chain.
        chain: ChainId,
        /// The machine's state.
        state: &'static str,
        /// The answer.
        answer: String,
    },
}
