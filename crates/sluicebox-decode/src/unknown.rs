use crate::json::JsonReader;

/// What becomes of a field that the schema does not declare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownFields {
    /// It is checked, counted and left out.
    #[default]
    Ignore,
    /// It makes its record a reject.
    Reject,
    /// It is counted and kept, as JSON, in the column `_extra`.
    Keep,
}

/// A record being read: its JSON, and where its unknown fields go.
pub(crate) struct Record<'a> {
    pub(crate) json: JsonReader<'a>,
    pub(crate) unknown: &'a mut UnknownSink,
}

/// The unknown fields of one record.
///
/// What is kept mirrors the record without its declared values, so every field stands where it stood:
/// `{"a":1,"route":{"x":2},"legs":[null,{"y":3}]}`. Brackets of declared objects are written on the
/// way in and taken back on the way out if nothing was kept between them.
pub(crate) struct UnknownSink {
    pub(crate) policy: UnknownFields,
    count: u64,
    kept: String,
}

/// A place in the kept text to return to.
pub(crate) struct Mark {
    length: usize,
    count: u64,
}

impl UnknownSink {
    pub(crate) const fn new(policy: UnknownFields) -> Self {
        Self {
            policy,
            count: 0,
            kept: String::new(),
        }
    }

    /// Forgets the record before.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.kept.clear();
    }

    /// How many unknown fields the record has.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// The JSON object of kept fields; none if there are none.
    pub(crate) fn kept(&self) -> Option<&str> {
        (self.keeps() && self.count > 0).then_some(&self.kept)
    }

    /// Counts one field, given as its name and value stand in the record.
    pub(crate) fn add(&mut self, field: &str) {
        self.count += 1;
        self.write(field);
        self.write(",");
    }

    /// Goes into a declared object, array or field.
    pub(crate) fn open(&mut self, token: &str) {
        self.write(token);
    }

    /// Leaves an object or array.
    pub(crate) fn close(&mut self, bracket: &str) {
        if self.kept.ends_with(',') {
            self.kept.pop();
        }
        self.write(bracket);
    }

    pub(crate) const fn mark(&self) -> Mark {
        Mark {
            length: self.kept.len(),
            count: self.count,
        }
    }

    /// Ends the declared field opened at `mark`: nothing of it stays if nothing was kept inside.
    pub(crate) fn end_field(&mut self, mark: &Mark) {
        if self.count == mark.count {
            self.kept.truncate(mark.length);
        } else {
            self.write(",");
        }
    }

    /// Ends an element of a declared array, which keeps its place even when empty.
    pub(crate) fn end_element(&mut self, mark: &Mark) {
        if self.kept.len() == mark.length {
            self.write("null");
        }
        self.write(",");
    }

    fn write(&mut self, text: &str) {
        if self.keeps() {
            self.kept.push_str(text);
        }
    }

    const fn keeps(&self) -> bool {
        matches!(self.policy, UnknownFields::Keep)
    }
}
