use crate::bounds::Bounds;

/// Rows of a page at most. With texts of four bytes or more a page of 64 KiB is full before.
const ROWS_MAX: usize = 8 * 1024;

/// The highest definition level that these pages can have: three bits, for seven nullable columns that
/// lie in each other.
pub(crate) const LEVEL_MAX: u8 = 7;

/// Before the levels stand their length, and the length of their run.
const LEVELS_HEAD_BYTES: usize = 4 + 5;

/// A data page of texts while it fills: definition levels, then the texts in PLAIN encoding, each
/// after its length (<https://parquet.apache.org/docs/file-format/data-pages/encodings/>).
///
/// Its memory is used for page after page, and a text is copied once between the array that it was
/// decoded into and the compressor, unless it is the smallest or the largest so far.
pub(crate) struct TextPage {
    /// Room for the levels, which are complete last and come first; then the texts.
    bytes: Vec<u8>,
    bytes_max: usize,
    room: usize,
    level_max: u8,
    levels: Vec<u8>,
    nulls: usize,
    bounds: Option<Bounds>,
}

impl TextPage {
    /// An empty page of `bytes_max` bytes at most, unless a single text is longer, in a column with this
    /// highest definition level, [`LEVEL_MAX`] at most.
    pub(crate) fn new(level_max: u8, bytes_max: usize) -> Self {
        let room = LEVELS_HEAD_BYTES + ROWS_MAX / 8 * bit_width(level_max);
        Self {
            bytes: Vec::new(),
            bytes_max,
            room,
            level_max,
            levels: Vec::new(),
            nulls: 0,
            bounds: None,
        }
    }

    /// Adds a row with a text.
    pub(crate) fn push(&mut self, text: &str) {
        self.begin();
        self.levels.push(self.level_max);
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        match &mut self.bounds {
            Some(bounds) => bounds.widen(text),
            none => *none = Some(Bounds::of(text)),
        }
    }

    /// Adds a row without one, of this definition level.
    pub(crate) fn push_null(&mut self, level: u8) {
        self.begin();
        self.levels.push(level);
        self.nulls += 1;
    }

    fn begin(&mut self) {
        if self.bytes.is_empty() {
            self.bytes.resize(self.room, 0);
        }
    }

    /// Whether a row with this text, or without one, still belongs here.
    pub(crate) fn has_room_for(&self, text: Option<&str>) -> bool {
        let bytes = text.map_or(0, |text| size_of::<u32>() + text.len());
        let rows = self.rows();
        rows == 0 || (rows < ROWS_MAX && self.bytes.len() + bytes <= self.bytes_max)
    }

    /// Bytes of the texts and their lengths.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.room)
    }

    /// Its rows.
    pub(crate) fn rows(&self) -> usize {
        self.levels.len()
    }

    /// Its rows without a text.
    pub(crate) fn nulls(&self) -> usize {
        self.nulls
    }

    /// Bytes of the texts.
    pub(crate) fn text_bytes(&self) -> usize {
        self.len() - size_of::<u32>() * (self.rows() - self.nulls)
    }

    /// Those of its texts, unless all are missing.
    pub(crate) fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    /// Bytes of memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        let bounds = self.bounds.as_ref().map_or(0, Bounds::memory_bytes);
        self.bytes.capacity() + self.levels.capacity() + bounds
    }

    /// The whole page as it is before compression.
    pub(crate) fn plain(&mut self) -> &[u8] {
        let levels = encode_levels(&self.levels, self.level_max);
        let start = self.room.saturating_sub(levels.len());
        if let Some(room) = self.bytes.get_mut(start..self.room) {
            room.copy_from_slice(&levels);
        }
        self.bytes.get(start..).unwrap_or_default()
    }

    /// Makes it as new. Its memory stays, unless that was for a long text.
    pub(crate) fn clear(&mut self) {
        if self.bytes.capacity() > 2 * self.bytes_max {
            self.bytes = Vec::new();
        }
        self.bytes.truncate(self.room);
        self.levels.clear();
        self.nulls = 0;
        self.bounds = None;
    }
}

/// Levels in Parquet's hybrid of runs and bit packing, after the length of that: one run if all are
/// equal, and otherwise all of them packed. A column without levels has nothing at all.
fn encode_levels(levels: &[u8], level_max: u8) -> Vec<u8> {
    let (Some(first), 1..) = (levels.first(), level_max) else {
        return Vec::new();
    };
    let mut run = Vec::new();
    if levels.iter().all(|level| level == first) {
        push_varint(levels.len() << 1, &mut run);
        run.push(*first);
    } else {
        push_varint((levels.len().div_ceil(8) << 1) | 1, &mut run);
        for eight in levels.chunks(8) {
            run.extend(packed(eight, bit_width(level_max)));
        }
    }
    let length = u32::try_from(run.len()).unwrap_or(u32::MAX);
    let mut encoded = length.to_le_bytes().to_vec();
    encoded.append(&mut run);
    encoded
}

/// Eight numbers or fewer of this width in bits, which then is also their length in bytes.
fn packed(numbers: &[u8], width: usize) -> impl Iterator<Item = u8> {
    let last_first = numbers.iter().rev();
    let bits = last_first.fold(0_u64, |bits, number| (bits << width) | u64::from(*number));
    bits.to_le_bytes().into_iter().take(width)
}

fn bit_width(level_max: u8) -> usize {
    (u8::BITS - level_max.leading_zeros()) as usize
}

/// Unsigned LEB128.
fn push_varint(mut number: usize, bytes: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the specification: bit width from the highest level; a run is its count doubled and a value,
    /// packed ones their eighths doubled plus one and the bits, lowest first.
    #[test]
    fn levels_are_one_run_or_packed() {
        for (levels, level_max, expected) in [
            (&[0, 0][..], 0, &[][..]),
            (&[1; 5], 1, &[2, 0, 0, 0, 10, 1]),
            (&[0; 100], 3, &[3, 0, 0, 0, 0xc8, 1, 0]),
            (&[1, 1, 0, 1], 1, &[2, 0, 0, 0, 3, 0b1011]),
            (&[2, 0, 1], 2, &[3, 0, 0, 0, 3, 0b01_0010, 0]),
            (
                &[0, 1, 2, 3, 4, 5, 6, 7, 7],
                7,
                &[7, 0, 0, 0, 5, 0x88, 0xc6, 0xfa, 7, 0, 0],
            ),
        ] {
            assert_eq!(encode_levels(levels, level_max), expected, "{levels:?}");
        }
    }

    /// The levels come before the texts, and a page that was cleared is as new.
    #[test]
    fn a_page_is_levels_and_texts() {
        let mut page = TextPage::new(1, 1_000);
        for _ in 0..2 {
            page.push("no");
            page.push_null(0);
            page.push("");
            assert_eq!((page.rows(), page.nulls(), page.text_bytes()), (3, 1, 2));
            let expected = [&[2, 0, 0, 0, 3, 0b101][..], &[2, 0, 0, 0], b"no", &[0; 4]];
            assert_eq!(page.plain(), expected.concat());
            page.clear();
            assert_eq!((page.rows(), page.nulls(), page.len()), (0, 0, 0));
            assert!(page.bounds().is_none());
        }
    }

    /// A page takes the longest text if it is the first; a page without texts ends by its rows.
    #[test]
    fn bytes_or_rows_fill_a_page() {
        let mut page = TextPage::new(0, 100);
        let long = "a".repeat(1_000);
        assert!(page.has_room_for(Some(&long)));
        page.push(&long);
        assert!(!page.has_room_for(Some("")) && page.memory_bytes() > 1_000);
        page.clear();
        assert!(page.memory_bytes() < 100);

        let mut page = TextPage::new(7, 100_000);
        while page.has_room_for(None) {
            page.push_null(u8::from(page.rows().is_multiple_of(2)));
        }
        assert_eq!(page.rows(), ROWS_MAX);
        assert_eq!(page.plain().len(), 4 + 2 + ROWS_MAX / 8 * 3);
    }
}
