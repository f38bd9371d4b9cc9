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
        self.unescape(start, end)
    }

    /// Checks the string whose opening quote was peeked, and passes over it.
    pub(super) fn skip_string(&mut self) -> Result<(), Fault> {
        self.position += 1;
        loop {
            self.position += plain_length(self.rest());
            match self.byte() {
                Some(b'\\') => self.escape()?,
                _ => return self.closing_quote(),
            };
        }
    }

    /// The string that begins at `start` and is plain up to `end`.
    fn unescape(&mut self, mut start: usize, end: usize) -> Result<&str, Fault> {
        self.scratch.unescaped.clear();
        self.position = end;
        loop {
            let plain = self.since(start);
            self.scratch.unescaped.push_str(plain);
            match self.byte() {
                Some(b'\\') => {
                    let escaped = self.escape()?;
                    self.scratch.unescaped.push(escaped);
                    start = self.position;
                    self.position += plain_length(self.rest());
                }
                _ => {
                    self.closing_quote()?;
                    return Ok(&self.scratch.unescaped);
                }
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
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        let marks = special_marks(*block);
        if marks != 0 {
            return index * BLOCK + marks.trailing_zeros() as usize / 8;
        }
    }
    let rest = tail.iter().take_while(|byte| !is_special(**byte)).count();
    blocks.len() * BLOCK + rest
}

/// A byte of ones for each special byte, the first byte lowest. Written so that the compiler looks at
/// all of them with a few vector instructions.
#[inline]
fn special_marks(block: [u8; BLOCK]) -> u128 {
    let mut marks = [0; BLOCK];
    for (mark, byte) in marks.iter_mut().zip(block) {
        *mark = if is_special(byte) { 0xFF } else { 0 };
    }
    u128::from_le_bytes(marks)
}

#[inline]
const fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

#[cfg(test)]
mod tests {
    use super::plain_length;

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
}
