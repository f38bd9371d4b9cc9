use std::ops::Range;

use bytes::Bytes;
#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::MmapMut;

/// What the kernel gives at one fault where transparent huge pages are on, or are for those who ask
/// (the usual setting), instead of 4 KiB.
pub(super) const HUGE_PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Memory of a fixed size that is filled from its start.
pub(super) enum Segment {
    Allocated(Vec<u8>),
    Mapped {
        memory: MmapMut,
        /// Where it starts in what was mapped: a huge page has to be aligned.
        start: usize,
        bytes: usize,
        filled: usize,
    },
}

impl Segment {
    /// An empty one of so many bytes.
    pub(super) fn of(bytes: usize) -> Self {
        let mapped = (bytes >= HUGE_PAGE_BYTES).then(|| Self::map(bytes));
        mapped
            .flatten()
            .unwrap_or_else(|| Self::Allocated(Vec::with_capacity(bytes)))
    }

    /// What is mapped beside the segment is never touched, so it is no memory.
    fn map(bytes: usize) -> Option<Self> {
        let memory = MmapMut::map_anon(bytes + HUGE_PAGE_BYTES).ok()?;
        let start = memory.as_ptr().align_offset(HUGE_PAGE_BYTES);
        // A kernel without huge pages refuses, and the memory is as good as any.
        #[cfg(target_os = "linux")]
        let _refused = memory.advise_range(Advice::HugePage, start, bytes);
        (start <= HUGE_PAGE_BYTES).then_some(Self::Mapped {
            memory,
            start,
            bytes,
            filled: 0,
        })
    }

    pub(super) fn capacity(&self) -> usize {
        match self {
            Self::Allocated(memory) => memory.capacity(),
            Self::Mapped { bytes, .. } => *bytes,
        }
    }

    pub(super) fn room(&self) -> usize {
        self.capacity() - self.filled()
    }

    const fn filled(&self) -> usize {
        match self {
            Self::Allocated(memory) => memory.len(),
            Self::Mapped { filled, .. } => *filled,
        }
    }

    /// Adds bytes for which there is room, and answers where they lie.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Range<usize> {
        let place = self.filled()..self.filled() + bytes.len();
        match self {
            Self::Allocated(memory) => memory.extend_from_slice(bytes),
            Self::Mapped {
                memory,
                start,
                filled,
                ..
            } => {
                if let Some(free) = memory.get_mut(*start + place.start..*start + place.end) {
                    free.copy_from_slice(bytes);
                    *filled = place.end;
                }
            }
        }
        place
    }

    /// What it was filled with.
    pub(super) fn finish(self) -> Bytes {
        match self {
            Self::Allocated(memory) => memory.into(),
            Self::Mapped {
                memory,
                start,
                filled,
                ..
            } => Bytes::from_owner(memory).slice(start..start + filled),
        }
    }
}

impl Default for Segment {
    /// One without room.
    fn default() -> Self {
        Self::Allocated(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small and large segments, mapped or not, give back what they were filled with, where they said.
    #[test]
    fn a_segment_holds_what_was_pushed() {
        for bytes in [1_000, HUGE_PAGE_BYTES, HUGE_PAGE_BYTES + 1_000] {
            let mut segment = Segment::of(bytes);
            assert_eq!(segment.room(), bytes);
            let parts = [vec![1; 300], vec![], vec![2; bytes - 300]];
            let places: Vec<_> = parts.iter().map(|part| segment.push(part)).collect();
            assert_eq!((segment.room(), segment.capacity()), (0, bytes));
            let filled = segment.finish();
            assert_eq!(filled, parts.concat());
            for (place, part) in places.into_iter().zip(parts) {
                assert_eq!(filled.slice(place), part);
            }
        }
    }

    /// What was mapped can be one huge page: it starts where one can.
    #[test]
    fn a_mapped_segment_is_aligned() {
        let mut segment = Segment::of(HUGE_PAGE_BYTES);
        assert!(matches!(segment, Segment::Mapped { .. }));
        segment.push(b"rows");
        let filled = segment.finish();
        assert_eq!(filled.as_ptr().align_offset(HUGE_PAGE_BYTES), 0);
    }
}
