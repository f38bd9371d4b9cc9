use sluicebox_parquet::inspect::{read_footer, read_lineage};

use super::{Known, Problem};
use crate::ports::{LakeObject, LakeStore, StoreError};

/// Files asked for at once.
const PAGE: usize = 1_000;

/// Files that readers see although no record names them. Files of other pipelines are theirs to
/// judge.
pub(super) async fn find(
    store: &dyn LakeStore,
    pipeline: &str,
    topic: Option<&str>,
    known: &Known,
) -> Result<Vec<Problem>, StoreError> {
    let mut orphans = Vec::new();
    for prefix in &known.table_prefixes {
        let mut after: Option<String> = None;
        loop {
            let page = store.list_files(prefix, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = Some(last.path.clone());
            let unknown = |file: &&LakeObject| !known.has(&file.path) && !is_marker(&file.path);
            for file in page.iter().filter(unknown) {
                orphans.extend(judge(store, pipeline, topic, &file.path).await?);
            }
        }
    }
    Ok(orphans)
}

/// Whether a file says that its folder is complete; engines pass over it.
fn is_marker(path: &str) -> bool {
    path.ends_with("/_SUCCESS")
}

async fn judge(
    store: &dyn LakeStore,
    pipeline: &str,
    topic: Option<&str>,
    path: &str,
) -> Result<Option<Problem>, StoreError> {
    let orphan = |detail: String| {
        Some(Problem {
            path: path.to_owned(),
            detail,
        })
    };
    let Some(bytes) = store.read_file(path).await? else {
        return Ok(None);
    };
    let lineage = read_footer(&bytes)
        .ok()
        .and_then(|footer| read_lineage(&footer).ok());
    Ok(match lineage {
        Some(lineage) if lineage.pipeline != pipeline => None,
        Some(lineage) if topic.is_some_and(|topic| lineage.topic != topic) => None,
        // Made after its chain was walked.
        Some(lineage) if is_committed(store, &lineage.commit_id, path).await? => None,
        Some(lineage) => orphan(format!(
            "the file is in no commit, but readers see it; its footer names commit {}",
            lineage.commit_id
        )),
        None => orphan("the file lies in a table, but Sluicebox did not write it".to_owned()),
    })
}

/// `commit_id` is `pipeline/topic[partition]/seq`.
async fn is_committed(
    store: &dyn LakeStore,
    commit_id: &str,
    path: &str,
) -> Result<bool, StoreError> {
    let Some(record) = record_path(commit_id) else {
        return Ok(false);
    };
    let Some(bytes) = store.get_control(&record).await? else {
        return Ok(false);
    };
    let record = sluicebox_chain::CommitRecord::parse(&record, &bytes).ok();
    Ok(record.is_some_and(|record| record.files.iter().any(|file| file.path == path)))
}

fn record_path(commit_id: &str) -> Option<String> {
    let (chain, seq) = commit_id.rsplit_once('/')?;
    let (pipeline, partition) = chain.split_once('/')?;
    let (topic, partition) = partition.strip_suffix(']')?.rsplit_once('[')?;
    let chain = sluicebox_chain::ChainId {
        pipeline: pipeline.to_owned(),
        topic: topic.to_owned(),
        partition: partition.parse().ok()?,
    };
    Some(chain.path(seq.parse().ok()?))
}
