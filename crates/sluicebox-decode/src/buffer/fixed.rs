use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, NullBufferBuilder, PrimitiveArray};
use arrow::datatypes::DataType;

use super::ColumnBuffer;
use super::recycled::RecycledVec;

/// Values of one size: numbers, dates and times.
pub(crate) struct FixedBuffer<A: ArrowPrimitiveType> {
    values: RecycledVec<A::Native>,
    nulls: NullBufferBuilder,
    data_type: DataType,
}

impl<A: ArrowPrimitiveType> FixedBuffer<A> {
    /// An empty buffer. `data_type` adds to `A` what it leaves open: time zone, precision, scale.
    pub(crate) fn new(data_type: &DataType) -> Self {
        let nulls = NullBufferBuilder::new(0);
        Self {
            values: RecycledVec::new(),
            nulls,
            data_type: data_type.clone(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: A::Native) {
        self.values.values.push(value);
        self.nulls.append_non_null();
    }
}

impl<A: ArrowPrimitiveType> ColumnBuffer for FixedBuffer<A> {
    fn push_null(&mut self) {
        self.values.values.push(A::Native::default());
        self.nulls.append_null();
    }

    fn truncate(&mut self, len: usize) {
        self.values.values.truncate(len);
        self.nulls.truncate(len);
    }

    fn bytes(&self) -> usize {
        self.values.bytes() + self.nulls.len() / 8
    }

    fn finish(&mut self) -> ArrayRef {
        let values = PrimitiveArray::<A>::new(self.values.lend(), self.nulls.finish());
        Arc::new(values.with_data_type(self.data_type.clone()))
    }
}
