//! A look at what a file announces, before the Parquet reader sees it. The reader takes memory for
//! whatever a footer or a page announces, and recurses over groups in groups; either ends the process
//! where it goes too far, which nobody can catch.
//!
//! Footers and the headers of pages are structs of Thrift's compact protocol
//! (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>).

/// How deep structs and lists may nest. Those of a footer take seven.
const NESTING_MAX: usize = 64;
/// How deep columns may nest.
const GROUPS_MAX: usize = 128;
/// What the reader can number.
const ROW_GROUPS_MAX: usize = i16::MAX as usize;
/// Ours are of a megabyte.
const PAGE_BYTES_MAX: i64 = 64 * 1024 * 1024;

/// Fields of `FileMetaData`, `SchemaElement` and `PageHeader`
/// (<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>).
const SCHEMA: i16 = 2;
const ROW_GROUPS: i16 = 4;
const NUM_CHILDREN: i16 = 5;
const UNCOMPRESSED_PAGE_SIZE: i16 = 2;
const COMPRESSED_PAGE_SIZE: i16 = 3;
const DATA_PAGE: i16 = 5;
const DICTIONARY_PAGE: i16 = 7;
const DATA_PAGE_V2: i16 = 8;

/// A struct whose fields the reader takes for what the format says they are, whatever kind a field
/// says it is of. Where the two differ, it goes on somewhere else than this walk does.
#[derive(Clone, Copy)]
enum Struct {
    FileMetadata,
    SchemaElement,
    PageHeader,
    /// The struct in this field of a page's header.
    InPageHeader(i16),
}

impl Struct {
    fn takes(self, id: i16, kind: u8) -> bool {
        use Struct::{FileMetadata, InPageHeader, PageHeader, SchemaElement};
        match (self, id) {
            (FileMetadata, 1 | 3)
            | (SchemaElement, 1..=3 | 5..=9)
            | (PageHeader | InPageHeader(DATA_PAGE), 1..=4)
            | (InPageHeader(DICTIONARY_PAGE), 1 | 2)
            | (InPageHeader(DATA_PAGE_V2), 1..=6) => matches!(kind, kind::I16..=kind::I64),
            (FileMetadata, 6 | 9) | (SchemaElement, 4) => kind == kind::BINARY,
            (FileMetadata, SCHEMA | ROW_GROUPS | 5 | 7) => kind == kind::LIST,
            (FileMetadata, 8)
            | (SchemaElement, 10)
            | (PageHeader, 5..=8)
            | (InPageHeader(DATA_PAGE), 5)
            | (InPageHeader(DATA_PAGE_V2), 8) => kind == kind::STRUCT,
            (InPageHeader(DICTIONARY_PAGE), 3) | (InPageHeader(DATA_PAGE_V2), 7) => {
                matches!(kind, kind::TRUE | kind::FALSE)
            }
            _ => true,
        }
    }
}

/// Kinds of values, by their numbers on the wire.
mod kind {
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const MAP: u8 = 11;
    pub(super) const STRUCT: u8 = 12;
    pub(super) const UUID: u8 = 13;
}

/// Whether everything that a footer announces is there, and nothing nests too deep.
pub(super) fn is_sound_footer(footer: &[u8]) -> bool {
    Walk { rest: footer }.file_metadata().is_some()
}

/// Whether the pages of a column are there, one after the other, and none of them is huge when it is
/// unpacked.
pub(super) fn are_sound_pages(column: &[u8]) -> bool {
    let mut walk = Walk { rest: column };
    while !walk.rest.is_empty() {
        if walk.page().is_none() {
            return false;
        }
    }
    true
}

/// What is left to walk over. Steps answer none where it is not sound.
struct Walk<'a> {
    rest: &'a [u8],
}

impl Walk<'_> {
    fn file_metadata(&mut self) -> Option<()> {
        let mut last = 0;
        while let Some((id, kind)) = self.field_of(Struct::FileMetadata, last)? {
            last = id;
            match (id, kind) {
                (SCHEMA, _) => self.schema()?,
                (ROW_GROUPS, _) => {
                    let (length, kind) = self.list()?;
                    if length > ROW_GROUPS_MAX {
                        return None;
                    }
                    self.elements(length, kind, NESTING_MAX)?;
                }
                _ => self.value(kind, NESTING_MAX)?,
            }
        }
        Some(())
    }

    /// Elements in the order of a walk from the root; each says how many of the next are inside it.
    fn schema(&mut self) -> Option<()> {
        let (length, kind) = self.list()?;
        let mut groups: Vec<i64> = Vec::new();
        for index in 0..length {
            let children = self.schema_element(kind)?;
            if !(0..=i64::try_from(length - index).ok()?).contains(&children) {
                return None;
            }
            while groups.pop_if(|open| *open == 0).is_some() {}
            if let Some(open) = groups.last_mut() {
                *open -= 1;
            }
            groups.push(children);
            if groups.len() > GROUPS_MAX {
                return None;
            }
        }
        Some(())
    }

    fn schema_element(&mut self, kind: u8) -> Option<i64> {
        if kind != kind::STRUCT {
            return None;
        }
        let (mut last, mut children) = (0, 0);
        while let Some((id, kind)) = self.field_of(Struct::SchemaElement, last)? {
            last = id;
            match id {
                NUM_CHILDREN => children = self.integer()?,
                _ => self.value(kind, NESTING_MAX)?,
            }
        }
        Some(children)
    }

    fn page(&mut self) -> Option<()> {
        let (mut last, mut sizes) = (0, [0; 2]);
        while let Some((id, kind)) = self.field_of(Struct::PageHeader, last)? {
            last = id;
            match (id, kind) {
                (UNCOMPRESSED_PAGE_SIZE, _) => sizes[0] = self.integer()?,
                (COMPRESSED_PAGE_SIZE, _) => sizes[1] = self.integer()?,
                (DATA_PAGE..=DATA_PAGE_V2, _) => self.in_page_header(id)?,
                _ => self.value(kind, NESTING_MAX)?,
            }
        }
        let [unpacked, packed] = sizes;
        self.skip(usize::try_from(packed).ok()?)?;
        (0..=PAGE_BYTES_MAX).contains(&unpacked).then_some(())
    }

    fn in_page_header(&mut self, header: i16) -> Option<()> {
        let mut last = 0;
        while let Some((id, kind)) = self.field_of(Struct::InPageHeader(header), last)? {
            last = id;
            self.value(kind, NESTING_MAX)?;
        }
        Some(())
    }

    /// A field of a struct; `depth` more levels may be inside.
    fn value(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            kind::TRUE | kind::FALSE => Some(()),
            kind::BYTE => self.skip(1),
            kind::I16..=kind::I64 => self.integer().map(drop),
            kind::DOUBLE => self.skip(8),
            kind::UUID => self.skip(16),
            kind::BINARY => {
                let length = self.length()?;
                self.skip(length)
            }
            kind::LIST | kind::SET => {
                let (length, kind) = self.list()?;
                self.elements(length, kind, depth)
            }
            kind::MAP => self.map(depth),
            kind::STRUCT => {
                let mut last = 0;
                while let Some((id, kind)) = self.field(last)? {
                    last = id;
                    self.value(kind, depth)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn elements(&mut self, length: usize, kind: u8, depth: usize) -> Option<()> {
        (0..length).try_for_each(|_| self.element(kind, depth))
    }

    /// A member of a collection. A boolean takes a byte there, but none in the reader's eyes; no
    /// footer and no page has collections of them.
    fn element(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            kind::TRUE | kind::FALSE => None,
            kind => self.value(kind, depth),
        }
    }

    fn map(&mut self, depth: usize) -> Option<()> {
        let length = self.length()?;
        if length == 0 {
            return Some(());
        }
        let kinds = self.byte()?;
        for _ in 0..length {
            self.element(kinds >> 4, depth)?;
            self.element(kinds & 0xf, depth)?;
        }
        Some(())
    }

    /// The next field's id and kind; none at the end of the struct.
    fn field(&mut self, last: i16) -> Option<Option<(i16, u8)>> {
        let head = self.byte()?;
        let (step, kind) = (head >> 4, head & 0xf);
        if kind == 0 {
            return Some(None);
        }
        let id = match step {
            0 => i16::try_from(self.integer()?).ok()?,
            step => last.checked_add(i16::from(step))?,
        };
        Some(Some((id, kind)))
    }

    /// [`Self::field`] of a kind that the reader takes it for.
    fn field_of(&mut self, within: Struct, last: i16) -> Option<Option<(i16, u8)>> {
        let field = self.field(last)?;
        let is_taken = field.is_none_or(|(id, kind)| within.takes(id, kind));
        is_taken.then_some(field)
    }

    /// How many elements follow, and of which kind.
    fn list(&mut self) -> Option<(usize, u8)> {
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => self.length()?,
            length => usize::from(length),
        };
        (length <= self.rest.len()).then_some((length, head & 0xf))
    }

    /// A length of no more than is there: nothing takes less than a byte.
    fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.unsigned()?).ok()?;
        (length <= self.rest.len()).then_some(length)
    }

    fn integer(&mut self) -> Option<i64> {
        let zigzag = self.unsigned()?;
        Some((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page: type, unpacked size, packed size, end of the header, content.
    fn page(unpacked: &[u8], packed: u8, content: &[u8]) -> Vec<u8> {
        let header = [&[0x15, 0, 0x15], unpacked, &[0x15, packed, 0]].concat();
        [&header[..], content].concat()
    }

    /// A page that is cut off, larger than any of ours when it is unpacked, or of a negative size is
    /// seen before memory is taken for it.
    #[test]
    fn announced_pages_are_held_against_the_column() {
        let good = page(&[8], 6, b"abc");
        assert!(are_sound_pages(&[]));
        assert!(are_sound_pages(&good.repeat(2)));
        for bad in [
            page(&[8], 8, b"abc"),
            page(&[8], 5, b"abc"),
            page(&[0xfe, 0xff, 0xff, 0xff, 0x0f], 6, b"abc"),
            page(&[7], 6, b"abc"),
            good[..4].to_vec(),
        ] {
            assert!(!are_sound_pages(&bad), "{bad:?}");
            assert!(!are_sound_pages(&[good.clone(), bad].concat()));
        }
    }

    /// The reader takes a count for a number even where it says that it is a text, and what is in
    /// the text for what comes after it: a list of two billion booleans, in six bytes.
    #[test]
    fn a_field_of_another_kind_is_seen_before_the_reader_trusts_it() {
        let page = |count: &[u8]| {
            let data_page = [&[0x2c], count, &[0]].concat();
            [&[0x15, 0, 0x15, 8, 0x15, 0][..], &data_page, &[0]].concat()
        };
        assert!(are_sound_pages(&page(&[0x15, 2])));
        let list = [0x49, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07];
        assert!(!are_sound_pages(&page(&[&[0x18, 7], &list[..]].concat())));
        assert!(!are_sound_pages(&page(&[&[0x15, 2], &list[..]].concat())));
        assert!(!are_sound_pages(&page(&[0x15, 2, 0x59, 0x21, 0, 0])));
    }
}
