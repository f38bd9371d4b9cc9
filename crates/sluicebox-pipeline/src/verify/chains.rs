use std::collections::BTreeSet;

use futures::stream::TryStreamExt;
use sluicebox_chain::{CommitRecord, Finding, audit_link, audit_record};
use sluicebox_types::{DataFile, OffsetRange};

use super::files::{CheckedFiles, check_files};
use super::lake::Lake;
use super::records::{self, AtPath, Place};
use super::staging::Staging;
use super::tables::table_of;
use super::{Amount, Committed, PartitionProof, Problem, ProblemKind, Scope, VerifyReport, width};
use crate::ports::StoreError;

/// Records that are read and checked at the same time.
const RECORDS_AT_ONCE: usize = 8;
/// Ranges lost to retention that are told one by one; all of them are counted.
const GAPS_TOLD_MAX: usize = 1_000;

/// Walks every chain in scope, in the order of their paths.
pub(super) async fn walk(
    lake: &Lake<'_>,
    scope: &Scope<'_>,
    report: &mut VerifyReport,
    committed: &mut Committed,
) -> Result<(), StoreError> {
    let judged = records::places(lake, scope)
        .map_ok(|place| judge(lake, scope, place))
        .try_buffered(RECORDS_AT_ONCE);
    let mut judged = std::pin::pin!(judged);
    let mut walked: Option<Walk> = None;
    while let Some(next) = judged.try_next().await? {
        let mut walk = match walked.take() {
            Some(walk) if walk.proof.chain == next.place.chain => walk,
            ended => {
                report.partitions.extend(ended.map(|walk| walk.proof));
                Walk::start(&next)
            }
        };
        walk.add(next, report, committed);
        walked = Some(walk);
    }
    report.partitions.extend(walked.map(|walk| walk.proof));
    Ok(())
}

/// A record with what is wrong with it alone.
struct Judged {
    place: Place,
    record: Option<CommitRecord>,
    files: CheckedFiles,
    pending: Amount,
    staged: Option<Amount>,
    problems: Vec<Problem>,
}

async fn judge(lake: &Lake<'_>, scope: &Scope<'_>, place: Place) -> Result<Judged, StoreError> {
    let mut judged = Judged {
        place,
        record: None,
        files: CheckedFiles::default(),
        pending: Amount::default(),
        staged: None,
        problems: Vec::new(),
    };
    let path = judged.place.path();
    let record = match records::read(lake, &path).await? {
        AtPath::Record(record) => *record,
        AtPath::Nothing => return Ok(judged.unreadable("it is listed but cannot be read")),
        AtPath::Unreadable(why) => return Ok(judged.unreadable(&why)),
    };
    for finding in audit_record(&record) {
        judged.problems.push(problem(&path, &finding));
    }
    judged.files = check_files(lake, scope, &record).await?;
    if judged.place.is_newest {
        judged.judge_end(lake, scope, &record).await?;
    } else {
        for file in missing(&record, &judged.files) {
            let detail = format!("it is not there, and {path} names it");
            let problem = Problem::new(ProblemKind::FileMissing, &file.path, detail);
            judged.problems.push(problem);
        }
    }
    judged.problems.append(&mut judged.files.problems);
    judged.record = Some(record);
    Ok(judged)
}

impl Judged {
    fn unreadable(mut self, why: &str) -> Self {
        let detail = format!("{why}; its offsets and files cannot be judged");
        let problem = Problem::new(ProblemKind::RecordUnreadable, self.place.path(), detail);
        self.problems.push(problem);
        self
    }

    /// Judges what is missing of the newest record: it may wait for its publication.
    async fn judge_end(
        &mut self,
        lake: &Lake<'_>,
        scope: &Scope<'_>,
        record: &CommitRecord,
    ) -> Result<(), StoreError> {
        let folder = record.chain.prefix();
        let wanted = missing(record, &self.files);
        let staging = Staging::look(lake, &folder, &wanted).await?;
        let is_gone = |file: &&DataFile| {
            staging
                .as_ref()
                .is_some_and(|staging| !staging.may_hold(file))
        };
        if wanted.iter().any(is_gone) {
            // Published in the meantime, or gone.
            self.files = check_files(lake, scope, record).await?;
        }
        for file in missing(record, &self.files) {
            if is_gone(&file) {
                let detail = format!(
                    "it is neither visible nor staged, and {}, the newest record, names it",
                    record.path()
                );
                let problem = Problem::new(ProblemKind::StagedDataGone, &file.path, detail);
                self.problems.push(problem);
            } else {
                self.pending.add(file.bytes);
            }
        }
        self.staged = staging.map(|staging| staging.amount);
        Ok(())
    }
}

/// The files of a record that are not visible.
fn missing<'a>(record: &'a CommitRecord, files: &CheckedFiles) -> Vec<&'a DataFile> {
    let is_missing = |file: &&DataFile| files.missing.contains(&file.path);
    record.files.iter().filter(is_missing).collect()
}

/// One chain, as far as it was walked.
struct Walk {
    proof: PartitionProof,
    before: Option<(u64, Option<CommitRecord>)>,
}

impl Walk {
    fn start(first: &Judged) -> Self {
        let nothing = OffsetRange::new(0, 0);
        let range = first.record.as_ref().map_or(nothing, |record| record.range);
        Self {
            proof: PartitionProof::new(first.place.chain.clone(), range),
            before: None,
        }
    }

    fn add(&mut self, judged: Judged, report: &mut VerifyReport, committed: &mut Committed) {
        let links = self.link(&judged);
        for problem in links.into_iter().chain(judged.problems) {
            self.proof.problems += 1;
            report.tell(problem);
        }
        if let Some(record) = &judged.record {
            self.count(record);
            committed.tables.extend(tables(record));
        }
        for file in &judged.files.visible {
            committed.files.see(&file.path, file.bytes);
        }
        self.proof.records += 1;
        self.proof.files_without_offsets += judged.files.without_offsets;
        self.proof.pending = judged.pending;
        self.proof.staged = judged.staged;
        self.before = Some((judged.place.seq, judged.record));
    }

    /// What is wrong between a record and the one before it.
    fn link(&self, judged: &Judged) -> Vec<Problem> {
        let (path, seq) = (judged.place.path(), judged.place.seq);
        let missing = |detail| vec![Problem::new(ProblemKind::RecordMissing, &path, detail)];
        let Some((before, record_before)) = &self.before else {
            return match seq {
                0 => Vec::new(),
                _ => missing(format!("the chain begins with record {seq}, not with 0")),
            };
        };
        let wanted = before.saturating_add(1);
        if seq != wanted {
            let last = seq.saturating_sub(1);
            return missing(format!(
                "of the records before it, {wanted} to {last} are missing"
            ));
        }
        match (record_before, &judged.record) {
            (Some(before), Some(record)) => audit_link(before, record)
                .iter()
                .map(|finding| problem(&path, finding))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn count(&mut self, record: &CommitRecord) {
        let proof = &mut self.proof;
        proof.end = record.range.end;
        proof.counts += record.count;
        proof.absent = proof.absent.saturating_add(record.absent.len());
        for file in &record.files {
            proof.files += 1;
            proof.bytes = proof.bytes.saturating_add(file.bytes);
        }
        for gap in &record.gaps {
            proof.lost = proof.lost.saturating_add(width(gap));
            let has_room = proof.gaps.len() < GAPS_TOLD_MAX;
            match proof.gaps.last_mut() {
                Some(last) if last.end == gap.start => last.end = gap.end,
                _ if has_room => proof.gaps.push(*gap),
                _ => {}
            }
        }
    }
}

fn tables(record: &CommitRecord) -> BTreeSet<String> {
    let folders = record.files.iter().filter_map(|file| table_of(&file.path));
    folders.map(str::to_owned).collect()
}

fn problem(path: &str, finding: &Finding) -> Problem {
    let kind = match finding {
        Finding::Missing { .. } => ProblemKind::RecordMissing,
        Finding::Unbalanced { .. } => ProblemKind::FatesDiffer,
        Finding::WrongPredecessor { .. } | Finding::NotContiguous { .. } => {
            ProblemKind::RecordsContradict
        }
    };
    let detail = match finding {
        Finding::NotContiguous { start, end, .. } if start > end => {
            format!("offsets {end} to {start} are in no record: {finding}")
        }
        Finding::NotContiguous { start, end, .. } => {
            format!("offsets {start} to {end} are in two records: {finding}")
        }
        finding => finding.to_string(),
    };
    Problem::new(kind, path, detail)
}
