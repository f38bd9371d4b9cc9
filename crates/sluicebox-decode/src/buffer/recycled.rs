use std::mem;

use arrow::buffer::{Buffer, ScalarBuffer};
use arrow::datatypes::ArrowNativeType;

/// A vector whose memory is lent to Arrow batch by batch and taken back once that batch is gone:
/// touching fresh pages costs several times what writing into used ones does.
///
/// Two allocations take turns. If a batch is still alive when the next one is lent, a new allocation
/// takes its place.
pub(crate) struct RecycledVec<T> {
    pub(crate) values: Vec<T>,
    lent: Option<Buffer>,
}

impl<T: ArrowNativeType> RecycledVec<T> {
    pub(crate) const fn new() -> Self {
        Self {
            values: Vec::new(),
            lent: None,
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.values.len() * size_of::<T>()
    }

    /// The values as an Arrow buffer, not copied; the vector is empty after it.
    pub(crate) fn lend(&mut self) -> ScalarBuffer<T> {
        let len = self.values.len();
        let next = self
            .take_back(len)
            .unwrap_or_else(|| Vec::with_capacity(len));
        let buffer = Buffer::from_vec(mem::replace(&mut self.values, next));
        self.lent = Some(buffer.clone());
        ScalarBuffer::new(buffer, 0, len)
    }

    /// The memory of the batch before, unless it is still in use or far more than is needed now.
    fn take_back(&mut self, len: usize) -> Option<Vec<T>> {
        let mut values = self.lent.take()?.into_vec().ok()?;
        values.clear();
        (values.capacity() / 4 <= len).then_some(values)
    }
}
