use std::fmt;
use std::str::FromStr;

use super::{ValueError, text_value};

/// A moment, written in RFC 3339 with an offset: `2013-01-01T05:00:00Z`. Microseconds since
/// 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 2000-01-01T00:00:00Z.
    pub const YEAR_2000: Self = Self(946_684_800_000_000);
    /// 2100-01-01T00:00:00Z.
    pub const YEAR_2100: Self = Self(4_102_444_800_000_000);

    /// Microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970-01-01 UTC, rounded down: Kafka's unit.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }
}

impl FromStr for Timestamp {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment: jiff::Timestamp = text
            .trim()
            .parse()
            .map_err(|_error| ValueError::new("it is no RFC 3339 date and time with an offset"))?;
        Ok(Self(moment.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(moment) => moment.fmt(f),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

text_value!(
    Timestamp,
    types = "string",
    format = "date-time-text",
    pattern = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}",
    expected = "a date and time with an offset, such as 2013-01-01T05:00:00Z"
);

#[cfg(test)]
mod tests {
    use super::*;

    /// The offset counts, and the named years are what they say.
    #[test]
    fn moments_are_read_with_their_offset() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T01:00:00+01:00", 0),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2000-01-01T00:00:00Z", Timestamp::YEAR_2000.as_micros()),
            ("2100-01-01T00:00:00Z", Timestamp::YEAR_2100.as_micros()),
        ] {
            assert_eq!(text.parse(), Ok(Timestamp(micros)), "{text}");
        }
    }

    #[test]
    fn a_text_without_offset_is_refused() {
        for text in [
            "",
            "2013-01-01",
            "2013-01-01T05:00:00",
            "yesterday",
            "1356998400",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn display_reads_back() {
        for moment in [Timestamp::YEAR_2000, Timestamp::YEAR_2100] {
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }
}
