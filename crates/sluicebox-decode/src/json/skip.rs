use crate::fault::Fault;

use super::JsonReader;

impl JsonReader<'_> {
    /// Checks the value that follows as strictly as if it were kept, and passes over it. Open
    /// brackets are kept in a list: depth costs memory up to the limit, never stack.
    pub(crate) fn skip_value(&mut self) -> Result<(), Fault> {
        self.scratch.open_brackets.clear();
        loop {
            let inside = match self.peek() {
                Some(b'{') => self.skip_into(b'}')?,
                Some(b'[') => self.skip_into(b']')?,
                _ => {
                    self.skip_scalar()?;
                    false
                }
            };
            if !inside && !self.skip_out()? {
                return Ok(());
            }
        }
    }

    /// Enters an object or array; whether a value follows inside it.
    fn skip_into(&mut self, closing: u8) -> Result<bool, Fault> {
        if !self.enter(closing)? {
            return Ok(false);
        }
        self.scratch.open_brackets.push(closing);
        self.skip_name_in(closing)?;
        Ok(true)
    }

    /// After a value: leaves all that ends here; whether another value follows inside what is left.
    fn skip_out(&mut self) -> Result<bool, Fault> {
        while let Some(closing) = self.scratch.open_brackets.last().copied() {
            if self.next(closing)? {
                self.skip_name_in(closing)?;
                return Ok(true);
            }
            self.scratch.open_brackets.pop();
        }
        Ok(false)
    }

    fn skip_name_in(&mut self, closing: u8) -> Result<(), Fault> {
        if closing != b'}' {
            return Ok(());
        }
        if self.peek() != Some(b'"') {
            return Err(self.expected("a field name in quotes"));
        }
        self.skip_string()?;
        self.colon()
    }

    fn skip_scalar(&mut self) -> Result<(), Fault> {
        match self.byte() {
            Some(b'"') => self.skip_string(),
            Some(b'-' | b'0'..=b'9') => self.number().map(|_| ()),
            _ if self.eat("true") || self.eat("false") || self.eat("null") => Ok(()),
            _ => Err(self.expected("a value")),
        }
    }
}
