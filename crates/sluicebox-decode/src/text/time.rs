use sluicebox_types::TimeUnit;

use super::Unfit;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what every engine can print.
const TIMESTAMP_MIN: i64 = -62_135_596_800 * MICROS_PER_SECOND;
const TIMESTAMP_MAX: i64 = 253_402_300_800 * MICROS_PER_SECOND - 1;

/// A moment as RFC 3339 writes it, in microseconds since 1970-01-01 UTC. A blank may stand for the
/// `T`; leap seconds are invalid, for no engine can store them.
pub(crate) fn timestamp(text: &str) -> Result<i64, Unfit> {
    let (local, rest) = split_local_timestamp(text.as_bytes())?;
    let utc = local - offset(rest).ok_or(Unfit::Invalid)?;
    if is_timestamp(utc) {
        Ok(utc)
    } else {
        Err(Unfit::OutOfRange)
    }
}

/// A wall-clock reading without an offset, in microseconds since 1970-01-01 00:00 of that clock.
pub(crate) fn local_timestamp(text: &str) -> Result<i64, Unfit> {
    match split_local_timestamp(text.as_bytes())? {
        (micros, []) => Ok(micros),
        _ => Err(Unfit::Invalid),
    }
}

/// `YYYY-MM-DD`, in days since 1970-01-01.
pub(crate) fn date(text: &str) -> Result<i32, Unfit> {
    match split_date(text.as_bytes()) {
        Some((days, [])) => i32::try_from(days).or(Err(Unfit::OutOfRange)),
        _ => Err(Unfit::Invalid),
    }
}

/// `HH:MM:SS[.ffffff]`, in microseconds since midnight.
pub(crate) fn time_of_day(text: &str) -> Result<i64, Unfit> {
    match split_time(text.as_bytes())? {
        (micros, []) => Ok(micros),
        _ => Err(Unfit::Invalid),
    }
}

/// A count of `unit`s in microseconds; none if that is no whole number of them or overflows.
pub(crate) fn micros(count: i64, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Seconds => count.checked_mul(MICROS_PER_SECOND),
        TimeUnit::Millis => count.checked_mul(1_000),
        TimeUnit::Micros => Some(count),
        TimeUnit::Nanos => (count % 1_000 == 0).then_some(count / 1_000),
    }
}

/// Whether microseconds since 1970-01-01 lie in the years 0001 to 9999.
pub(crate) fn is_timestamp(micros: i64) -> bool {
    (TIMESTAMP_MIN..=TIMESTAMP_MAX).contains(&micros)
}

/// Whether microseconds since midnight lie within one day.
pub(crate) fn is_time_of_day(micros: i64) -> bool {
    (0..MICROS_PER_DAY).contains(&micros)
}

fn split_local_timestamp(text: &[u8]) -> Result<(i64, &[u8]), Unfit> {
    let (days, rest) = split_date(text).ok_or(Unfit::Invalid)?;
    let [b'T' | b't' | b' ', rest @ ..] = rest else {
        return Err(Unfit::Invalid);
    };
    let (micros, rest) = split_time(rest)?;
    Ok((days * MICROS_PER_DAY + micros, rest))
}

fn split_date(text: &[u8]) -> Option<(i64, &[u8])> {
    let (&[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2], rest) = text.split_first_chunk()? else {
        return None;
    };
    let year = digits([y1, y2, y3, y4])?;
    let month = digits([m1, m2])?;
    let day = digits([d1, d2])?;
    let exists = year >= 1 && (1..=days_of(year, month)?).contains(&day);
    exists.then(|| (days_since_1970(year, month, day), rest))
}

fn split_time(text: &[u8]) -> Result<(i64, &[u8]), Unfit> {
    let (clock, rest) = text.split_first_chunk().ok_or(Unfit::Invalid)?;
    let seconds = clock_seconds(*clock).ok_or(Unfit::Invalid)?;
    let (micros, rest) = split_fraction(rest)?;
    Ok((seconds * MICROS_PER_SECOND + micros, rest))
}

fn clock_seconds([h1, h2, c1, m1, m2, c2, s1, s2]: [u8; 8]) -> Option<i64> {
    let (hour, minute, second) = (digits([h1, h2])?, digits([m1, m2])?, digits([s1, s2])?);
    let exists = c1 == b':' && c2 == b':' && hour < 24 && minute < 60 && second < 60;
    exists.then_some((hour * 60 + minute) * 60 + second)
}

/// One to nine digits after a point, of which all beyond microseconds must be zero.
fn split_fraction(text: &[u8]) -> Result<(i64, &[u8]), Unfit> {
    let [b'.', rest @ ..] = text else {
        return Ok((0, text));
    };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, rest) = rest.split_at_checked(count).ok_or(Unfit::Invalid)?;
    if !(1..=9).contains(&count) {
        return Err(Unfit::Invalid);
    }
    let padded = fraction.iter().chain(std::iter::repeat(&b'0')).take(9);
    let nanos = padded.fold(0, |nanos, digit| nanos * 10 + i64::from(digit - b'0'));
    match micros(nanos, TimeUnit::Nanos) {
        Some(micros) => Ok((micros, rest)),
        None => Err(Unfit::OutOfRange),
    }
}

/// `Z` or `±HH:MM`, in microseconds east of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    let &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = text else {
        return matches!(text, b"Z" | b"z").then_some(0);
    };
    let (hours, minutes) = (digits([h1, h2])?, digits([m1, m2])?);
    let micros = (hours * 60 + minutes) * 60 * MICROS_PER_SECOND;
    let exists = hours < 24 && minutes < 60;
    exists.then_some(if sign == b'-' { -micros } else { micros })
}

fn digits<const N: usize>(text: [u8; N]) -> Option<i64> {
    let mut value = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some(value)
}

fn days_of(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        1..=12 => Some(31),
        _ => None,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar ("chrono-Compatible Low-Level Date
/// Algorithms", H. Hinnant: years start in March, eras are 400 years).
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
