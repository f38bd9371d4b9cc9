use std::mem;

use wide::u8x16;

use crate::fault::Fault;

use super::JsonReader;

const LONE_SURROGATE: &str = "the other half of a surrogate pair";

impl JsonReader<'_> {
    /// The string whose opening quote was peeked, unescaped. Borrowed from the document unless it
    /// has escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Result<&str, Fault> {
        let start = self.position + 1;
        let length = plain_length(self.text.as_bytes().get(start..).unwrap_or_default());
        let end = start + length;
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.position = end + 1;
            return Ok(self.slice(start, end));
        }
        let mut unescaped = mem::take(&mut self.scratch.unescaped);
        unescaped.clear();
        let done = self.unescape(|piece| unescaped.push_str(piece));
        self.scratch.unescaped = unescaped;
        done.map(|()| self.scratch.unescaped.as_str())
    }

    /// Appends the string whose opening quote was peeked, unescaped.
    #[inline]
    pub(super) fn append_string(&mut self, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        if self.append_short_string(bytes) {
            return Ok(());
        }
        self.unescape(|piece| bytes.extend_from_slice(piece.as_bytes()))
    }

    /// Appends the string, and says so, if it ends within the next block of the document and has no
    /// escapes. The block is appended whole and cut: for so few bytes, calling a copy of any length
    /// costs more than a copy of constant length. Memory does not grow for what is cut.
    #[inline]
    fn append_short_string(&mut self, bytes: &mut Vec<u8>) -> bool {
        let start = self.position + 1;
        let text = self.text.as_bytes().get(start..).unwrap_or_default();
        let Some(block) = text.first_chunk::<BLOCK>() else {
            return false;
        };
        let length = special_marks(*block).trailing_zeros() as usize;
        if block.get(length) != Some(&b'"') || bytes.capacity() - bytes.len() < BLOCK {
            return false;
        }
        let end = bytes.len() + length;
        bytes.extend_from_slice(block);
        bytes.truncate(end);
        self.position = start + length + 1;
        true
    }

    /// Checks the string whose opening quote was peeked, and passes over it.
    pub(super) fn skip_string(&mut self) -> Result<(), Fault> {
        self.unescape(|_piece| ())
    }

    /// Passes over the string whose opening quote was peeked, piece by piece.
    #[inline]
    fn unescape(&mut self, mut push: impl FnMut(&str)) -> Result<(), Fault> {
        self.position += 1;
        loop {
            let start = self.position;
            self.position += plain_length(self.rest());
            push(self.since(start));
            match self.byte() {
                Some(b'\\') => push(self.escape()?.encode_utf8(&mut [0; 4])),
                _ => return self.closing_quote(),
            }
        }
    }

    fn closing_quote(&mut self) -> Result<(), Fault> {
        match self.byte() {
            Some(b'"') => {
                self.position += 1;
                Ok(())
            }
            Some(_) => Err(self.expected("no control character in a string")),
            None => Err(self.expected("the end of a string")),
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.position += 1;
        let escaped = match self.byte() {
            Some(quoted @ (b'"' | b'\\' | b'/')) => char::from(quoted),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.expected("one of the characters that may follow a backslash")),
        };
        self.position += 1;
        Ok(escaped)
    }

    /// `uXXXX`, or the pair of them that UTF-16 needs beyond U+FFFF. Half a pair has no UTF-8 form.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let first = self.code_unit()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.expected(LONE_SURROGATE));
        }
        if !self.eat("\\") || self.byte() != Some(b'u') {
            return Err(self.expected(LONE_SURROGATE));
        }
        let second = self.code_unit()?;
        if !(0xDC00..0xE000).contains(&second) {
            return Err(self.expected(LONE_SURROGATE));
        }
        char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            .ok_or_else(|| self.expected(LONE_SURROGATE))
    }

    fn code_unit(&mut self) -> Result<u32, Fault> {
        self.position += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            let digit = digit.ok_or_else(|| self.expected("four hexadecimal digits"))?;
            unit = unit * 16 + digit;
            self.position += 1;
        }
        Ok(unit)
    }
}

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// How many bytes stand before the first quote, backslash or control character.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        let marks = special_marks(*block);
        if marks != 0 {
            return index * BLOCK + marks.trailing_zeros() as usize;
        }
    }
    // The zeros behind the rest are control characters, so it ends there at the latest.
    let mut last = [0; BLOCK];
    if let Some(beginning) = last.get_mut(..rest.len()) {
        beginning.copy_from_slice(rest);
    }
    blocks.len() * BLOCK + special_marks(last).trailing_zeros() as usize
}

/// A bit for each special byte, the lowest for the first.
#[inline]
fn special_marks(block: [u8; BLOCK]) -> u32 {
    let bytes = u8x16::new(block);
    let last_control = u8x16::splat(0x1F);
    let is_control = bytes.min(last_control).simd_eq(bytes);
    let is_quote = bytes.simd_eq(u8x16::splat(b'"'));
    let is_backslash = bytes.simd_eq(u8x16::splat(b'\\'));
    (is_control | is_quote | is_backslash).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scratch;

    /// The scan by blocks finds what a byte-wise one finds, wherever a special byte stands and
    /// whatever stands around it.
    #[test]
    fn plain_length_is_that_of_a_naive_scan() {
        for special in [b'"', b'\\', 0, 1, 0x1F, b'\n'] {
            for filler in [
                b'a', b' ', b'!', b'#', b'[', b']', 0x7F, 0x80, 0xA2, 0xDC, 0xFF,
            ] {
                for length in 0..80 {
                    for position in 0..length {
                        let mut bytes = vec![filler; length];
                        bytes[position + 1..].fill(b'"');
                        bytes[position] = special;
                        assert_eq!(plain_length(&bytes), position);
                    }
                    assert_eq!(plain_length(&vec![filler; length]), length);
                }
            }
        }
    }

    /// A string is appended as it is, and the reader stands behind it, however long it is, wherever
    /// it begins, however little of the document follows, and however little room there is.
    #[test]
    fn strings_of_any_length_are_appended() {
        for length in 0..40 {
            for around in 0..20 {
                for escape in ["", "\n"] {
                    let text = "a".repeat(length) + escape;
                    let json = serde_json::to_string(&text).unwrap();
                    let spaces = " ".repeat(around);
                    let document = format!("{spaces}{json}{spaces}");
                    let mut scratch = Scratch::default();
                    let mut reader = JsonReader::new(&document, 1, &mut scratch);
                    reader.position = around;
                    let mut bytes = Vec::with_capacity(length + around);
                    bytes.extend_from_slice(b"before");
                    assert!(reader.append_string(&mut bytes).is_ok(), "{document}");
                    assert_eq!(bytes, ["before", &text].concat().as_bytes());
                    assert_eq!(reader.position(), around + json.len(), "{document}");
                }
            }
        }
    }

    /// A control character is refused wherever it stands, in a short string as in a long one.
    #[test]
    fn control_characters_are_refused() {
        for length in 1..40 {
            for position in 0..length {
                let mut document = format!("\"{}\"{}", "a".repeat(length), " ".repeat(BLOCK));
                document.replace_range(position + 1..position + 2, "\u{1F}");
                let mut scratch = Scratch::default();
                let mut reader = JsonReader::new(&document, 1, &mut scratch);
                let mut bytes = Vec::with_capacity(64);
                assert!(reader.append_string(&mut bytes).is_err(), "{document:?}");
            }
        }
    }
}
