use sluicebox_types::OffsetRange;
use uuid::Uuid;

use crate::{Compression, WriteError};

/// One cut of a Kafka partition: all of its open files end at the same offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Kafka's partition number.
    pub partition: i32,
    /// The offsets that the files account for.
    pub range: OffsetRange,
    /// The attempt to commit them. Its first 8 hex digits stand in every name, so that a late
    /// completion of another attempt cannot overwrite anything.
    pub attempt: Uuid,
    /// The id of the commit, for the footers.
    pub commit_id: String,
}

impl Cut {
    /// A cut that no file can be named after is refused: negative numbers, or no offsets at all.
    pub(crate) fn check(&self) -> Result<(), WriteError> {
        if self.partition < 0 || self.range.start < 0 || self.range.is_empty() {
            return Err(WriteError::InvalidCut {
                partition: self.partition,
                range: self.range,
            });
        }
        Ok(())
    }

    /// `p00012-<start>-<end>-<attempt>-<index>.snappy.parquet`. Names sort by partition, then by
    /// offset, and the tree can be audited for gaps and overlaps without the chain.
    pub(crate) fn file_name(&self, index: usize, compression: Compression) -> String {
        let OffsetRange { start, end } = self.range;
        let attempt = self.attempt.as_fields().0;
        format!(
            "p{:05}-{start:020}-{end:020}-{attempt:08x}-{index}.{}.parquet",
            self.partition,
            compression.as_str()
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(partition: i32, start: i64, end: i64, attempt: u128) -> Cut {
        Cut {
            partition,
            range: OffsetRange::new(start, end),
            attempt: Uuid::from_u128(attempt),
            commit_id: String::new(),
        }
    }

    #[test]
    fn name_says_partition_offsets_attempt_and_codec() {
        let cut = cut(12, 1_234_567, 1_299_999, 0x1a2b_3c4d << 96);
        assert_eq!(
            cut.file_name(3, Compression::Snappy),
            "p00012-00000000000001234567-00000000000001299999-1a2b3c4d-3.snappy.parquet"
        );
        assert!(
            cut.file_name(0, Compression::Zstd)
                .ends_with("-0.zstd.parquet")
        );
    }

    #[test]
    fn cuts_without_offsets_are_refused() {
        for cut in [
            cut(-1, 0, 1, 0),
            cut(0, -5, 1, 0),
            cut(0, 5, 5, 0),
            cut(0, 6, 5, 0),
        ] {
            assert!(
                matches!(cut.check(), Err(WriteError::InvalidCut { .. })),
                "{cut:?}"
            );
        }
    }

    proptest! {
        /// A listing gives the files of a partition in the order of their offsets.
        #[test]
        fn names_sort_by_offset(a in 0..i64::MAX, b in 0..i64::MAX, attempts: (u128, u128)) {
            let name = |start: i64, attempt| {
                cut(7, start, i64::MAX, attempt).file_name(0, Compression::Snappy)
            };
            prop_assume!(a != b);
            prop_assert_eq!(name(a, attempts.0) < name(b, attempts.1), a < b);
        }
    }
}
