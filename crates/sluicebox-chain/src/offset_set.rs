use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roaring::RoaringBitmap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sluicebox_types::Offset;

/// A set of offsets of one range, kept as distances from the range's start: a roaring bitmap in
/// its portable form, base64 in JSON (<https://github.com/RoaringBitmap/RoaringFormatSpec>).
///
/// A range wider than [`OffsetSet::WIDTH_MAX`] does not fit; the driver cuts long before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetSet(RoaringBitmap);

/// A text that is no offset set.
#[derive(Debug, thiserror::Error)]
pub enum OffsetSetError {
    /// Not base64.
    #[error("offset set is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// Not a roaring bitmap.
    #[error("offset set is no roaring bitmap: {0}")]
    Roaring(#[from] std::io::Error),
}

impl OffsetSet {
    /// The widest offset range whose members can be told apart.
    pub const WIDTH_MAX: i64 = u32::MAX as i64;

    /// Adds `offset` of a range that starts at `start`. Answers whether it is new; an offset that
    /// the set cannot hold is not.
    pub fn insert(&mut self, start: Offset, offset: Offset) -> bool {
        distance(start, offset).is_some_and(|distance| self.0.insert(distance))
    }

    /// Adds all of `from..to`.
    pub fn insert_range(&mut self, start: Offset, from: Offset, to: Offset) -> bool {
        match (distance(start, from), distance(start, to)) {
            (Some(from), Some(to)) => {
                self.0.insert_range(from..to);
                true
            }
            _ => false,
        }
    }

    /// How many offsets it holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its offsets, ascending, for a range that starts at `start`.
    pub fn offsets(&self, start: Offset) -> impl Iterator<Item = Offset> + '_ {
        self.0
            .iter()
            .map(move |distance| start.saturating_add(i64::from(distance)))
    }

    /// Adds all that another set of the same range holds.
    pub fn insert_all(&mut self, other: &Self) {
        self.0 |= &other.0;
    }

    /// About how many bytes it holds in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.0.serialized_size()
    }

    fn decode(text: &str) -> Result<Self, OffsetSetError> {
        let bytes = STANDARD.decode(text)?;
        Ok(Self(RoaringBitmap::deserialize_from(bytes.as_slice())?))
    }
}

/// None for an offset that a set cannot hold.
fn distance(start: Offset, offset: Offset) -> Option<u32> {
    u32::try_from(offset.checked_sub(start)?).ok()
}

impl Serialize for OffsetSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut compact = self.0.clone();
        compact.optimize();
        let mut bytes = Vec::with_capacity(compact.serialized_size());
        compact
            .serialize_into(&mut bytes)
            .map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&STANDARD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for OffsetSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::decode(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What a record says of its offsets is what was put in.
        #[test]
        fn json_round_trips(start in 0i64..1 << 40, distances in prop::collection::btree_set(0i64..1 << 20, 0..200)) {
            let mut set = OffsetSet::default();
            for distance in &distances {
                prop_assert!(set.insert(start, start + distance));
            }
            let text = serde_json::to_string(&set).unwrap();
            let back: OffsetSet = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back.offsets(start).collect::<Vec<_>>(), distances.iter().map(|d| start + d).collect::<Vec<_>>());
        }

        /// Foreign bytes are an error, never a panic.
        #[test]
        fn any_text_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = serde_json::to_string(&STANDARD.encode(bytes)).unwrap();
            let _unreadable = serde_json::from_str::<OffsetSet>(&text).is_err();
        }
    }

    /// An offset outside the range that the set can describe is refused, never folded onto another.
    #[test]
    fn far_offsets_are_refused() {
        let mut set = OffsetSet::default();
        assert!(!set.insert(10, 9));
        assert!(!set.insert(0, OffsetSet::WIDTH_MAX + 1));
        assert!(set.is_empty());
    }
}
