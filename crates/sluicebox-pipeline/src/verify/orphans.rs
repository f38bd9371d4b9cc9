use std::collections::BTreeSet;

use futures::stream::{self, StreamExt, TryStreamExt};
use sluicebox_chain::{ChainId, CommitRecord};
use sluicebox_parquet::Lineage;
use sluicebox_types::OffsetRange;

use super::file::{Fault, lineage, read_tail};
use super::lake::Lake;
use super::records::{self, AtPath};
use super::tables::{TableFiles, is_named_like_ours};
use super::{Committed, PartitionProof, Problem, ProblemKind, Scope, VerifyReport};
use crate::ports::{LakeObject, StoreError};

/// Suspects that are judged at the same time.
const FILES_AT_ONCE: usize = 8;

/// Finds the files that readers see although no record names them, and those that are not as they
/// were committed. Files of other pipelines are theirs to judge.
pub(super) async fn find(
    lake: &Lake<'_>,
    scope: &Scope<'_>,
    report: &mut VerifyReport,
    committed: Committed,
) -> Result<(), StoreError> {
    let Committed { mut files, tables } = committed;
    let mut listing = TableFiles::new(lake, scope, tables);
    while let Some(page) = listing.page().await? {
        for file in page.iter().filter(|file| !is_marker(file)) {
            files.see(&file.path, file.bytes);
        }
    }
    if files.is_even() {
        return Ok(());
    }
    listing.restart();
    let told: BTreeSet<String> = report
        .problems
        .iter()
        .map(|told| told.path.clone())
        .collect();
    while let Some(page) = listing.page().await? {
        let suspects = page.into_iter().filter(|file| {
            files.suspects(&file.path, file.bytes) && !is_marker(file) && !told.contains(&file.path)
        });
        let suspects: Vec<_> = suspects.map(|file| judge(lake, scope, file)).collect();
        let mut judged = stream::iter(suspects).buffered(FILES_AT_ONCE);
        while let Some(suspect) = judged.try_next().await? {
            if let Some(found) = suspect {
                found.tell(report);
            }
        }
    }
    name_lost_chains(lake, report).await
}

/// Whether a file says that its folder is complete; engines pass over it.
fn is_marker(file: &LakeObject) -> bool {
    file.path.ends_with("/_SUCCESS")
}

/// A file that is not as any record has it.
struct Found {
    problem: Problem,
    bytes: u64,
    /// Whose it is, as its footer says.
    origin: Option<(ChainId, OffsetRange)>,
}

async fn judge(
    lake: &Lake<'_>,
    scope: &Scope<'_>,
    file: LakeObject,
) -> Result<Option<Found>, StoreError> {
    let found = |kind, detail: String, origin| Found {
        problem: Problem::new(kind, &file.path, detail),
        bytes: file.bytes,
        origin,
    };
    let tail = read_tail(lake, &file.path, file.bytes).await;
    let lineage = match tail.and_then(|tail| lineage(&tail)) {
        Ok(lineage) => lineage,
        Err(Fault::Store(error)) => return Err(error),
        // Removed or replaced just now.
        Err(Fault::Missing | Fault::OtherSize(_)) => return Ok(None),
        Err(Fault::Damaged(why)) => {
            let (kind, detail) = nameless(&file, &why);
            return Ok(Some(found(kind, detail, None)));
        }
    };
    if !scope.is_of(&lineage.pipeline, &lineage.topic) {
        return Ok(None);
    }
    let verdict = compare(lake, &file, &lineage).await?;
    Ok(verdict.map(|(kind, detail)| {
        let chain = ChainId {
            pipeline: lineage.pipeline,
            topic: lineage.topic,
            partition: lineage.partition,
        };
        let is_orphan = kind != ProblemKind::FileChanged;
        found(kind, detail, is_orphan.then_some((chain, lineage.range)))
    }))
}

/// A file whose footer does not say where it comes from.
fn nameless(file: &LakeObject, why: &str) -> (ProblemKind, String) {
    let bytes = file.bytes;
    match is_named_like_ours(&file.path) {
        true => {
            let detail = format!("no record gives it its {bytes} bytes, and {why}");
            (ProblemKind::FileChanged, detail)
        }
        false => {
            let detail = format!("no record names it, and {why}");
            (ProblemKind::FileForeign, detail)
        }
    }
}

/// Compares a file with the record that its footer names.
async fn compare(
    lake: &Lake<'_>,
    file: &LakeObject,
    lineage: &Lineage,
) -> Result<Option<(ProblemKind, String)>, StoreError> {
    let Some((_, path)) = records::of_commit(&lineage.commit_id) else {
        let detail = format!(
            "no record names it, and its footer names none: {}",
            lineage.commit_id
        );
        return Ok(Some((ProblemKind::FileUncommitted, detail)));
    };
    let record = match records::read(lake, &path).await? {
        AtPath::Record(record) => *record,
        // Told as a record.
        AtPath::Unreadable(_) => return Ok(None),
        AtPath::Nothing => {
            let detail = format!("no record names it: its footer names {path}, which is not there");
            return Ok(Some((ProblemKind::FileUncommitted, detail)));
        }
    };
    let Some(committed) = record.files.iter().find(|named| named.path == file.path) else {
        return Ok(Some(unnamed(file, &record)));
    };
    let detail = || {
        format!(
            "it has {} bytes, its record says {}",
            file.bytes, committed.bytes
        )
    };
    Ok((committed.bytes != file.bytes).then(|| (ProblemKind::FileChanged, detail())))
}

/// A file that its record does not name: the attempt in its name tells whether the record has one
/// like it.
fn unnamed(file: &LakeObject, record: &CommitRecord) -> (ProblemKind, String) {
    let (path, attempt) = (record.path(), format!("-{:08x}-", record.id.as_fields().0));
    let name = file.path.rsplit('/').next().unwrap_or_default();
    match name.contains(&attempt) {
        true => {
            let detail = format!("it is a copy of a file of {path}, which does not name it");
            (ProblemKind::FileCopied, detail)
        }
        false => {
            let detail =
                format!("no record names it: its footer names {path}, which has other files");
            (ProblemKind::FileUncommitted, detail)
        }
    }
}

impl Found {
    fn tell(self, report: &mut VerifyReport) {
        report.tell(self.problem);
        let Some((chain, range)) = self.origin else {
            return;
        };
        let known = report
            .partitions
            .iter()
            .position(|proof| proof.chain == chain);
        let known = known.unwrap_or_else(|| {
            report.partitions.push(PartitionProof::new(chain, range));
            report.partitions.len() - 1
        });
        let Some(proof) = report.partitions.get_mut(known) else {
            return;
        };
        proof.problems += 1;
        proof.orphans.add(self.bytes);
        if proof.records == 0 {
            proof.start = proof.start.min(range.start);
            proof.end = proof.end.max(range.end);
        }
    }
}

/// Chains that only their files tell of.
async fn name_lost_chains(lake: &Lake<'_>, report: &mut VerifyReport) -> Result<(), StoreError> {
    let mut lost = Vec::new();
    for proof in report
        .partitions
        .iter_mut()
        .filter(|proof| proof.records == 0)
    {
        let folder = proof.chain.prefix();
        if lake.list_control(&folder, None).await?.is_empty() {
            let (orphans, start, end) = (proof.orphans.files, proof.start, proof.end);
            let detail = format!(
                "there is no record at all, and {orphans} files of offsets {start} to {end} are in \
                 the lake"
            );
            proof.problems += 1;
            lost.push(Problem::new(ProblemKind::ChainLost, folder, detail));
        }
    }
    for problem in lost {
        report.tell(problem);
    }
    let place = |proof: &PartitionProof| (proof.chain.topic.clone(), proof.chain.partition);
    report.partitions.sort_by_key(place);
    Ok(())
}
