//! A pull reader over one JSON document (RFC 8259) in a text that is known to be UTF-8.
//!
//! Nothing recurses here and nothing is allocated while the document is good, save the scratch space
//! that is kept from document to document.

mod string;
mod number;
mod skip;
mod token;

use sluicebox_types::RejectReason;

use crate::fault::Fault;

pub(crate) use number::Number;
pub(crate) use token::Token;

/// Space that outlives a document, so that the next one need not allocate.
#[derive(Default)]
pub(crate) struct Scratch {
    unescaped: String,
    open_brackets: Vec<u8>,
}

/// Reads one document from front to back.
pub(crate) struct JsonReader<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    depth_max: usize,
    scratch: &'a mut Scratch,
}

impl<'a> JsonReader<'a> {
    /// A reader at the start of `text` that refuses more than `depth_max` nested objects and arrays.
    pub(crate) fn new(text: &'a str, depth_max: usize, scratch: &'a mut Scratch) -> Self {
        Self {
            text,
            position: 0,
            depth: 0,
            depth_max,
            scratch,
        }
    }

    /// Skips whitespace; the first byte of the token that follows, `None` at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.position += 1,
                other => return other,
            }
        }
    }

    /// Passes over `text` if it stands right here.
    #[inline]
    pub(crate) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text.as_bytes());
        if found {
            self.position += text.len();
        }
        found
    }

    /// Where the reader stands, in bytes.
    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    /// The text from `start` to where the reader stands.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.slice(start, self.position)
    }

    /// The text between two positions that the reader has stood on.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Enters the object or array whose bracket was peeked; whether it has anything inside.
    #[inline]
    pub(crate) fn enter(&mut self, closing: u8) -> Result<bool, Fault> {
        self.position += 1;
        self.deepen()?;
        if self.peek() == Some(closing) {
            self.leave();
            return Ok(false);
        }
        Ok(true)
    }

    /// After an item: whether another one follows in this object or array; leaves it if not.
    #[inline]
    pub(crate) fn next(&mut self, closing: u8) -> Result<bool, Fault> {
        match self.peek() {
            Some(b',') => {
                self.position += 1;
                Ok(true)
            }
            Some(byte) if byte == closing => {
                self.leave();
                Ok(false)
            }
            _ if closing == b'}' => Err(self.expected("`,` or `}`")),
            _ => Err(self.expected("`,` or `]`")),
        }
    }

    /// The name of a field. Its colon is not passed yet.
    pub(crate) fn name(&mut self) -> Result<&str, Fault> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ => Err(self.expected("a field name in quotes")),
        }
    }

    /// Passes over the colon between a field's name and its value.
    pub(crate) fn colon(&mut self) -> Result<(), Fault> {
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.position += 1;
        Ok(())
    }

    /// Passes over `null`, whose first letter was peeked.
    pub(crate) fn null(&mut self) -> Result<(), Fault> {
        if self.eat("null") {
            Ok(())
        } else {
            Err(self.expected("a value"))
        }
    }

    /// A boolean, or a fault that says what was `wanted`.
    pub(crate) fn boolean_for(&mut self, wanted: &'static str) -> Result<bool, Fault> {
        self.peek();
        if self.eat("true") {
            return Ok(true);
        }
        if self.eat("false") {
            return Ok(false);
        }
        Err(self.wrong_type(wanted))
    }

    /// A number, or a fault that says what was `wanted`.
    #[inline]
    pub(crate) fn number_for(&mut self, wanted: &'static str) -> Result<Number<'a>, Fault> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong_type(wanted)),
        }
    }

    /// A string, or a fault that says what was `wanted`.
    #[inline]
    pub(crate) fn string_for(&mut self, wanted: &'static str) -> Result<&str, Fault> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ => Err(self.wrong_type(wanted)),
        }
    }

    /// Appends a string, or says in a fault what was `wanted`.
    #[inline]
    pub(crate) fn string_into(
        &mut self,
        bytes: &mut Vec<u8>,
        wanted: &'static str,
    ) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.append_string(bytes),
            _ => Err(self.wrong_type(wanted)),
        }
    }

    /// The fault of a value whose JSON type is not the one `wanted`. The value is read to its end
    /// first, so that it is not called of the wrong type when it is not JSON at all.
    #[cold]
    pub(crate) fn wrong_type(&mut self, wanted: &'static str) -> Fault {
        let found = self.kind();
        match self.skip_value() {
            Ok(()) => Fault::new(
                RejectReason::WrongType,
                format!("expected {wanted}, found {found}"),
            ),
            Err(fault) => fault,
        }
    }

    /// The fault of a document that does not start with an object.
    #[cold]
    pub(crate) fn not_an_object(&mut self) -> Fault {
        let found = self.kind();
        match self.skip_value().and_then(|()| self.end()) {
            Ok(()) => Fault::new(
                RejectReason::NotAnObject,
                format!("expected an object, found {found}"),
            ),
            Err(fault) => fault,
        }
    }

    /// Checks that only whitespace follows the document.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        if self.peek().is_none() {
            return Ok(());
        }
        let message = format!(
            "data after the end of the document, at byte {}",
            self.position
        );
        Err(Fault::new(RejectReason::TrailingData, message))
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text
            .as_bytes()
            .get(self.position..)
            .unwrap_or_default()
    }

    #[inline]
    fn deepen(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth <= self.depth_max {
            return Ok(());
        }
        let message = format!("nests deeper than {} levels", self.depth_max);
        Err(Fault::new(RejectReason::TooDeep, message))
    }

    #[inline]
    const fn leave(&mut self) {
        self.position += 1;
        self.depth -= 1;
    }

    fn kind(&mut self) -> &'static str {
        match self.peek() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }

    /// The fault of a document that is cut off or goes on with something else than `wanted`.
    #[cold]
    fn expected(&self, wanted: &'static str) -> Fault {
        let position = self.position;
        let message = if position < self.text.len() {
            format!("not JSON: expected {wanted} at byte {position}")
        } else {
            format!("not JSON: cut off at byte {position}, expected {wanted}")
        };
        Fault::new(RejectReason::InvalidJson, message)
    }
}
