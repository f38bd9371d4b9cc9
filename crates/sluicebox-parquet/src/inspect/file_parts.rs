use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// A file of which only some parts are at hand: what a column is read from without the rest.
#[derive(Debug)]
pub struct FileParts {
    length: u64,
    parts: Vec<(u64, Bytes)>,
}

impl FileParts {
    /// A file of `length` bytes, and what there is of it, each part with its place.
    #[must_use]
    pub const fn new(length: u64, parts: Vec<(u64, Bytes)>) -> Self {
        Self { length, parts }
    }

    /// What is at hand from `start` to the end of the part that it lies in.
    fn from(&self, start: u64) -> Result<Bytes> {
        let rest = self.parts.iter().find_map(|(place, part)| {
            let skipped = usize::try_from(start.checked_sub(*place)?).ok()?;
            (skipped < part.len()).then(|| part.slice(skipped..))
        });
        rest.ok_or_else(|| ParquetError::EOF(format!("byte {start} is not among the parts read")))
    }
}

impl Length for FileParts {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for FileParts {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let rest = self.from(start)?;
        if length > rest.len() {
            let end = start.saturating_add(length as u64);
            let missing = format!("bytes {start} to {end} are not among the parts read");
            return Err(ParquetError::EOF(missing));
        }
        Ok(rest.slice(..length))
    }
}
