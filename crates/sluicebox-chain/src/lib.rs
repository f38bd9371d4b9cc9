//! The commit chain: exactly once in plain Parquet, as records and state machines without I/O.
//!
//! Each Kafka partition of a pipeline has a chain of small immutable records, made one after the
//! other by conditional create. A record fixes one offset range, the files of that range and what
//! became of every offset in it. Data is durable but invisible before its record exists; the chain
//! is the truth and the offset committed to Kafka only a hint.
//!
//! ```text
//! stage (invisible) → create record n+1 → list → publish files → commit Kafka offset → notify
//! ```
//!
//! [`Assign`] finds the tail when a partition is taken over, [`Commit`] appends to it. Both are told
//! answers and name the next [`Command`]; the driver performs it. So the same code runs in
//! production, in a simulation and under a model checker.
//!
//! Five rules hold it together. A caller or machine that breaks one breaks the promise:
//! 1. The outcome of a create is never guessed: any answer but "created" is read back.
//! 2. Staged data is not abandoned while the outcome of its create is unknown.
//! 3. Record n is published before n+1 is created, so a successor proves publication.
//! 4. The newest record is never pruned, and whoever won a slot or read the newest record lists once
//!    before it goes on: the slot may have been a pruned record's.
//! 5. Nobody removes a golden file before its record has a successor.
//!
//! Not here: stores, Kafka, Parquet, time and retries.

mod offset_set;
mod record;
mod hint;
mod command;
mod assign;
mod commit;
mod halt;
mod audit;

pub use assign::{Assign, AssignStep, Ownership};
pub use audit::{Finding, audit_link, audit_record};
pub use command::{Answer, Command};
pub use commit::{Commit, CommitStep};
pub use halt::Halt;
pub use hint::Hint;
pub use offset_set::{OffsetSet, OffsetSetError};
pub use record::{
    ChainId, CommitRecord, Counts, DedupResume, RecordError, RecordTable, Tail, Writer, seq_of_path,
};
