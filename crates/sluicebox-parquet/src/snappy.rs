use std::fmt;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use snap::raw::{Encoder, max_compress_len};

use crate::file_memory::FileMemory;

/// Bytes of the table that the encoder keeps once it has had more than some KiB to compress.
const TABLE_BYTES: usize = 32 * 1024;

/// What may be compressed to where it stays. Until then it takes as much as it could at worst; of a long
/// text most of that would be lost, since the next one does not fit into the rest.
const IN_PLACE_BYTES_MAX: usize = 128 * 1024;

/// Snappy's encoder, for one page after the other.
pub(crate) struct Snappy {
    encoder: Encoder,
    /// For pages of long texts, until a page is shorter.
    long: Vec<u8>,
    table_bytes: usize,
}

impl Snappy {
    /// One that has taken no memory yet.
    pub(crate) fn new() -> Self {
        Self {
            encoder: Encoder::new(),
            long: Vec::new(),
            table_bytes: 0,
        }
    }

    /// Bytes of memory.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.long.len() + self.table_bytes
    }

    /// Compresses these bytes to where they stay.
    pub(crate) fn compress(&mut self, plain: &[u8], memory: &FileMemory) -> Result<Bytes> {
        self.table_bytes = TABLE_BYTES;
        let most = max_compress_len(plain.len());
        let compressed = if most <= IN_PLACE_BYTES_MAX {
            self.long = Vec::new();
            memory.fill(most, |room| self.encoder.compress(plain, room))
        } else {
            if self.long.len() < most {
                self.long = vec![0; most];
            }
            let length = self.encoder.compress(plain, &mut self.long);
            length.map(|length| memory.keep(self.long.get(..length).unwrap_or_default()))
        };
        compressed.map_err(|error| ParquetError::External(Box::new(error)))
    }
}

impl fmt::Debug for Snappy {
    /// Payloads stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snappy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use snap::raw::Decoder;

    use super::*;

    /// However long texts are and however well they compress, what is kept is what they are compressed
    /// to, and the end of a segment.
    #[test]
    fn kept_is_what_is_left() {
        for length in [1_000, 60_000, 300_000, 1_000_000] {
            let (memory, mut snappy) = (FileMemory::default(), Snappy::new());
            let text = b"the same words ".repeat(length / 15);
            let mut bytes = 0;
            for _ in 0..20_000_000 / length {
                let compressed = snappy.compress(&text, &memory).unwrap();
                bytes += compressed.len();
                assert_eq!(Decoder::new().decompress_vec(&compressed).unwrap(), text);
            }
            assert!(
                memory.bytes() <= bytes + bytes / 8 + (1 << 20),
                "{} for {bytes}",
                memory.bytes()
            );
            assert!(snappy.memory_bytes() <= 2 * length + TABLE_BYTES);
            snappy.compress(b"short", &memory).unwrap();
            assert_eq!(snappy.memory_bytes(), TABLE_BYTES);
        }
    }
}
