use crate::fault::Fault;

use super::{JsonReader, Scratch};

/// As many digits as 64 bits hold whatever they are.
const SHORT_DIGITS: usize = 18;

/// A number as it is written: its digits are not rounded until its column is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number<'a> {
    pub(crate) text: &'a str,
    /// Whether it has neither a fraction nor an exponent.
    pub(crate) is_integer: bool,
}

impl Number<'_> {
    /// Whether `text` is one JSON number and nothing else.
    pub(crate) fn is_written_in(text: &str) -> bool {
        let mut scratch = Scratch::default();
        let mut reader = JsonReader::new(text, 0, &mut scratch);
        reader
            .number()
            .is_ok_and(|number| number.text.len() == text.len())
    }
}

impl<'a> JsonReader<'a> {
    /// The number whose first byte was peeked.
    pub(crate) fn number(&mut self) -> Result<Number<'a>, Fault> {
        let start = self.position;
        let mut is_integer = true;
        self.eat("-");
        if !self.eat("0") {
            self.digits()?;
        }
        if self.eat(".") {
            is_integer = false;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            is_integer = false;
            self.position += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.position += 1;
            }
            self.digits()?;
        }
        Ok(Number {
            text: self.since(start),
            is_integer,
        })
    }

    /// The integer whose first byte was peeked, if it has so few digits that none of them can be too
    /// many for 64 bits: what nearly all of them are, read in one go. Passes over nothing otherwise.
    #[inline]
    pub(crate) fn short_integer(&mut self) -> Option<i64> {
        let rest = self.rest();
        let sign = usize::from(rest.first() == Some(&b'-'));
        let unsigned = rest.get(sign..)?;
        let mut value = 0;
        let mut digits = 0;
        for byte in unsigned.iter().take(SHORT_DIGITS) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value * 10 + i64::from(digit);
            digits += 1;
        }
        let leading_zero = digits > 1 && unsigned.first() == Some(&b'0');
        let goes_on = matches!(unsigned.get(digits), Some(b'0'..=b'9' | b'.' | b'e' | b'E'));
        if digits == 0 || leading_zero || goes_on {
            return None;
        }
        self.position += sign + digits;
        Some(if sign == 1 { -value } else { value })
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let count = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if count == 0 {
            return Err(self.expected("a digit"));
        }
        self.position += count;
        Ok(())
    }
}
