use sluicebox_types::{Granularity, PartitionDate};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// `micros` since 1970-01-01 UTC as RFC 3339 with six digits: `2019-09-01T01:02:03.000000Z`.
#[must_use]
pub fn rfc3339_micros(micros: i64) -> String {
    let day = PartitionDate::of_micros(micros, Granularity::Day).dt();
    let of_day = micros.rem_euclid(MICROS_PER_DAY);
    let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{day}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every time that a table can hold has a text, before 1970 and in the year 9999 as well.
    #[test]
    fn times_have_texts() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (1_567_299_723_000_004, "2019-09-01T01:02:03.000004Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(rfc3339_micros(micros), text);
        }
    }
}
