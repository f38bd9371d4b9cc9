//! The memory of one file while it grows.
//!
//! Parquet wants the pages of a column side by side, so all pages of a row group wait until it ends.
//! Here they wait where they stay: a page is kept once, in a segment of the file's memory, and when
//! the writer writes it to its place, the file takes that over instead of copying it. So a file
//! never takes twice its size, what the encoder works in is free again at once and warm in the caches,
//! and the memory of a file is known to the byte.

use std::cmp::Ordering;
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
/// does not fill. Beside that a segment ends with a gap that the next page does not fit into, or might
/// not if it were compressed badly.
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
    /// What the writer is about to write, each with its place in the file.
    handed: VecDeque<(usize, Bytes)>,
    next_page_at: usize,
}

impl FileMemory {
    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.lock().bytes
    }

    /// Keeps a copy.
    pub(crate) fn keep(&self, bytes: &[u8]) -> Bytes {
        self.0.lock().keep(bytes)
    }

    /// Keeps what `fill` writes to the beginning of `most` bytes and says the length of.
    pub(crate) fn fill<E>(
        &self,
        most: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<Bytes, E> {
        let mut segments = self.0.lock();
        let length = fill(segments.room(most))?;
        Ok(segments.keep_first(length))
    }

    /// Says where in the file the next page belongs that is handed over. Others follow it without a gap.
    pub(crate) fn next_page_at(&self, position: usize) {
        self.0.lock().next_page_at = position;
    }

    /// Says that the writer is about to write these kept pages, whatever bytes it has for them.
    pub(crate) fn hand_over(&self, pages: impl IntoIterator<Item = Bytes>) {
        let mut segments = self.0.lock();
        for page in pages.into_iter().filter(|page| !page.is_empty()) {
            let position = segments.next_page_at;
            segments.next_page_at += page.len();
            segments.handed.push_back((position, page));
        }
    }

    /// What the file takes at `position` when these bytes are written there: of a page that was handed
    /// over, or a copy up to the next one. It may be shorter than they are.
    fn take_at(&self, position: usize, bytes: &[u8]) -> io::Result<Bytes> {
        let mut segments = self.0.lock();
        let Some((at, page)) = segments.handed.front_mut() else {
            return Ok(segments.keep(bytes));
        };
        match position.cmp(at) {
            Ordering::Less => {
                let before = bytes.get(..*at - position);
                Ok(segments.keep(before.unwrap_or(bytes)))
            }
            Ordering::Equal => {
                let taken = page.split_to(page.len().min(bytes.len()));
                *at += taken.len();
                if page.is_empty() {
                    segments.handed.pop_front();
                }
                Ok(taken)
            }
            Ordering::Greater => Err(io::Error::other("a page was not written to its place")),
        }
    }
}

impl Segments {
    fn keep(&mut self, bytes: &[u8]) -> Bytes {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.keep_first(bytes.len())
    }

    /// So many free bytes in one piece.
    fn room(&mut self, length: usize) -> &mut [u8] {
        if self.free.len() < length {
            let size = self.last_bytes * 2;
            let size = size.clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
            let size = size.max(length);
            self.free = BytesMut::zeroed(size);
            self.last_bytes = size;
            self.bytes += size;
        }
        self.free.get_mut(..length).unwrap_or_default()
    }

    /// Ends what is free after them.
    fn keep_first(&mut self, length: usize) -> Bytes {
        let length = length.min(self.free.len());
        self.free.split_to(length).freeze()
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
    length: usize,
}

impl FileBuffer {
    /// A file whose pages wait in `memory`.
    pub(crate) fn new(memory: FileMemory) -> Self {
        Self {
            memory,
            bytes: FileBytes::default(),
            length: 0,
        }
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> FileBytes {
        self.bytes
    }
}

impl io::Write for FileBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = self.memory.take_at(self.length, bytes)?;
        let length = part.len();
        self.length += length;
        self.bytes.push(part);
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

    /// Pages that are written in pieces, small ones held back and written with others, are not copied, and
    /// what they are is not read from what is written.
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
        memory.next_page_at(4);
        memory.hand_over(pages.iter().cloned());
        for page in &pages {
            for piece in page.chunks(8_192) {
                file.write_all(&vec![0; piece.len()]).unwrap();
            }
        }
        file.write_all(b"bloom filter").unwrap();
        memory.next_page_at(4 + pages.concat().len() + 12);
        memory.hand_over([
            Bytes::from_static(b""),
            Bytes::from_static(b"another row group"),
        ]);
        file.write_all(&[0; 17]).unwrap();
        file.write_all(b"PAR1").unwrap();
        let bytes = file.into_inner().unwrap().into_bytes().to_bytes();
        let expected = [
            &b"PAR1"[..],
            &pages.concat(),
            b"bloom filteranother row groupPAR1",
        ];
        assert_eq!(bytes, expected.concat());
        assert_eq!(memory.bytes(), before);
    }

    /// A page that belongs before what is written is an error, not a file without it.
    #[test]
    fn a_page_has_its_place() {
        let memory = FileMemory::default();
        let mut file = FileBuffer::new(memory.clone());
        file.write_all(b"PAR1").unwrap();
        memory.next_page_at(3);
        memory.hand_over([Bytes::from_static(b"page")]);
        file.write_all(b"page").unwrap_err();
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
                            file.memory.next_page_at(expected.len());
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
