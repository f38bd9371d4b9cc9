use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{ValueError, text_value};

/// A length of time as people write it: `500ms`, `60s`, `5m`, `1h30m`, `7d`. Whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanDuration(u64);

/// From the longest; `Display` relies on it.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl HumanDuration {
    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// The standard library's type.
    #[must_use]
    pub const fn get(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// In milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl From<HumanDuration> for Duration {
    fn from(duration: HumanDuration) -> Self {
        duration.get()
    }
}

impl FromStr for HumanDuration {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(ValueError::new("it is empty"));
        }
        let mut millis = 0u64;
        while !rest.is_empty() {
            let (count, tail) = split_where(rest, |c| !c.is_ascii_digit() && c != '_');
            let (unit, tail) = split_where(tail, |c| c.is_ascii_digit());
            let count: u64 = count.replace('_', "").parse().map_err(|_error| {
                ValueError::new("it must be whole numbers, each followed by a unit")
            })?;
            let scale = scale_of(unit.trim())?;
            millis = count
                .checked_mul(scale)
                .and_then(|part| millis.checked_add(part))
                .ok_or_else(|| ValueError::new("it is too long"))?;
            rest = tail;
        }
        Ok(Self(millis))
    }
}

fn scale_of(unit: &str) -> Result<u64, ValueError> {
    if unit.is_empty() {
        return Err(ValueError::new(
            "it has no unit; the units are ms, s, m, h and d",
        ));
    }
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    known
        .map(|(_, scale)| *scale)
        .ok_or_else(|| ValueError::new("its unit is unknown; the units are ms, s, m, h and d"))
}

fn split_where(text: &str, at: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(at)
        .map_or((text, ""), |index| text.split_at(index))
}

/// The shortest way to write it that [`FromStr`] reads back.
impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, scale) in UNITS {
            if rest >= scale {
                write!(f, "{}{unit}", rest / scale)?;
                rest %= scale;
            }
        }
        Ok(())
    }
}

text_value!(
    HumanDuration,
    types = "string",
    format = "duration-text",
    pattern = r"^\s*([0-9][0-9_]*\s*(ms|s|m|h|d)\s*)+$",
    expected = "a duration such as 500ms, 60s, 5m or 1h30m"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What operators write means what they think it means.
    #[test]
    fn durations_read_as_people_mean_them() {
        for (text, millis) in [
            ("0s", 0),
            ("500ms", 500),
            ("60s", 60_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("1_000s", 1_000_000),
            (" 10 s ", 10_000),
        ] {
            assert_eq!(text.parse(), Ok(HumanDuration(millis)), "{text}");
        }
    }

    /// A number without a unit is never guessed at.
    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            " ",
            "60",
            "s",
            "1.5h",
            "-5s",
            "5 minutes",
            "5µs",
            "99999999999999999d",
        ] {
            assert!(text.parse::<HumanDuration>().is_err(), "{text}");
        }
    }

    proptest! {
        /// Defaults shown in the schema read back as themselves.
        #[test]
        fn display_reads_back(millis: u64) {
            let duration = HumanDuration(millis);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        /// No text makes the parser panic.
        #[test]
        fn any_text_is_data(text in any::<String>()) {
            drop(text.parse::<HumanDuration>());
        }
    }
}
