//! What the first values of a column say about the best way to write all of them, in the runs that they
//! came in. Nulls count for nothing.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use snap::raw::{Encoder, max_compress_len};
use xxhash_rust::xxh3::xxh3_64;

/// Values that are looked at for repeats.
const VALUES: usize = 1_024;

/// With fewer values than this a sample says nothing about repeats.
const VALUES_MIN: usize = 64;

/// Bytes of values that are compressed for a trial; with fewer it says nothing, as matches take time
/// to show.
const TRIAL_BYTES: usize = 8 * 1024;

/// Whether more than half of the first values are repeats; none if there are too few to tell. A
/// short sample must be nearly free of repeats to count as free text, as repeats take time to show.
pub(crate) fn dictionary_pays(runs: &[&ArrayRef]) -> Option<bool> {
    let mut hashes = Vec::new();
    visit(runs, |value| {
        hashes.push(xxh3_64(value));
        hashes.len() >= VALUES
    });
    let values = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    let distinct = hashes.len();
    match values {
        VALUES.. => Some(distinct * 2 <= values),
        VALUES_MIN.. => Some(distinct * 10 <= values * 9),
        _ => None,
    }
}

/// Whether Snappy saves an eighth of the first values as Parquet's PLAIN has them; none if there are
/// too few to tell.
pub(crate) fn snappy_pays(runs: &[&ArrayRef]) -> Option<bool> {
    let has_lengths = runs
        .iter()
        .any(|run| matches!(run.data_type(), DataType::Utf8 | DataType::Binary));
    let mut plain = Vec::with_capacity(TRIAL_BYTES);
    visit(runs, |value| {
        if has_lengths {
            let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
            plain.extend_from_slice(&length.to_le_bytes());
        }
        let missing = TRIAL_BYTES.saturating_sub(plain.len());
        plain.extend_from_slice(value.get(..missing).unwrap_or(value));
        plain.len() >= TRIAL_BYTES
    });
    if plain.len() < TRIAL_BYTES {
        return None;
    }
    let mut compressed = vec![0; max_compress_len(plain.len())];
    let compressed = Encoder::new().compress(&plain, &mut compressed).ok()?;
    Some(compressed <= plain.len() / 8 * 7)
}

/// Shows the values of these runs in their order until one is enough. Booleans, which have no width in
/// bytes, are not shown: they never have a dictionary, and a page of them is small.
fn visit(runs: &[&ArrayRef], mut is_enough: impl FnMut(&[u8]) -> bool) {
    for run in runs {
        let has_enough = match run.data_type() {
            DataType::Utf8 => {
                let values = run.as_string::<i32>().iter().flatten();
                show(values.map(str::as_bytes), &mut is_enough)
            }
            DataType::Binary => show(run.as_binary::<i32>().iter().flatten(), &mut is_enough),
            fixed => fixed
                .primitive_width()
                .is_some_and(|width| visit_fixed_width(run, width, &mut is_enough)),
        };
        if has_enough {
            return;
        }
    }
}

fn visit_fixed_width(leaf: &ArrayRef, width: usize, is_enough: impl FnMut(&[u8]) -> bool) -> bool {
    let data = leaf.to_data();
    let buffer = data
        .buffers()
        .first()
        .map_or(&[][..], |buffer| buffer.as_slice());
    let values = buffer.chunks_exact(width).skip(data.offset());
    let rows = values.take(data.len()).enumerate();
    let present = rows.filter(|&(row, _)| data.is_valid(row));
    show(present.map(|(_, value)| value), is_enough)
}

/// Whether one was enough.
fn show<'a>(
    mut values: impl Iterator<Item = &'a [u8]>,
    is_enough: impl FnMut(&[u8]) -> bool,
) -> bool {
    values.any(is_enough)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BooleanArray, Int64Array, StringArray};

    use super::*;

    fn texts(rows: usize, distinct: usize) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            (0..rows).map(|row| format!("v{}", row % distinct)),
        ))
    }

    /// Hexadecimal digits that do not repeat, as those of random ids.
    fn ids(rows: u64) -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..rows).map(|row| {
            let [high, low] = [row, row + rows].map(|n| xxh3_64(&n.to_le_bytes()));
            format!("{high:016x}{low:016x}")
        })))
    }

    /// Free text gets no dictionary, names get one, and a handful of values decides nothing.
    #[test]
    fn repeats_decide_on_the_dictionary() {
        for (array, pays) in [
            (texts(5_000, 5_000), Some(false)),
            (texts(5_000, 600), Some(false)),
            (texts(5_000, 500), Some(true)),
            (texts(100, 100), Some(false)),
            (texts(100, 60), Some(true)),
            (texts(63, 63), None),
        ] {
            assert_eq!(dictionary_pays(&[&array]), pays);
        }
    }

    /// Random ids and numbers are left as they are; text and small numbers are worth it.
    #[test]
    fn a_trial_decides_on_snappy() {
        let random = |n: i64| i64::from_le_bytes(xxh3_64(&n.to_le_bytes()).to_le_bytes());
        for (array, pays) in [
            (ids(1_000), Some(false)),
            (ids(200), None),
            (texts(5_000, 5_000), Some(true)),
            (
                Arc::new((0..2_000).map(|n| Some(random(n))).collect::<Int64Array>()),
                Some(false),
            ),
            (
                Arc::new((0..2_000).map(Some).collect::<Int64Array>()),
                Some(true),
            ),
            (Arc::new(BooleanArray::from(vec![true; 90_000])), None),
        ] as [(ArrayRef, _); 6]
        {
            assert_eq!(snappy_pays(&[&array]), pays, "{}", array.data_type());
        }
    }

    /// Runs are judged together, as the values of one column.
    #[test]
    fn runs_are_one_sample() {
        let ids = ids(2_000);
        let [first, second] = [0, 1_000].map(|start| ids.slice(start, 40));
        assert_eq!(dictionary_pays(&[&first]), None);
        assert_eq!(dictionary_pays(&[&first, &second]), Some(false));
        assert_eq!(dictionary_pays(&[&first, &first]), Some(true));
        let runs = [0, 150].map(|start| ids.slice(start, 150));
        assert_eq!(snappy_pays(&[&runs[0], &runs[1]]), Some(false));
    }

    /// Numbers are judged like texts; nulls count for nothing.
    #[test]
    fn nulls_are_no_values() {
        let offsets: ArrayRef = Arc::new(Int64Array::from_iter_values(0..2_000));
        assert_eq!(dictionary_pays(&[&offsets.slice(500, 1_500)]), Some(false));
        let sparse: ArrayRef = Arc::new(
            (0..2_000)
                .map(|n| (n % 50 == 0).then_some(n))
                .collect::<Int64Array>(),
        );
        assert_eq!(
            (dictionary_pays(&[&sparse]), snappy_pays(&[&sparse])),
            (None, None)
        );
    }
}
