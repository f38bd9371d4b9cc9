use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sluicebox_chain::CommitRecord;
use sluicebox_pipeline::verify::{Scope, verify};
use sluicebox_types::FileKind;

use super::instance::Site;
use super::log::Fates;

/// Whether the chains hold everything that is in the log, and everything was told.
pub(super) fn is_committed(site: &Site) -> bool {
    let records = site.network.chains.records();
    // Ascending, so the newest record of a chain comes last.
    let ends = records
        .iter()
        .map(|record| (partition_of(record), record.range.end));
    let ends: BTreeMap<_, _> = ends.collect();
    let committed = (0..site.log.partitions())
        .all(|partition| ends.get(&partition) == Some(&site.log.end(partition)));
    let heard = site.heard.lock();
    committed && heard.is_of(&site.network.reader.golden()) && heard.seals.are_complete(&records)
}

/// Every record has the fate that the definitions give it, in the lake as in the chain.
pub(super) async fn judge(site: &Site) -> Result<(), String> {
    let reader = &site.network.reader;
    reader.look_again().await;
    reader.wrong().map_or(Ok(()), Err)?;
    let chains = by_partition(site.network.chains.records());
    for (partition, chain) in &chains {
        let is = Fates {
            golden: reader.rows(FileKind::Golden, *partition),
            rejected: reader.rows(FileKind::Quarantine, *partition),
            duplicates: offsets(chain, |record| &record.duplicates),
            skipped: offsets(chain, |record| &record.skipped),
        };
        let must = site.log.fates(*partition);
        let mut lost: BTreeSet<_> = chain.iter().flat_map(|record| lost(record)).collect();
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
    chain: &[Arc<CommitRecord>],
    of: impl Fn(&CommitRecord) -> &sluicebox_chain::OffsetSet,
) -> BTreeSet<i64> {
    let offsets =
        |record: &Arc<CommitRecord>| of(record).offsets(record.range.start).collect::<Vec<_>>();
    chain.iter().flat_map(offsets).collect()
}

fn by_partition(records: Vec<Arc<CommitRecord>>) -> BTreeMap<usize, Vec<Arc<CommitRecord>>> {
    let mut chains: BTreeMap<usize, Vec<Arc<CommitRecord>>> = BTreeMap::new();
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
