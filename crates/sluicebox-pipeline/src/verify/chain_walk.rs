use sluicebox_chain::{ChainId, CommitRecord, audit_link, audit_record, seq_of_path};

use super::file_check::check_files;
use super::{Known, PartitionProof, Problem, VerifyReport};
use crate::ports::{LakeStore, StoreError};

/// Keys asked for at once.
const PAGE: usize = 1_000;

/// Walks every chain below `prefix`, in the order of their paths.
pub(super) async fn walk(
    store: &dyn LakeStore,
    prefix: &str,
    report: &mut VerifyReport,
    known: &mut Known,
) -> Result<(), StoreError> {
    let mut walked: Option<Walk> = None;
    let mut after: Option<String> = None;
    loop {
        let page = store.list_control(prefix, after.as_deref(), PAGE).await?;
        let Some(last) = page.last().cloned() else {
            break;
        };
        for path in page.iter().filter(|path| seq_of_path(path).is_some()) {
            visit(store, path, &mut walked, report, known).await?;
        }
        after = Some(last);
    }
    if let Some(walk) = walked {
        walk.finish(store, report, known).await?;
    }
    Ok(())
}

/// One chain, its newest record not judged yet: whether a record is the newest is known only when
/// the next key is.
struct Walk {
    proof: PartitionProof,
    newest: CommitRecord,
}

async fn visit(
    store: &dyn LakeStore,
    path: &str,
    walked: &mut Option<Walk>,
    report: &mut VerifyReport,
    known: &mut Known,
) -> Result<(), StoreError> {
    let record = match read(store, path).await? {
        Ok(record) => record,
        Err(problem) => {
            let blamed = walked.as_mut().map(|walk| &mut walk.proof.problems);
            blamed.unwrap_or(&mut report.orphans).push(problem);
            return Ok(());
        }
    };
    match walked.take() {
        Some(mut walk) if walk.proof.chain == record.chain => {
            let links = audit_link(&walk.newest, &record);
            walk.proof
                .problems
                .extend(links.iter().map(|finding| problem(path, finding)));
            walk.judge(store, false, report, known).await?;
            walk.newest = record;
            *walked = Some(walk);
        }
        ended => {
            if let Some(walk) = ended {
                walk.finish(store, report, known).await?;
            }
            *walked = Some(Walk::start(record));
        }
    }
    Ok(())
}

impl Walk {
    fn start(first: CommitRecord) -> Self {
        let mut problems = Vec::new();
        if first.seq != 0 {
            let detail = format!("the chain starts at record {}, not at 0", first.seq);
            problems.push(Problem {
                path: first.path(),
                detail,
            });
        }
        let proof = PartitionProof {
            chain: first.chain.clone(),
            records: 0,
            start: first.range.start,
            end: first.range.end,
            files: 0,
            bytes: 0,
            counts: sluicebox_chain::Counts::default(),
            absent: 0,
            lost: 0,
            problems,
        };
        Self {
            proof,
            newest: first,
        }
    }

    async fn finish(
        mut self,
        store: &dyn LakeStore,
        report: &mut VerifyReport,
        known: &mut Known,
    ) -> Result<(), StoreError> {
        self.judge(store, true, report, known).await?;
        report.partitions.push(self.proof);
        Ok(())
    }

    async fn judge(
        &mut self,
        store: &dyn LakeStore,
        is_newest: bool,
        report: &mut VerifyReport,
        known: &mut Known,
    ) -> Result<(), StoreError> {
        let (record, proof) = (&self.newest, &mut self.proof);
        let path = record.path();
        proof.problems.extend(
            audit_record(record)
                .iter()
                .map(|finding| problem(&path, finding)),
        );
        proof.records += 1;
        proof.end = record.range.end;
        proof.counts += record.count;
        proof.absent += record.absent.len();
        let lost: i64 = record.gaps.iter().map(|gap| gap.end - gap.start).sum();
        proof.lost += lost.unsigned_abs();
        for file in &record.files {
            known.add(&file.path);
            proof.files += 1;
            proof.bytes += file.bytes;
        }
        let checked = check_files(store, record).await?;
        for missing in checked.missing {
            if is_newest {
                report.pending.push(missing);
            } else {
                let detail = "the file is missing".to_owned();
                proof.problems.push(Problem {
                    path: missing,
                    detail,
                });
            }
        }
        proof.problems.extend(checked.problems);
        Ok(())
    }
}

async fn read(
    store: &dyn LakeStore,
    path: &str,
) -> Result<Result<CommitRecord, Problem>, StoreError> {
    let unreadable = |detail: String| Problem {
        path: path.to_owned(),
        detail,
    };
    let Some(bytes) = store.get_control(path).await? else {
        return Ok(Err(unreadable(
            "the record is listed but cannot be read".to_owned(),
        )));
    };
    let parsed = CommitRecord::parse(path, &bytes).map_err(|error| unreadable(error.to_string()));
    Ok(parsed.and_then(|record| {
        let place: &ChainId = &record.chain;
        if place.path(record.seq) == path {
            return Ok(record);
        }
        Err(unreadable(format!(
            "the record says that it belongs at {}",
            record.path()
        )))
    }))
}

fn problem(path: &str, finding: &sluicebox_chain::Finding) -> Problem {
    Problem {
        path: path.to_owned(),
        detail: finding.to_string(),
    }
}
