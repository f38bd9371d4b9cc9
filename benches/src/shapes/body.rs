use std::fmt::Write as _;

use fastrand::Rng;
use jiff::Timestamp;

use super::event;
use super::text::{Vocabulary, quoted};

/// Bytes of a record around its text.
const AROUND_TEXT: usize = 93;

/// An id, a time, and text that fills the record up.
#[derive(Debug)]
pub(super) struct Body {
    text_bytes: usize,
    vocabulary: Vocabulary,
}

impl Body {
    pub(super) fn new(record_bytes: u32) -> Self {
        let record_bytes = usize::try_from(record_bytes).unwrap_or(usize::MAX);
        Self {
            text_bytes: record_bytes.saturating_sub(AROUND_TEXT),
            vocabulary: Vocabulary::default(),
        }
    }

    /// Appends a record and gives its id.
    pub(super) fn write(&self, random: &mut Rng, at_millis: i64, json: &mut String) -> String {
        let id = event::id(random);
        let time = Timestamp::from_millisecond(at_millis).unwrap_or_default();
        // Writing to a string cannot fail.
        let _written = write!(
            json,
            "{{\"event_id\":\"{id}\",\"ts\":\"{time:.3}\",\"body\":"
        );
        quoted(json, |json| {
            self.vocabulary.plain(random, self.text_bytes, json);
        });
        json.push('}');
        id
    }
}
