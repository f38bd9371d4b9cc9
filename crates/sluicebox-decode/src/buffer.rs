//! Where the values of a column wait until their batch is full. Arrow's own builders cannot take back
//! a row; these can, so a bad record costs the rows around it nothing.

mod recycled;
mod offsets;
mod fixed;
mod bits;
mod bytes;

use arrow::array::ArrayRef;

pub(crate) use bits::BitBuffer;
pub(crate) use bytes::ByteBuffer;
pub(crate) use fixed::FixedBuffer;
pub(crate) use offsets::{BatchFull, Offsets};

/// What all columns can do, whatever their type.
pub(crate) trait ColumnBuffer {
    /// Adds a null.
    fn push_null(&mut self);

    /// Takes back all values after the first `len`.
    fn truncate(&mut self, len: usize);

    /// About how many bytes the values take in memory.
    fn bytes(&self) -> usize;

    /// Takes the values out as an array; the buffer is empty after it.
    fn finish(&mut self) -> ArrayRef;
}
