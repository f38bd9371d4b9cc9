use sluicebox_dedup::{KeyError, KeyHasher, KeySpec, Window};
use sluicebox_types::{Reject, RejectReason};

use super::event_time::Timed;
use super::{Fate, Rows};

/// Rows in which repeats are marked.
#[derive(Debug)]
pub(crate) struct Unique(pub(crate) Timed);

/// Scratch space, kept from run to run.
#[derive(Debug, Default)]
pub(crate) struct DedupScratch {
    row_keys: Vec<Option<u128>>,
    rows: Vec<usize>,
    keys: Vec<u128>,
    clocks: Vec<i64>,
    duplicate: Vec<bool>,
}

/// Marks what the window has seen. Only rows that are golden so far enter the window.
///
/// # Errors
/// When the rows are not of the schema that the hasher was made for: a programming error.
pub(crate) fn mark(
    key: &KeySpec,
    hasher: Option<&mut KeyHasher>,
    window: &mut Window,
    scratch: &mut DedupScratch,
    mut timed: Timed,
) -> Result<Unique, KeyError> {
    scratch.row_keys.clear();
    match hasher {
        Some(hasher) => hasher.hash_rows(&timed.rows.batch, &mut scratch.row_keys)?,
        None => scratch
            .row_keys
            .extend(timed.rows.origins.iter().map(|origin| origin.key)),
    }
    collect_candidates(key, scratch, &mut timed.rows);
    scratch.duplicate.clear();
    window.check_batch(&scratch.keys, &scratch.clocks, &mut scratch.duplicate);
    for (row, duplicate) in scratch.rows.iter().zip(&scratch.duplicate) {
        if let (true, Some(fate)) = (duplicate, timed.rows.fates.get_mut(*row)) {
            *fate = Fate::Duplicate;
        }
    }
    Ok(Unique(timed))
}

fn collect_candidates(key: &KeySpec, scratch: &mut DedupScratch, rows: &mut Rows) {
    scratch.rows.clear();
    scratch.keys.clear();
    scratch.clocks.clear();
    for (row, row_key) in scratch.row_keys.iter().enumerate() {
        let Some((Fate::Golden, origin)) = rows.fates.get(row).zip(rows.origins.get(row)) else {
            continue;
        };
        match row_key {
            Some(row_key) => {
                scratch.rows.push(row);
                scratch.keys.push(*row_key);
                scratch.clocks.push(origin.clock_millis);
            }
            None => rows.reject(row, || missing(key)),
        }
    }
}

fn missing(key: &KeySpec) -> Reject {
    let message = match key {
        KeySpec::Fields(fields) => {
            format!("a field of the dedup key is null ({})", fields.join(", "))
        }
        KeySpec::RecordKey => "the record has no key, which is its dedup key".to_owned(),
        KeySpec::Header(name) => format!("the record lacks header `{name}`, its dedup key"),
        KeySpec::Payload => "the record has no value, which is its dedup key".to_owned(),
    };
    Reject::new(RejectReason::DedupKeyMissing, message)
}
