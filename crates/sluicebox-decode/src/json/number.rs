use crate::fault::Fault;

use super::{JsonReader, Scratch};

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
