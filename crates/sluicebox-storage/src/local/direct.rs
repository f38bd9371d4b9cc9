//! Large files go past the page cache.
//!
//! A file of the lake is written once, synced, and read minutes later, often by another machine. In
//! the page cache it would push out what readers here want, and the pages to hold it cost several times
//! the CPU of the write itself, most where a virtual machine has to ask its host for them. So whole
//! blocks are written as `open(2)` describes for `O_DIRECT`, as RocksDB does with
//! `use_direct_io_for_flush_and_compaction`. A file system that does not take that gets the same bytes
//! through the page cache.

use std::fs::File;
use std::io::{Error, ErrorKind, Result, Write};

use bytes::Bytes;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

/// What offsets, lengths and addresses must be multiples of: no disk has larger logical blocks.
const BLOCK_BYTES: usize = 4 * 1024;

/// Bytes of one call; shorter files go through the page cache as a whole.
const CALL_BYTES: usize = 256 * 1024;

#[cfg(target_os = "linux")]
const DIRECT: OFlags = OFlags::DIRECT;
/// Elsewhere all goes through the page cache.
#[cfg(not(target_os = "linux"))]
const DIRECT: OFlags = OFlags::empty();

/// Writes the parts one after the other to the end of a file in which nothing is yet.
pub(super) fn write(file: &mut File, parts: &[Bytes]) -> Result<()> {
    let length: usize = parts.iter().map(Bytes::len).sum();
    if length < CALL_BYTES || set_direct(file, true).is_err() {
        return parts.iter().try_for_each(|part| file.write_all(part));
    }
    let mut blocks = Blocks::new();
    for part in parts {
        let mut rest = part.as_ref();
        while !rest.is_empty() {
            rest = blocks.fill(rest);
            if blocks.filled().len() == CALL_BYTES {
                write_blocks(file, blocks.filled())?;
                blocks.clear();
            }
        }
    }
    let filled = blocks.filled();
    let (whole, end) = filled.split_at(filled.len() / BLOCK_BYTES * BLOCK_BYTES);
    write_blocks(file, whole)?;
    set_direct(file, false)?;
    file.write_all(end)
}

/// Writes whole blocks, through the page cache from where the file system does not take them
/// otherwise: it may want larger ones, or have written a part of one.
fn write_blocks(file: &mut File, mut blocks: &[u8]) -> Result<()> {
    while !blocks.is_empty() {
        match file.write(blocks) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => blocks = blocks.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_invalid(&error) && is_direct(file)? => set_direct(file, false)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_invalid(error: &Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::INVAL)
}

fn is_direct(file: &File) -> Result<bool> {
    Ok(fcntl_getfl(file)?.intersects(DIRECT))
}

fn set_direct(file: &File, direct: bool) -> Result<()> {
    let mut flags = fcntl_getfl(file)?;
    flags.set(DIRECT, direct);
    Ok(fcntl_setfl(file, flags)?)
}

/// Room for the bytes of one call, at an address that is a multiple of a block.
struct Blocks {
    memory: Vec<u8>,
    start: usize,
}

impl Blocks {
    fn new() -> Self {
        let mut memory: Vec<u8> = Vec::with_capacity(CALL_BYTES + BLOCK_BYTES);
        let start = memory.as_ptr().align_offset(BLOCK_BYTES).min(BLOCK_BYTES);
        memory.resize(start, 0);
        Self { memory, start }
    }

    fn filled(&self) -> &[u8] {
        self.memory.get(self.start..).unwrap_or_default()
    }

    /// Copies as many bytes as there is room for, so that the memory never moves; the others are
    /// returned.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let room = CALL_BYTES - self.filled().len();
        let (taken, rest) = bytes.split_at(bytes.len().min(room));
        self.memory.extend_from_slice(taken);
        rest
    }

    fn clear(&mut self) {
        self.memory.truncate(self.start);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// What was written is what is read, however it was cut and whatever its length is a multiple
        /// of, and the file is left as one that takes any write.
        #[test]
        fn bytes_come_back_as_written(
            lengths in prop::collection::vec(0_usize..700_000, 0..8),
            aligned in any::<bool>(),
        ) {
            let mut number = 0_usize;
            let mut part = |length: usize| -> Bytes {
                number += 1;
                let length = if aligned { length / BLOCK_BYTES * BLOCK_BYTES } else { length };
                (0..length).map(|at| at.wrapping_mul(number).to_le_bytes()[1]).collect()
            };
            let parts: Vec<Bytes> = lengths.into_iter().map(&mut part).collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            let mut file = File::create_new(&path).unwrap();
            write(&mut file, &parts).unwrap();
            file.write_all(b"end").unwrap();
            let mut read = Vec::new();
            File::open(&path).unwrap().read_to_end(&mut read).unwrap();
            prop_assert_eq!(read, [parts.concat().as_slice(), b"end"].concat());
        }
    }

    /// What a disk of larger blocks answers (here to an address between blocks, if the file system cares
    /// at all) sends the rest through the page cache.
    #[test]
    fn blocks_that_are_refused_are_written_all_the_same() {
        let mut blocks = Blocks::new();
        blocks.fill(&[7; 2 * BLOCK_BYTES + 1]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut file = File::create_new(&path).unwrap();
        let _refused_by_some = set_direct(&file, true);
        write_blocks(&mut file, &blocks.filled()[1..]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), [7; 2 * BLOCK_BYTES]);
    }
}
