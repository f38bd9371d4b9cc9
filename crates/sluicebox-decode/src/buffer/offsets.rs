use std::ops::Range;

use arrow::buffer::OffsetBuffer;

use super::recycled::RecycledVec;

/// A column holds more than 32-bit offsets can address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchFull;

/// The ends of values of varying length, as Arrow's strings, lists and maps keep them.
pub(crate) struct Offsets {
    ends: RecycledVec<i32>,
}

impl Offsets {
    pub(crate) fn new() -> Self {
        let mut offsets = Self {
            ends: RecycledVec::new(),
        };
        offsets.ends.values.push(0);
        offsets
    }

    /// Adds a value that ends at `end`.
    #[inline]
    pub(crate) fn push(&mut self, end: usize) -> Result<(), BatchFull> {
        self.ends
            .values
            .push(i32::try_from(end).or(Err(BatchFull))?);
        Ok(())
    }

    /// Adds a value without extent.
    #[inline]
    pub(crate) fn push_empty(&mut self) {
        let end = self.ends.values.last().copied().unwrap_or_default();
        self.ends.values.push(end);
    }

    /// Where the value at `index` starts and ends.
    pub(crate) fn range(&self, index: usize) -> Range<usize> {
        self.at(index)..self.at(index + 1)
    }

    /// Keeps the first `len` values; where the last of them ends.
    pub(crate) fn truncate(&mut self, len: usize) -> usize {
        self.ends.values.truncate(len + 1);
        self.at(len)
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.ends.bytes()
    }

    pub(crate) fn finish(&mut self) -> OffsetBuffer<i32> {
        let ends = OffsetBuffer::new(self.ends.lend());
        self.ends.values.push(0);
        ends
    }

    fn at(&self, index: usize) -> usize {
        let end = self.ends.values.get(index).copied().unwrap_or_default();
        usize::try_from(end).unwrap_or_default()
    }
}
