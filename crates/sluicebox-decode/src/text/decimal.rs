use super::Unfit;

/// The value of a JSON number text times `10^scale`, exactly; out of range if digits would be lost or
/// it has more than `precision` of them.
pub(crate) fn decimal(text: &str, precision: u8, scale: u8) -> Result<i128, Unfit> {
    let (mantissa, exponent) = scientific(text).ok_or(Unfit::OutOfRange)?;
    let scaled = shift(mantissa, exponent.saturating_add(i64::from(scale)));
    let limit = 10_u128.pow(u32::from(precision.min(38)));
    scaled
        .filter(|value| value.unsigned_abs() < limit)
        .ok_or(Unfit::OutOfRange)
}

/// Mantissa without trailing zeros, and the power of ten it is multiplied by; none if the mantissa
/// alone has too many digits for any column.
fn scientific(text: &str) -> Option<(i128, i64)> {
    let (digits, written) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, written_exponent(exponent)),
        None => (text, 0),
    };
    let mut mantissa = 0_i128;
    let mut zeros = 0_u32;
    let mut fraction = None;
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                fraction = fraction.map(|count: i64| count + 1);
                zeros += 1;
                if byte != b'0' {
                    mantissa = shift(mantissa, i64::from(zeros))?;
                    mantissa = mantissa.checked_add(i128::from(byte - b'0'))?;
                    zeros = 0;
                }
            }
            b'.' => fraction = Some(0),
            _ => {}
        }
    }
    let mantissa = if digits.starts_with('-') {
        -mantissa
    } else {
        mantissa
    };
    let exponent = i64::from(zeros) - fraction.unwrap_or(0);
    Some((mantissa, written.saturating_add(exponent)))
}

/// An exponent beyond 64 bits is as good as infinite.
fn written_exponent(text: &str) -> i64 {
    let huge = if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    text.parse().unwrap_or(huge)
}

/// `mantissa * 10^places`, if that is a whole number of 128 bits.
fn shift(mantissa: i128, places: i64) -> Option<i128> {
    if mantissa == 0 {
        return Some(0);
    }
    let power = 10_i128.checked_pow(u32::try_from(places).ok()?)?;
    mantissa.checked_mul(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decimals are exact: no digit is lost, none is made up, whatever the notation.
    #[test]
    fn decimals_are_exact_or_refused() {
        let max = "99999999999999999999999999999999999999";
        let zeros = format!("1.{}", "0".repeat(100));
        let cases = [
            ("0", 5, 2, Ok(0)),
            ("-0.00", 5, 2, Ok(0)),
            ("0e999999999999999999999", 5, 2, Ok(0)),
            ("1.5", 5, 2, Ok(150)),
            ("-1.50", 5, 2, Ok(-150)),
            ("1.500", 5, 2, Ok(150)),
            ("1.505", 5, 2, Err(Unfit::OutOfRange)),
            ("999.99", 5, 2, Ok(99_999)),
            ("1000", 5, 2, Err(Unfit::OutOfRange)),
            ("15e-1", 5, 2, Ok(150)),
            ("15E-3", 5, 2, Err(Unfit::OutOfRange)),
            ("1.5e+2", 5, 2, Ok(15_000)),
            ("1e3", 5, 2, Err(Unfit::OutOfRange)),
            ("1e999999999999999999999", 5, 2, Err(Unfit::OutOfRange)),
            ("1e-999999999999999999999", 5, 2, Err(Unfit::OutOfRange)),
            (zeros.as_str(), 5, 2, Ok(100)),
            (
                max,
                38,
                0,
                Ok(99_999_999_999_999_999_999_999_999_999_999_999_999),
            ),
            (
                "100000000000000000000000000000000000000",
                38,
                0,
                Err(Unfit::OutOfRange),
            ),
            ("0.00000000000000000000000000000000000001", 38, 38, Ok(1)),
        ];
        for (text, precision, scale, wanted) in cases {
            assert_eq!(
                decimal(text, precision, scale),
                wanted,
                "{text} as ({precision},{scale})"
            );
        }
    }
}
