use serde::Serialize;
use sluicebox_chain::{ChainId, Counts};
use sluicebox_types::{Offset, OffsetRange};

/// Problems that are told one by one; the rest is counted.
const PROBLEMS_TOLD_MAX: usize = 10_000;

/// What was found. Its JSON is an interface: names stay, new ones may come.
#[derive(Debug, Default, Serialize)]
pub struct VerifyReport {
    /// Whether every file was compared with its checksum, or only small ones.
    pub checksums: bool,
    /// One entry per Kafka partition, ordered by topic and partition.
    pub partitions: Vec<PartitionProof>,
    /// What breaks the promise: the first 10,000.
    pub problems: Vec<Problem>,
    /// How much breaks it.
    pub problems_found: u64,
}

/// What is proved of one Kafka partition.
#[derive(Debug, Serialize)]
pub struct PartitionProof {
    /// Which chain.
    #[serde(flatten)]
    pub chain: ChainId,
    /// Records in the chain.
    pub records: u64,
    /// First offset covered.
    pub start: Offset,
    /// First offset not covered.
    pub end: Offset,
    /// Files named by the records.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What became of the records read.
    pub counts: Counts,
    /// Offsets at which Kafka held no record.
    pub absent: u64,
    /// Offsets lost to retention before they could be read.
    pub lost: u64,
    /// Where they are: the first 1,000 ranges.
    pub gaps: Vec<OffsetRange>,
    /// Files without the column `_kafka`: their rows are counted, not told apart.
    pub files_without_offsets: u64,
    /// Files of the newest record that are not visible yet: its writer, or the partition's next
    /// owner, publishes them.
    pub pending: Amount,
    /// What lies in the staging tree: pending files, and those that no record names, which are on
    /// their way or were left by a crash and go with the next commit. None where the store cannot
    /// tell.
    pub staged: Option<Amount>,
    /// Files that readers see although no record names them.
    pub orphans: Amount,
    /// How many of the problems are its own.
    pub problems: u64,
}

/// A number of files with their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How many.
    pub files: u64,
    /// Bytes of all together.
    pub bytes: u64,
}

/// One thing that breaks the promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// The file or record, as a path below the lake's or the control tree's root.
    pub path: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What can break the promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// There are files of a chain, and no chain.
    ChainLost,
    /// A chain has a hole, or lacks its beginning.
    RecordMissing,
    /// A record is there and makes no sense.
    RecordUnreadable,
    /// Two records cover the same offsets, leave some out, or do not follow each other.
    RecordsContradict,
    /// The offsets of a record do not have one fate each.
    FatesDiffer,
    /// A committed and published file is not there.
    FileMissing,
    /// A committed file is not what was committed.
    FileChanged,
    /// A file of the newest record is neither visible nor staged.
    StagedDataGone,
    /// Readers see a file of an attempt that no record tells of.
    FileUncommitted,
    /// Readers see a file and its copy.
    FileCopied,
    /// Readers see a file in a table that Sluicebox did not write.
    FileForeign,
}

impl VerifyReport {
    /// Whether nothing breaks the promise.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.problems_found == 0
    }

    pub(super) fn tell(&mut self, problem: Problem) {
        self.problems_found += 1;
        if self.problems.len() < PROBLEMS_TOLD_MAX {
            self.problems.push(problem);
        }
    }
}

impl PartitionProof {
    /// Nothing but the offsets that it covers.
    pub(super) fn new(chain: ChainId, covers: OffsetRange) -> Self {
        Self {
            chain,
            records: 0,
            start: covers.start,
            end: covers.end,
            files: 0,
            bytes: 0,
            counts: Counts::default(),
            absent: 0,
            lost: 0,
            gaps: Vec::new(),
            files_without_offsets: 0,
            pending: Amount::default(),
            staged: None,
            orphans: Amount::default(),
            problems: 0,
        }
    }
}

impl Amount {
    pub(super) const fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Problem {
    pub(super) fn new(
        kind: ProblemKind,
        path: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            path: path.into(),
            detail: detail.into(),
        }
    }
}

impl ProblemKind {
    /// Its name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChainLost => "chain_lost",
            Self::RecordMissing => "record_missing",
            Self::RecordUnreadable => "record_unreadable",
            Self::RecordsContradict => "records_contradict",
            Self::FatesDiffer => "fates_differ",
            Self::FileMissing => "file_missing",
            Self::FileChanged => "file_changed",
            Self::StagedDataGone => "staged_data_gone",
            Self::FileUncommitted => "file_uncommitted",
            Self::FileCopied => "file_copied",
            Self::FileForeign => "file_foreign",
        }
    }

    /// What a person should do about it.
    #[must_use]
    pub const fn cure(self) -> &'static str {
        match self {
            Self::ChainLost => {
                "Do not start the pipeline: without its chain it may begin anew and write rows that \
                 are there already. Check `name` and `lake.control` first: do they still say where \
                 the chain is? If it is lost, restore the newest state of the control tree from a \
                 backup. If there is none, move the files of its offsets out of the lake before \
                 they are ingested again."
            }
            Self::RecordMissing | Self::RecordUnreadable => {
                "Restore the record from a backup or an older object version; records never change, \
                 so any copy will do. Then look for what touched the control tree: Sluicebox never \
                 removes or rewrites a record, no life-cycle rule or clean-up may reach it."
            }
            Self::RecordsContradict | Self::FatesDiffer => {
                "Stop the pipeline and keep a copy of the control tree. Were records restored from \
                 backups of different times, edited by hand, or written by two pipelines with one \
                 `name` and `lake.control`? If not, it is a bug: report it with this output."
            }
            Self::FileMissing => {
                "Put the file back at its path from a backup or an older object version. Without \
                 it, readers miss the rows of its record's offsets. Then look for what removed it: \
                 Sluicebox never removes a committed file, so it was a life-cycle rule, a retention \
                 job or a person."
            }
            Self::FileChanged => {
                "Put the original back at its path from a backup or an older object version, and \
                 look for what changed it: Sluicebox never writes a file twice."
            }
            Self::StagedDataGone => {
                "The partition halts at its next start. A life-cycle rule or a clean-up removed \
                 what was staged: give such rules at least 7 days. Restore the staged file, or move \
                 this record's visible files out of the lake and delete the record (the newest) to \
                 read its offsets again."
            }
            Self::FileUncommitted => {
                "Readers count its rows, and no record accounts for them. Was the control tree \
                 restored from an older backup? Then restore its newest state first, which may name \
                 the file. If not, move the file out of the lake: its offsets are in the files of \
                 another attempt, or will be ingested again."
            }
            Self::FileCopied => "Readers see its rows twice. Move the copy out of the lake.",
            Self::FileForeign => {
                "Readers of the table see it. Move it out of the table's folder; if it is a damaged \
                 file of Sluicebox, restore it."
            }
        }
    }
}
