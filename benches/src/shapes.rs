//! The shapes of data that all figures are about.

mod text;
mod event;
mod document;

use std::fmt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use fastrand::Rng;

use self::document::Payload;

/// What a record looks like, and how much of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// Small events: about 270 bytes, 10 columns, all kept.
    A,
    /// Large documents: about 10 KB, 93 columns, all kept.
    B,
    /// The records of [`Shape::B`], of which 10 columns are kept.
    B10,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::B10];

    /// The word for it in commands, files and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::B10 => "b10",
        }
    }

    /// The config with which it is ingested. It wants `BENCH_BROKERS`, `BENCH_LAKE` and
    /// `BENCH_CONTROL`.
    #[must_use]
    pub fn config(self) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        folder.join(format!("{self}.yaml"))
    }

    /// The only topic of that config.
    #[must_use]
    pub fn topic(self) -> String {
        format!("bench-{self}")
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes records of a shape, the same ones for the same seed.
#[derive(Debug)]
pub struct Generator {
    random: Rng,
    payload: Option<Payload>,
}

impl Generator {
    /// A generator whose records depend on `shape` and `seed` alone.
    #[must_use]
    pub fn new(shape: Shape, seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            payload: match shape {
                Shape::A => None,
                Shape::B | Shape::B10 => Some(Payload::new()),
            },
        }
    }

    /// Appends the next record, of about that time, to `json`, and gives its id.
    pub fn write(&mut self, at_millis: i64, json: &mut String) -> String {
        json.push('{');
        let id = event::write(&mut self.random, at_millis, json);
        if let Some(payload) = &self.payload {
            json.push_str(",\"payload\":");
            payload.write(&mut self.random, json);
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
        for shape in Shape::ALL {
            let [mut one, mut other] = [String::new(), String::new()];
            Generator::new(shape, 7).write(1_780_000_000_000, &mut one);
            Generator::new(shape, 7).write(1_780_000_000_000, &mut other);
            assert_eq!(one, other);
        }
    }

    /// Records have about the size that the figures are told for.
    #[test]
    fn records_have_their_size() {
        for (shape, sizes) in [(Shape::A, 240..300), (Shape::B, 9_000..11_000)] {
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
