//! The shapes of data that all figures are about.

mod text;
mod event;
mod document;
mod columns;
mod body;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use fastrand::Rng;

use self::body::Body;
use self::document::Payload;

/// What a record looks like, and how much of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Small events: about 270 bytes, 10 columns, all kept.
    A,
    /// Large documents: about 10 KB, 93 columns, all kept.
    B,
    /// The records of [`Shape::B`], of which 10 columns are kept.
    B10,
    /// The records of [`Shape::A`] with more fields: so many columns, at least ten.
    Columns(u32),
    /// An id, a time and text: so many bytes, at least a hundred.
    Bytes(u32),
}

impl Shape {
    /// The shapes that all figures are about; the others show how cost grows.
    pub const STANDARD: [Self; 3] = [Self::A, Self::B, Self::B10];

    /// The word for its files and its topic.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::B10 => "b10",
            Self::Columns(_) => "columns",
            Self::Bytes(_) => "bytes",
        }
    }

    /// The config with which it is ingested. It wants `BENCH_BROKERS`, `BENCH_LAKE` and
    /// `BENCH_CONTROL`, and that of [`Shape::Columns`] a `BENCH_SCHEMA`.
    #[must_use]
    pub fn config(self) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        folder.join(format!("{}.yaml", self.name()))
    }

    /// The only topic of that config.
    #[must_use]
    pub fn topic(self) -> String {
        format!("bench-{}", self.name())
    }

    /// The content of the schema file that its config does not have; none for most.
    #[must_use]
    pub fn schema(self) -> Option<String> {
        match self {
            Self::Columns(count) => Some(columns::schema(count)),
            Self::A | Self::B | Self::B10 | Self::Bytes(_) => None,
        }
    }
}

impl fmt::Display for Shape {
    /// As in commands and tables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A | Self::B | Self::B10 => f.write_str(self.name()),
            Self::Columns(count) | Self::Bytes(count) => write!(f, "{}:{count}", self.name()),
        }
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = match text.split_once(':') {
            None => Self::STANDARD
                .into_iter()
                .find(|shape| shape.name() == text),
            Some(("columns", count)) => count.parse().ok().map(Self::Columns),
            Some(("bytes", count)) => count.parse().ok().map(Self::Bytes),
            Some(_) => None,
        };
        shape.ok_or_else(|| "one of a, b, b10, columns:<number>, bytes:<number>".to_owned())
    }
}

/// Writes records of a shape, the same ones for the same seed.
#[derive(Debug)]
pub struct Generator {
    random: Rng,
    rest: Rest,
}

/// What a record has beside the event.
#[derive(Debug)]
enum Rest {
    Nothing,
    Payload(Box<Payload>),
    Columns(u32),
    Body(Body),
}

impl Generator {
    /// A generator whose records depend on `shape` and `seed` alone.
    #[must_use]
    pub fn new(shape: Shape, seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            rest: match shape {
                Shape::A => Rest::Nothing,
                Shape::B | Shape::B10 => Rest::Payload(Box::default()),
                Shape::Columns(count) => Rest::Columns(count),
                Shape::Bytes(count) => Rest::Body(Body::new(count)),
            },
        }
    }

    /// Appends the next record, of about that time, to `json`, and gives its id.
    pub fn write(&mut self, at_millis: i64, json: &mut String) -> String {
        let random = &mut self.random;
        if let Rest::Body(body) = &self.rest {
            return body.write(random, at_millis, json);
        }
        json.push('{');
        let id = event::write(random, at_millis, json);
        match &self.rest {
            Rest::Payload(payload) => {
                json.push_str(",\"payload\":");
                payload.write(random, json);
            }
            Rest::Columns(count) => columns::write(random, *count, json),
            Rest::Nothing | Rest::Body(_) => {}
        }
        json.push('}');
        id
    }
}

/// A number below `count` of which the small ones are the frequent ones: as often as its logarithm
/// grows.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the power lies between 1 and count + 1"
)]
fn zipf(random: &mut Rng, count: u32) -> usize {
    let power = (f64::from(count) + 1.0).powf(random.f64());
    (power as usize - 1).min(count as usize - 1)
}

/// One of the words, the first ones most often.
fn pick<'a>(random: &mut Rng, words: &[&'a str]) -> &'a str {
    let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
    words.get(zipf(random, count)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same seed gives the same bytes, so that figures of two runs are about the same work.
    #[test]
    fn records_depend_on_the_seed_alone() {
        for shape in Shape::STANDARD {
            let [mut one, mut other] = [String::new(), String::new()];
            Generator::new(shape, 7).write(1_780_000_000_000, &mut one);
            Generator::new(shape, 7).write(1_780_000_000_000, &mut other);
            assert_eq!(one, other);
        }
    }

    /// Records have about the size that the figures are told for.
    #[test]
    fn records_have_their_size() {
        for (shape, sizes) in [
            (Shape::A, 240..300),
            (Shape::B, 9_000..11_000),
            (Shape::Bytes(100), 95..105),
            (Shape::Bytes(50_000), 48_000..52_000),
        ] {
            let mut generator = Generator::new(shape, 1);
            let mut json = String::new();
            for index in 0..100 {
                generator.write(1_780_000_000_000 + index, &mut json);
            }
            let mean = json.len() / 100;
            assert!(sizes.contains(&mean), "{shape}: {mean} bytes");
        }
    }
}
