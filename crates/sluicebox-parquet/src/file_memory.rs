//! The memory of one file while it grows.
//!
//! Parquet wants the pages of a column side by side, so all pages of a row group wait until it ends.
//! Here they wait where they stay: a page is kept once, in a segment of the file's memory, and when
//! the writer writes what is there already, the file takes that over instead of copying it. So a file
//! never takes twice its size, what the encoder works in is free again at once and warm in the caches,
//! and the memory of a file is known to the byte.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use parquet::arrow::arrow_writer::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
use parquet::errors::{ParquetError, Result};
use sluicebox_types::FileBytes;

/// The first segment; later ones are twice as large as the one before.
const SEGMENT_BYTES_MIN: usize = 4 * 1024;

/// The largest segment, unless one page needs more: about what a file has in memory at most that it
/// does not fill, its pages leaving gaps of half a page beside that.
const SEGMENT_BYTES_MAX: usize = 1024 * 1024;

/// Where the pages of one file lie. Clones are the same memory.
#[derive(Clone, Default)]
pub(crate) struct FileMemory(Arc<Mutex<Segments>>);

#[derive(Default)]
struct Segments {
    /// What is free of the last one.
    free: BytesMut,
    last_bytes: usize,
    bytes: usize,
    /// What the writer is about to write.
    handed: VecDeque<Bytes>,
}

impl FileMemory {
    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.lock().bytes
    }

    /// Keeps a copy.
    pub(crate) fn keep(&self, bytes: &[u8]) -> Bytes {
        let mut segments = self.0.lock();
        if segments.free.capacity() < bytes.len() {
            let size = segments.last_bytes * 2;
            let size = size.clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
            let size = size.max(bytes.len());
            segments.free = BytesMut::with_capacity(size);
            segments.last_bytes = size;
            segments.bytes += size;
        }
        segments.free.extend_from_slice(bytes);
        segments.free.split().freeze()
    }

    /// Says that the writer is about to write these kept pages.
    pub(crate) fn hand_over(&self, pages: impl IntoIterator<Item = Bytes>) {
        let handed = &mut self.0.lock().handed;
        handed.clear();
        handed.extend(pages);
    }

    /// The first of these bytes as they lie in a page that was handed over. The writer holds small
    /// writes back, so that others may come before, and small pages together with them: then what
    /// follows is a later page.
    fn take_handed(&self, bytes: &[u8]) -> Option<Bytes> {
        let handed = &mut self.0.lock().handed;
        let is_next = |page: &Bytes| {
            let length = page.len().min(bytes.len());
            length > 0 && page.get(..length) == bytes.get(..length)
        };
        let passed_over = handed.iter().position(is_next)?;
        handed.drain(..passed_over);
        let page = handed.front_mut()?;
        let taken = page.split_to(page.len().min(bytes.len()));
        if page.is_empty() {
            handed.pop_front();
        }
        Some(taken)
    }
}

impl fmt::Debug for FileMemory {
    /// Payloads stay out of logs: counts only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileMemory")
            .field("bytes", &self.bytes())
            .finish()
    }
}

impl PageStoreFactory for FileMemory {
    fn create(&self, _column: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(ColumnPages {
            memory: self.clone(),
            pages: Vec::new(),
        }))
    }
}

/// The pages of one column that wait for the end of their row group.
struct ColumnPages {
    memory: FileMemory,
    pages: Vec<Bytes>,
}

impl PageStore for ColumnPages {
    fn put(&mut self, page: Bytes) -> Result<PageKey> {
        let key = PageKey::new(self.pages.len() as u64);
        self.pages.push(self.memory.keep(&page));
        Ok(key)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let page = usize::try_from(key.get()).ok();
        let page = page.and_then(|page| self.pages.get_mut(page));
        let page = std::mem::take(page.ok_or_else(|| no_page(key))?);
        self.memory.hand_over([page.clone()]);
        Ok(page)
    }
}

fn no_page(key: PageKey) -> ParquetError {
    ParquetError::General(format!("there is no page {}", key.get()))
}

/// What the writer of a file writes to.
#[derive(Debug)]
pub(crate) struct FileBuffer {
    memory: FileMemory,
    bytes: FileBytes,
}

impl FileBuffer {
    /// A file whose pages wait in `memory`.
    pub(crate) fn new(memory: FileMemory) -> Self {
        Self {
            memory,
            bytes: FileBytes::default(),
        }
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> FileBytes {
        self.bytes
    }
}

impl io::Write for FileBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let kept = self.memory.take_handed(bytes);
        let kept = kept.unwrap_or_else(|| self.memory.keep(bytes));
        let length = kept.len();
        self.bytes.push(kept);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Keep(Vec<u8>),
        Write(Vec<u8>),
        WriteKept,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let bytes = || (0_usize..300_000, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]);
        let step = prop_oneof![
            bytes().prop_map(Step::Keep),
            bytes().prop_map(Step::Write),
            Just(Step::WriteKept),
        ];
        prop::collection::vec(step, 0..20)
    }

    /// Pages that are written in pieces, small ones held back and written with others, are not copied
    /// but for the small ones.
    #[test]
    fn pages_in_pieces_are_taken_over() {
        let memory = FileMemory::default();
        let lengths = [3_000, 29, 60_000, 31, 20, 32, 70_000, 30, 8_192];
        let pages = (0..)
            .zip(lengths)
            .map(|(n, length)| memory.keep(&vec![n; length]));
        let pages = pages.collect::<Vec<_>>();
        let before = memory.bytes();
        let mut file = io::BufWriter::new(FileBuffer::new(memory.clone()));
        file.write_all(b"PAR1").unwrap();
        memory.hand_over(pages.iter().cloned());
        for page in &pages {
            for piece in page.chunks(8_192) {
                file.write_all(piece).unwrap();
            }
        }
        let bytes = file.into_inner().unwrap().into_bytes().to_bytes();
        assert_eq!(bytes, [&b"PAR1"[..], &pages.concat()].concat());
        assert!(
            memory.bytes() - before < 8_192,
            "{}",
            memory.bytes() - before
        );
    }

    proptest! {
        /// What is written comes out, be it new or a page that was kept, and a kept page takes memory
        /// once.
        #[test]
        fn bytes_come_out_as_written(steps in steps()) {
            let memory = FileMemory::default();
            let mut file = FileBuffer::new(memory.clone());
            let mut pages = ColumnPages { memory, pages: Vec::new() };
            let mut waiting = VecDeque::new();
            let (mut expected, mut held) = (Vec::new(), 0);
            for step in steps {
                match step {
                    Step::Keep(bytes) => {
                        held += bytes.len();
                        waiting.push_back((pages.put(bytes.clone().into()).unwrap(), bytes));
                    }
                    Step::Write(bytes) => {
                        file.write_all(&bytes).unwrap();
                        held += bytes.len();
                        expected.extend(bytes);
                    }
                    Step::WriteKept => {
                        if let Some((key, bytes)) = waiting.pop_front() {
                            let before = file.memory.bytes();
                            file.write_all(&pages.take(key).unwrap()).unwrap();
                            prop_assert_eq!(file.memory.bytes(), before);
                            expected.extend(bytes);
                        }
                    }
                }
                prop_assert!(file.memory.bytes() >= held);
            }
            prop_assert_eq!(file.into_bytes().to_bytes(), expected);
        }
    }
}
