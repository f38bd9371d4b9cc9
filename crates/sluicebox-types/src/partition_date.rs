use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROS_PER_HOUR: i64 = 3_600_000_000;
const HOURS_PER_DAY: i64 = 24;
/// As far as microseconds in 64 bits reach, and more.
const YEARS: RangeInclusive<i64> = 0..=300_000;

/// How finely a table is split by event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Granularity {
    /// `dt=…/hour=…`
    Hour,
    /// `dt=…`
    Day,
}

/// The `dt=`/`hour=` a row belongs to: UTC, calendar year.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionDate {
    days: i64,
    hour: Option<u8>,
}

/// A text that is no partition date.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no partition date; expected `dt=YYYY-MM-DD` or `dt=YYYY-MM-DD/hour=HH`")]
pub struct PartitionDateError(String);

impl PartitionDate {
    /// The partition of a moment (microseconds since 1970-01-01 UTC).
    #[must_use]
    pub fn of_micros(micros: i64, granularity: Granularity) -> Self {
        let hours = micros.div_euclid(MICROS_PER_HOUR);
        let days = hours.div_euclid(HOURS_PER_DAY);
        let hour = match granularity {
            Granularity::Hour => u8::try_from(hours.rem_euclid(HOURS_PER_DAY)).ok(),
            Granularity::Day => None,
        };
        Self { days, hour }
    }

    /// The first moment after it, microseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn end_micros(&self) -> i64 {
        let first_hour = self.days.saturating_mul(HOURS_PER_DAY);
        let hours_passed = self.hour.map_or(HOURS_PER_DAY, |hour| i64::from(hour) + 1);
        first_hour
            .saturating_add(hours_passed)
            .saturating_mul(MICROS_PER_HOUR)
    }

    /// `YYYY-MM-DD`.
    #[must_use]
    pub fn dt(&self) -> String {
        let (year, month, day) = civil(self.days);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `HH`, zero-padded; none in tables split by day.
    #[must_use]
    pub fn hour(&self) -> Option<String> {
        self.hour.map(|hour| format!("{hour:02}"))
    }

    /// `2019/09/01/01`: the folders of the plain layout.
    #[must_use]
    pub fn plain_path(&self) -> String {
        let (year, month, day) = civil(self.days);
        let date = format!("{year:04}/{month:02}/{day:02}");
        self.hour
            .map_or_else(|| date.clone(), |hour| format!("{date}/{hour:02}"))
    }
}

/// `dt=2019-09-01/hour=01`: the folders of the Hive layout.
impl fmt::Display for PartitionDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dt={}", self.dt())?;
        match self.hour {
            Some(hour) => write!(f, "/hour={hour:02}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for PartitionDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PartitionDate {
    type Err = PartitionDateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| PartitionDateError(text.to_owned()))
    }
}

impl Serialize for PartitionDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartitionDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

fn parse(text: &str) -> Option<PartitionDate> {
    let (dt, hour) = match text.split_once('/') {
        Some((dt, hour)) => (dt, Some(hour.strip_prefix("hour=")?.parse::<u8>().ok()?)),
        None => (text, None),
    };
    if hour.is_some_and(|hour| hour > 23) {
        return None;
    }
    let mut fields = dt
        .strip_prefix("dt=")?
        .splitn(3, '-')
        .map(|field| field.parse::<i64>().ok());
    let [year, month, day] = [fields.next()??, fields.next()??, fields.next()??];
    if !YEARS.contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_of_civil(year, month, day);
    let date = PartitionDate { days, hour };
    (date.to_string() == text).then_some(date)
}

/// Days since 1970-01-01 to (year, month, day). Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil`].
fn days_of_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Late December belongs to its calendar year: the week-year bug has no place here.
    #[test]
    fn turn_of_the_year_keeps_the_calendar_year() {
        for (micros, folder) in [
            (1_577_750_400_000_000, "dt=2019-12-31/hour=00"),
            (1_609_372_799_999_999, "dt=2020-12-30/hour=23"),
            (0, "dt=1970-01-01/hour=00"),
            (-1, "dt=1969-12-31/hour=23"),
            (951_782_400_000_000, "dt=2000-02-29/hour=00"),
        ] {
            assert_eq!(
                PartitionDate::of_micros(micros, Granularity::Hour).to_string(),
                folder
            );
        }
    }

    #[test]
    fn plain_layout_is_the_same_date_in_folders() {
        let date = PartitionDate::of_micros(1_567_299_600_000_000, Granularity::Hour);
        assert_eq!(date.plain_path(), "2019/09/01/01");
        let day = PartitionDate::of_micros(1_567_299_600_000_000, Granularity::Day);
        assert_eq!(
            (day.plain_path().as_str(), day.hour()),
            ("2019/09/01", None)
        );
    }

    #[test]
    fn nonsense_is_no_date() {
        for text in [
            "",
            "dt=2019-1-01",
            "dt=2019-02-30",
            "dt=2019-09-01/hour=24",
            "dt=a-b-c",
            "dt=9223372036854775807-01-01",
            "dt=2019-9223372036854775807-01",
            "dt=2019-01-9223372036854775807",
        ] {
            assert!(text.parse::<PartitionDate>().is_err(), "{text}");
        }
    }

    proptest! {
        /// A partition holds the moments before its end, and the next one begins there.
        #[test]
        fn partitions_end_where_the_next_begins(micros in -62_135_596_800_000_000i64..253_402_300_800_000_000) {
            for granularity in [Granularity::Hour, Granularity::Day] {
                let date = PartitionDate::of_micros(micros, granularity);
                let end = date.end_micros();
                prop_assert!(micros < end);
                prop_assert_eq!(PartitionDate::of_micros(end - 1, granularity), date);
                prop_assert_ne!(PartitionDate::of_micros(end, granularity), date);
            }
        }

        /// What is written into a chain record comes back as the same partition.
        #[test]
        fn text_round_trips(micros in -62_135_596_800_000_000i64..253_402_300_800_000_000) {
            for granularity in [Granularity::Hour, Granularity::Day] {
                let date = PartitionDate::of_micros(micros, granularity);
                prop_assert_eq!(date.to_string().parse::<PartitionDate>(), Ok(date));
            }
        }
    }
}
