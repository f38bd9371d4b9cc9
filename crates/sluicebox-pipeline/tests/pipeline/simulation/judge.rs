use std::collections::{BTreeMap, BTreeSet};

use sluicebox_chain::CommitRecord;
use sluicebox_pipeline::verify::{Scope, verify};
use sluicebox_storage::memory::MemoryStore;
use sluicebox_types::FileKind;

use super::instance::Site;
use super::log::Fates;

/// Whether the chains hold everything that is in the log, and everything was told.
pub(super) fn is_committed(site: &Site) -> bool {
    let objects = site.network.store.control_objects();
    let mut ends = BTreeMap::new();
    // Ascending, so the newest record of a chain comes last.
    let newest: BTreeMap<_, _> = objects
        .iter()
        .filter_map(|(path, bytes)| Some((path.rsplit_once('/')?.0, (path, bytes))))
        .collect();
    for (path, bytes) in newest.into_values().filter(|(path, _)| is_record(path)) {
        let tail = CommitRecord::parse(path, bytes).expect("a record");
        ends.insert(partition_of(&tail), tail.range.end);
    }
    let committed = (0..site.log.partitions())
        .all(|partition| ends.get(&partition) == Some(&site.log.end(partition)));
    let heard = site.heard.lock();
    committed
        && heard.is_of(&site.network.reader.golden())
        && heard.seals.are_complete(&chains(&site.network.store))
}

/// Every record has the fate that the definitions give it, in the lake as in the chain.
pub(super) async fn judge(site: &Site) -> Result<(), String> {
    let reader = &site.network.reader;
    reader.look_again().await;
    reader.wrong().map_or(Ok(()), Err)?;
    let chains = by_partition(chains(&site.network.store));
    for (partition, chain) in &chains {
        let is = Fates {
            golden: reader.rows(FileKind::Golden, *partition),
            rejected: reader.rows(FileKind::Quarantine, *partition),
            duplicates: offsets(chain, |record| &record.duplicates),
            skipped: offsets(chain, |record| &record.skipped),
        };
        let must = site.log.fates(*partition);
        let mut lost: BTreeSet<_> = chain.iter().flat_map(lost).collect();
        // What retention had taken before there was a chain.
        lost.extend(0..chain.first().map_or(0, |genesis| genesis.range.start));
        let holds = match site.lossy {
            true => is.is_possible(&must, &lost),
            false => is == must && lost.is_empty(),
        };
        if !holds {
            return Err(format!("partition {partition}: {is:?} instead of {must:?}"));
        }
        let letters = site.letters.lock();
        let told: BTreeSet<_> = letters.iter().filter(|(of, _)| of == partition).collect();
        if let Some(offset) = is
            .rejected
            .iter()
            .find(|o| !told.contains(&(*partition, **o)))
        {
            return Err(format!(
                "partition {partition}: no dead letter for {offset}"
            ));
        }
    }
    let report = verify(&site.network.store, &Scope::whole("test")).await;
    let report = report.map_err(|error| error.to_string())?;
    match report.holds() {
        true => Ok(()),
        false => Err(format!("{report:#?}")),
    }
}

fn lost(record: &CommitRecord) -> impl Iterator<Item = i64> + '_ {
    record.gaps.iter().flat_map(|gap| gap.start..gap.end)
}

fn offsets(
    chain: &[CommitRecord],
    of: impl Fn(&CommitRecord) -> &sluicebox_chain::OffsetSet,
) -> BTreeSet<i64> {
    let offsets = |record| {
        let record: &CommitRecord = record;
        of(record).offsets(record.range.start).collect::<Vec<_>>()
    };
    chain.iter().flat_map(offsets).collect()
}

/// The records of all chains, each chain in its order.
pub(super) fn chains(store: &MemoryStore) -> Vec<CommitRecord> {
    let objects = store.control_objects();
    let records = objects.iter().filter(|(path, _)| is_record(path));
    records
        .map(|(path, bytes)| CommitRecord::parse(path, bytes).expect("a record"))
        .collect()
}

fn by_partition(records: Vec<CommitRecord>) -> BTreeMap<usize, Vec<CommitRecord>> {
    let mut chains: BTreeMap<usize, Vec<CommitRecord>> = BTreeMap::new();
    for record in records {
        chains
            .entry(partition_of(&record))
            .or_default()
            .push(record);
    }
    chains
}

fn partition_of(record: &CommitRecord) -> usize {
    usize::try_from(record.chain.partition).expect("not negative")
}

fn is_record(path: &str) -> bool {
    path.contains("/c/")
}
