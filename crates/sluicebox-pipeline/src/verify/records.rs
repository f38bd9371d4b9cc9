use std::collections::VecDeque;

use futures::stream::{self, Stream};
use sluicebox_chain::{ChainId, CommitRecord, seq_of_path};

use super::Scope;
use super::lake::Lake;
use crate::ports::StoreError;

/// Where a listed record is.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) chain: ChainId,
    pub(super) seq: u64,
    /// Whether the listing had none after it.
    pub(super) is_newest: bool,
}

impl Place {
    pub(super) fn path(&self) -> String {
        self.chain.path(self.seq)
    }
}

/// The places of all records in scope, chain by chain, in order.
pub(super) fn places<'a>(
    lake: &'a Lake<'a>,
    scope: &Scope<'_>,
) -> impl Stream<Item = Result<Place, StoreError>> + 'a {
    let pipeline = scope.pipeline;
    let prefix = scope.topic.map_or_else(
        || format!("{pipeline}/"),
        |topic| format!("{pipeline}/{topic}/"),
    );
    let listing = Listing {
        lake,
        prefix,
        after: None,
        ahead: VecDeque::new(),
        ended: false,
    };
    stream::try_unfold(listing, async |mut listing| {
        Ok(listing.next().await?.map(|place| (place, listing)))
    })
}

/// What is at a record's path.
#[derive(Debug)]
pub(super) enum AtPath {
    Record(Box<CommitRecord>),
    Nothing,
    /// Something else, for this reason.
    Unreadable(String),
}

/// Reads the record at a path.
pub(super) async fn read(lake: &Lake<'_>, path: &str) -> Result<AtPath, StoreError> {
    let Some(bytes) = lake.get_control(path).await? else {
        return Ok(AtPath::Nothing);
    };
    Ok(match CommitRecord::parse(path, &bytes) {
        Err(error) => AtPath::Unreadable(error.to_string()),
        Ok(record) if record.path() == path => AtPath::Record(Box::new(record)),
        Ok(record) => AtPath::Unreadable(format!("it says that it belongs at {}", record.path())),
    })
}

/// Walks a listing one record ahead, to know which are the newest.
struct Listing<'a> {
    lake: &'a Lake<'a>,
    prefix: String,
    after: Option<String>,
    ahead: VecDeque<(ChainId, u64)>,
    ended: bool,
}

impl Listing<'_> {
    async fn next(&mut self) -> Result<Option<Place>, StoreError> {
        while self.ahead.len() < 2 && !self.ended {
            self.turn_page().await?;
        }
        let Some((chain, seq)) = self.ahead.pop_front() else {
            return Ok(None);
        };
        let next = self.ahead.front();
        let is_newest = next.is_none_or(|(of_next, _)| *of_next != chain);
        Ok(Some(Place {
            chain,
            seq,
            is_newest,
        }))
    }

    async fn turn_page(&mut self) -> Result<(), StoreError> {
        let after = self.after.as_deref();
        let page = self.lake.list_control(&self.prefix, after).await?;
        self.ahead
            .extend(page.iter().filter_map(|path| parse(path)));
        match page.into_iter().next_back() {
            Some(last) => self.after = Some(last),
            None => self.ended = true,
        }
        Ok(())
    }
}

/// Chain and number of a record by its path; none for other control objects.
fn parse(path: &str) -> Option<(ChainId, u64)> {
    let seq = seq_of_path(path)?;
    let (folder, _) = path.rsplit_once("/c/")?;
    let (topic, partition) = folder.rsplit_once("/p")?;
    let (pipeline, topic) = topic.rsplit_once('/')?;
    let chain = ChainId {
        pipeline: pipeline.to_owned(),
        topic: topic.to_owned(),
        partition: partition.parse().ok()?,
    };
    (chain.path(seq) == path).then_some((chain, seq))
}

/// The path of the record that a footer's `commit_id` names: `pipeline/topic[partition]/seq`.
pub(super) fn of_commit(commit_id: &str) -> Option<(ChainId, String)> {
    let (chain, seq) = commit_id.rsplit_once('/')?;
    let (pipeline, partition) = chain.split_once('/')?;
    let (topic, partition) = partition.strip_suffix(']')?.rsplit_once('[')?;
    let chain = ChainId {
        pipeline: pipeline.to_owned(),
        topic: topic.to_owned(),
        partition: partition.parse().ok()?,
    };
    let path = chain.path(seq.parse().ok()?);
    Some((chain, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records are told from the other objects of a control tree, and found by what a footer says.
    #[test]
    fn records_are_known_by_their_paths() {
        let chain = ChainId {
            pipeline: "flights".to_owned(),
            topic: "raw.p0-c".to_owned(),
            partition: 12,
        };
        let path = chain.path(7);
        assert_eq!(parse(&path), Some((chain.clone(), 7)));
        let named = of_commit(&format!("{chain}/7"));
        assert_eq!(named, Some((chain, path)));
        for path in [
            "flights/raw/p00012/notify/00000000000000000007.json",
            "flights/raw/p12/c/00000000000000000/00000000000000000007.json",
            "flights/raw/p00012/c/00000000000000001/00000000000000000007.json",
            "flights/raw/p00012/c/00000000000000000007.json",
            "flights/raw/seals/s7.json",
            "flights/raw/seals/00000000000000000007.json",
            "p00012/c/00000000000000000/00000000000000000007.json",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
