use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{ArrayRef, GenericByteArray, NullBufferBuilder};
use arrow::datatypes::ByteArrayType;

use super::recycled::RecycledVec;
use super::{BatchFull, ColumnBuffer, Offsets};

/// Values of varying length: texts and bytes.
pub(crate) struct ByteBuffer<A> {
    values: RecycledVec<u8>,
    offsets: Offsets,
    nulls: NullBufferBuilder,
    arrow_type: PhantomData<A>,
}

impl<A: ByteArrayType<Offset = i32>> ByteBuffer<A> {
    pub(crate) fn new() -> Self {
        Self {
            values: RecycledVec::new(),
            offsets: Offsets::new(),
            nulls: NullBufferBuilder::new(0),
            arrow_type: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: &A::Native) -> Result<(), BatchFull> {
        let bytes: &[u8] = value.as_ref();
        self.values.values.extend_from_slice(bytes);
        self.end_value()
    }

    /// Adds the value that `write` appends.
    pub(crate) fn push_with<E: From<BatchFull>>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        write(&mut self.values.values)?;
        Ok(self.end_value()?)
    }

    pub(crate) fn len(&self) -> usize {
        self.nulls.len()
    }

    /// The bytes of the value at `index`.
    pub(crate) fn value(&self, index: usize) -> &[u8] {
        self.values
            .values
            .get(self.offsets.range(index))
            .unwrap_or_default()
    }

    #[inline]
    fn end_value(&mut self) -> Result<(), BatchFull> {
        self.offsets.push(self.values.values.len())?;
        self.nulls.append_non_null();
        Ok(())
    }
}

impl<A: ByteArrayType<Offset = i32>> ColumnBuffer for ByteBuffer<A> {
    fn push_null(&mut self) {
        self.offsets.push_empty();
        self.nulls.append_null();
    }

    fn truncate(&mut self, len: usize) {
        let end = self.offsets.truncate(len);
        self.values.values.truncate(end);
        self.nulls.truncate(len);
    }

    fn bytes(&self) -> usize {
        self.values.bytes() + self.offsets.bytes() + self.nulls.len() / 8
    }

    fn finish(&mut self) -> ArrayRef {
        let offsets = self.offsets.finish();
        let values = self.values.lend().into_inner();
        Arc::new(GenericByteArray::<A>::new(
            offsets,
            values,
            self.nulls.finish(),
        ))
    }
}
