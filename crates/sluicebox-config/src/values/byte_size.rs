use std::fmt;
use std::str::FromStr;

use super::{ValueError, text_value};

/// A number of bytes as people write it: `128MiB`, `2GiB`, `64KB`, `5_000_000`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

/// From the largest; `Display` relies on it.
const BINARY: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];
const DECIMAL: [(&str, u64); 5] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

impl ByteSize {
    /// So many bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// So many times 1,024 × 1,024 bytes.
    #[must_use]
    pub const fn from_mib(mebibytes: u64) -> Self {
        Self(mebibytes.saturating_mul(1 << 20))
    }

    /// In bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// In bytes, for sizes of things in memory; `usize::MAX` where it does not fit.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteSize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let digits = text
            .find(|c: char| !c.is_ascii_digit() && c != '_')
            .unwrap_or(text.len());
        let (count, unit) = text.split_at(digits);
        let count: u64 = count
            .replace('_', "")
            .parse()
            .map_err(|_error| ValueError::new("it must be a whole number and a unit"))?;
        let bytes = count.checked_mul(scale_of(unit.trim())?);
        bytes
            .map(Self)
            .ok_or_else(|| ValueError::new("it is too large"))
    }
}

fn scale_of(unit: &str) -> Result<u64, ValueError> {
    if unit.is_empty() {
        return Ok(1);
    }
    let mut units = BINARY.iter().chain(&DECIMAL);
    let known = units.find(|(name, _)| *name == unit);
    known.map(|(_, scale)| *scale).ok_or_else(|| {
        ValueError::new("its unit is unknown; the units are B, KB, MB, GB, TB, KiB, MiB, GiB, TiB")
    })
}

/// The shortest way to write it in binary units that [`FromStr`] reads back.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, scale): &&(&str, u64)| self.0 >= *scale && self.0.is_multiple_of(*scale);
        match BINARY.iter().find(fits) {
            Some((unit, scale)) => write!(f, "{}{unit}", self.0 / scale),
            None => write!(f, "{}", self.0),
        }
    }
}

text_value!(
    ByteSize,
    types = ["string", "integer"],
    format = "byte-size",
    pattern = r"^\s*[0-9][0-9_]*\s*([KMGT]i?B|B)?\s*$",
    expected = "a size such as 64KB, 128MiB, 2GiB or a number of bytes"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// KB is a thousand, KiB is 1,024, and a bare number is bytes.
    #[test]
    fn sizes_read_as_people_mean_them() {
        for (text, bytes) in [
            ("0", 0),
            ("5_000_000", 5_000_000),
            ("64KB", 64_000),
            ("64 KiB", 65_536),
            ("128MiB", 134_217_728),
            ("2GiB", 2_147_483_648),
            ("7B", 7),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "MiB",
            "1.5GiB",
            "-1",
            "64kb",
            "64K",
            "1 MiB x",
            "99999999999TiB",
        ] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    proptest! {
        /// Defaults shown in the schema read back as themselves.
        #[test]
        fn display_reads_back(bytes: u64) {
            let size = ByteSize(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        /// No text makes the parser panic.
        #[test]
        fn any_text_is_data(text in any::<String>()) {
            drop(text.parse::<ByteSize>());
        }
    }
}
