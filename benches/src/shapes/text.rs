use std::fmt::Write as _;

use fastrand::Rng;

use super::zipf;

const WORDS: u32 = 4000;

/// The seed of the vocabulary, which is the same for all records of all seeds.
const SEED: u64 = 77;

/// Words of which few are frequent, as in a language, so that text compresses as text does.
#[derive(Debug)]
pub(super) struct Vocabulary(Vec<String>);

impl Default for Vocabulary {
    fn default() -> Self {
        let mut random = Rng::with_seed(SEED);
        let word = |random: &mut Rng| {
            let length = random.usize(2..=10);
            (0..length).map(|_| letter(random)).collect()
        };
        Self((0..WORDS).map(|_| word(&mut random)).collect())
    }
}

impl Vocabulary {
    /// Appends words until they are at least `length` bytes.
    pub(super) fn plain(&self, random: &mut Rng, length: usize, json: &mut String) {
        self.words(random, length, json, |_, json| json.push(' '));
    }

    /// The same with what makes a reader of JSON look twice: escapes, and letters beyond ASCII.
    pub(super) fn escaped(&self, random: &mut Rng, length: usize, json: &mut String) {
        self.words(random, length, json, |random, json| {
            json.push_str(match random.u8(0..100) {
                0 | 1 => "\\n",
                2 | 3 => " \\\"x\\\" ",
                4 => " \u{e9}\u{2192} ",
                _ => " ",
            });
        });
    }

    fn words(
        &self,
        random: &mut Rng,
        length: usize,
        json: &mut String,
        separate: impl Fn(&mut Rng, &mut String),
    ) {
        let end = json.len() + length;
        while json.len() < end {
            json.push_str(self.0.get(zipf(random, WORDS)).map_or("", String::as_str));
            separate(random, json);
        }
    }
}

/// Appends characters that do not compress, as ids and tokens do not.
pub(super) fn incompressible(random: &mut Rng, length: usize, json: &mut String) {
    json.extend((0..length).map(|_| random.alphanumeric()));
}

/// Appends a string's quotes around what `content` writes.
pub(super) fn quoted(json: &mut String, content: impl FnOnce(&mut String)) {
    json.push('"');
    content(json);
    json.push('"');
}

/// Appends a number or anything else that is written as it is shown.
pub(super) fn shown(json: &mut String, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _written = write!(json, "{value}");
}

fn letter(random: &mut Rng) -> char {
    const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    LETTERS
        .get(zipf(random, 26))
        .copied()
        .map_or('a', char::from)
}
