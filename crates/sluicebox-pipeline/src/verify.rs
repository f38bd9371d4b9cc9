//! Proves the promise from the lake alone: every offset of every chain has exactly one fate, and
//! every file is there, whole, once.
//!
//! ```text
//! records, in the order of their chains ─▶ each record's files: footer, offsets ─▶ staging of a chain's end
//!                                             │ what is there                          ▼
//!                                             ▼                                   PartitionProof
//! the tables' listing ─▶ what is in one of the two only ─▶ its footer, its record ─▶ orphans
//! ```
//!
//! **Memory** does not grow with the lake: records and listings are read page by page, a few at a
//! time, of files that are not small only the footer and the offsets. Whether the listing holds a
//! file that no record names is told by a `sketch` of fixed size.
//!
//! **While ingestion runs** nothing that a writer does looks like damage. Records and files never
//! change and never go, and what is read in which order does the rest:
//! 1. A chain's records are listed first and read later. One that had a successor in the listing
//!    was published before that successor could be created, so its files must be there by now. The
//!    newest one may be on its way: what is missing of it is pending.
//! 2. What is pending is looked for where it becomes visible, then in staging, then again where it
//!    becomes visible. A publish takes it from staging to there, never back; so what is found
//!    nowhere was nowhere. (Of an open upload nothing can be known: it stays pending.)
//! 3. Tables are listed after the chains were walked, so they may show files of records made since.
//!    A file that no walked record names is therefore judged by the record that its footer names:
//!    that was created before the file could be seen, so it is there when asked for now.
//! 4. What a writer or a sweep does to staging changes amounts, which are told and not judged. A
//!    chain that begins behind the walk is not judged either; its files are, by rule 3.
//!
//! What happens behind these steps' backs, other than by a writer, is damage, found now or next time.

mod report;
mod lake;
mod sketch;
mod records;
mod chains;
mod staging;
mod files;
mod file;
mod tables;
mod orphans;

use std::collections::BTreeSet;

use sluicebox_types::OffsetRange;

pub use self::report::{Amount, PartitionProof, Problem, ProblemKind, VerifyReport};

use self::lake::Lake;
use self::sketch::Sketch;
use crate::ports::{LakeStore, StoreError};

/// What to verify, and how closely.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The pipeline.
    pub pipeline: &'a str,
    /// One topic of it; all without it.
    pub topic: Option<&'a str>,
    /// Whether each file is read whole and compared with its checksum. Small files, which come with
    /// their footer, always are.
    pub checksums: bool,
}

impl<'a> Scope<'a> {
    /// Everything of a pipeline, to the last byte.
    #[must_use]
    pub const fn whole(pipeline: &'a str) -> Self {
        Self {
            pipeline,
            topic: None,
            checksums: true,
        }
    }

    fn is_of(&self, pipeline: &str, topic: &str) -> bool {
        self.pipeline == pipeline && self.topic.is_none_or(|own| own == topic)
    }
}

/// Verifies the chains in `scope` and the tables that they fill.
///
/// # Errors
/// When the store cannot be read; what is wrong *in* it is part of the report.
pub async fn verify(store: &dyn LakeStore, scope: &Scope<'_>) -> Result<VerifyReport, StoreError> {
    let lake = Lake::new(store);
    let mut report = VerifyReport {
        checksums: scope.checksums,
        ..VerifyReport::default()
    };
    let mut committed = Committed::default();
    chains::walk(&lake, scope, &mut report, &mut committed).await?;
    orphans::find(&lake, scope, &mut report, committed).await?;
    Ok(report)
}

/// The committed files that were seen, and the tables in which they lie.
#[derive(Debug, Default)]
struct Committed {
    files: Sketch,
    tables: BTreeSet<String>,
}

fn width(range: &OffsetRange) -> u64 {
    range.end.saturating_sub(range.start).unsigned_abs()
}
