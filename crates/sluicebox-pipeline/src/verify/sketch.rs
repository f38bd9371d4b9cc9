//! Two sets compared in fixed memory: each file that is seen once by record and once by listing
//! cancels out, for every bucket holds the exclusive or of its files' hashes. A bucket that is not
//! zero in the end has seen a file one way only. Which of its files that is must be asked of each of
//! them; that a file is overlooked takes a collision in 128 bits.

use xxhash_rust::xxh3::xxh3_128;

/// One MiB of buckets: a lake of ten million files has 150 in each, so one orphan costs the reading
/// of 150 footers.
const BUCKETS: usize = 1 << 16;

/// Which files were seen an odd number of times, up to their bucket.
#[derive(Debug)]
pub(super) struct Sketch {
    buckets: Vec<u128>,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            buckets: vec![0; BUCKETS],
        }
    }
}

impl Sketch {
    /// A file of this size is seen here.
    pub(super) fn see(&mut self, path: &str, bytes: u64) {
        let hash = hash(path, bytes);
        if let Some(bucket) = self.buckets.get_mut(index(hash)) {
            *bucket ^= hash;
        }
    }

    /// Whether every file was seen by both.
    pub(super) fn is_even(&self) -> bool {
        self.buckets.iter().all(|bucket| *bucket == 0)
    }

    /// Whether this file may have been seen by one only.
    pub(super) fn suspects(&self, path: &str, bytes: u64) -> bool {
        let bucket = self.buckets.get(index(hash(path, bytes)));
        bucket.is_some_and(|bucket| *bucket != 0)
    }
}

fn hash(path: &str, bytes: u64) -> u128 {
    xxh3_128(format!("{bytes}/{path}").as_bytes())
}

const fn index(hash: u128) -> usize {
    hash as usize % BUCKETS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever only one side has seen is suspected, and if there is nothing, nobody is.
        #[test]
        fn a_difference_is_never_overlooked(
            both in prop::collection::btree_set("[a-c]{1,4}", 0..200),
            one in prop::collection::btree_set("[d-f]{1,4}", 0..4),
        ) {
            let mut sketch = Sketch::default();
            for path in both.iter().chain(&one) {
                sketch.see(path, 7);
            }
            for path in both.iter().rev() {
                sketch.see(path, 7);
            }
            prop_assert_eq!(sketch.is_even(), one.is_empty());
            for path in &one {
                prop_assert!(sketch.suspects(path, 7));
            }
        }
    }

    /// A file that grew is another file.
    #[test]
    fn size_is_part_of_what_is_seen() {
        let mut sketch = Sketch::default();
        sketch.see("a", 7);
        sketch.see("a", 8);
        assert!(!sketch.is_even() && sketch.suspects("a", 8));
    }
}
