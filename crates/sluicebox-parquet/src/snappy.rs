use std::fmt;

use parquet::errors::{ParquetError, Result};
use snap::raw::{Encoder, max_compress_len};

/// Bytes of the table that the encoder keeps once it has had more than some KiB to compress.
const TABLE_BYTES: usize = 32 * 1024;

/// Memory above this, which a long text has needed, is given back at the next page that needs less.
const COMPRESSED_BYTES_KEPT: usize = 256 * 1024;

/// Snappy's encoder, and the memory that it writes to, for one page after the other.
pub(crate) struct Snappy {
    encoder: Encoder,
    compressed: Vec<u8>,
}

impl Snappy {
    /// One that has taken no memory yet.
    pub(crate) fn new() -> Self {
        Self {
            encoder: Encoder::new(),
            compressed: Vec::new(),
        }
    }

    /// Bytes of memory.
    pub(crate) const fn memory_bytes(&self) -> usize {
        match self.compressed.capacity() {
            0 => 0,
            compressed => compressed + TABLE_BYTES,
        }
    }

    /// The compressed form of these bytes.
    pub(crate) fn compress(&mut self, plain: &[u8]) -> Result<&[u8]> {
        let most = max_compress_len(plain.len());
        let is_too_large = self.compressed.len() > COMPRESSED_BYTES_KEPT.max(most);
        if is_too_large || self.compressed.len() < most {
            self.compressed = vec![0; most];
        }
        let length = self.encoder.compress(plain, &mut self.compressed);
        let length = length.map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(self.compressed.get(..length).unwrap_or_default())
    }
}

impl fmt::Debug for Snappy {
    /// Payloads stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snappy").finish_non_exhaustive()
    }
}
