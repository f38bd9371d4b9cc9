use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, BooleanBufferBuilder, NullBufferBuilder};

use super::ColumnBuffer;

/// Booleans, one bit each.
pub(crate) struct BitBuffer {
    values: BooleanBufferBuilder,
    nulls: NullBufferBuilder,
}

impl BitBuffer {
    pub(crate) fn new() -> Self {
        Self {
            values: BooleanBufferBuilder::new(0),
            nulls: NullBufferBuilder::new(0),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: bool) {
        self.values.append(value);
        self.nulls.append_non_null();
    }
}

impl ColumnBuffer for BitBuffer {
    fn push_null(&mut self) {
        self.values.append(false);
        self.nulls.append_null();
    }

    fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.nulls.truncate(len);
    }

    fn bytes(&self) -> usize {
        self.values.len() / 8 + self.nulls.len() / 8
    }

    fn finish(&mut self) -> ArrayRef {
        Arc::new(BooleanArray::new(self.values.finish(), self.nulls.finish()))
    }
}
