use parquet::file::properties::DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH;

/// Bytes of a bound at most, as in Parquet's own writer.
const BOUND_BYTES: usize = match DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH {
    Some(bytes) => bytes,
    None => usize::MAX,
};

/// The smallest and the largest of some texts. Their order is that of their bytes.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    min: String,
    max: String,
}

impl Bounds {
    /// Of a single text.
    pub(crate) fn of(text: &str) -> Self {
        Self {
            min: text.to_owned(),
            max: text.to_owned(),
        }
    }

    /// Takes one more into account.
    pub(crate) fn widen(&mut self, text: &str) {
        if text < self.min.as_str() {
            text.clone_into(&mut self.min);
        } else if text > self.max.as_str() {
            text.clone_into(&mut self.max);
        }
    }

    /// Takes all those of others into account.
    pub(crate) fn widen_by(&mut self, others: &Self) {
        self.widen(&others.min);
        self.widen(&others.max);
    }

    /// Bytes of memory: both are kept whole.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.min.capacity() + self.max.capacity()
    }

    /// A short text that none of them is below, and whether it is one of them.
    pub(crate) fn lower(&self) -> (&str, bool) {
        let cut = cut(&self.min);
        (cut, cut.len() == self.min.len())
    }

    /// A short text that none of them is above, and whether it is one of them: a longer one is cut, and
    /// its last character that has a successor of equal length in bytes becomes that.
    pub(crate) fn upper(&self) -> (String, bool) {
        let cut = cut(&self.max);
        if cut.len() == self.max.len() {
            return (cut.to_owned(), true);
        }
        let raised = cut.char_indices().rev().find_map(|(start, last)| {
            let next = char::from_u32(u32::from(last) + 1)?;
            let before = cut.get(..start)?;
            (next.len_utf8() == last.len_utf8()).then(|| format!("{before}{next}"))
        });
        match raised {
            Some(raised) => (raised, false),
            None => (self.max.clone(), true),
        }
    }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(BOUND_BYTES))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is short stands for itself; what is long is cut between characters.
    #[test]
    fn long_bounds_are_cut() {
        let highest = char::MAX.to_string();
        for (text, lower, upper) in [
            ("", String::new(), String::new()),
            ("ab", "ab".to_owned(), "ab".to_owned()),
            (&"a".repeat(64), "a".repeat(64), "a".repeat(64)),
            (&"a".repeat(65), "a".repeat(64), "a".repeat(63) + "b"),
            (&"€".repeat(22), "€".repeat(21), "€".repeat(20) + "₭"),
            (&highest.repeat(17), highest.repeat(16), highest.repeat(17)),
            (
                &("a".to_owned() + &highest.repeat(17)),
                "a".to_owned() + &highest.repeat(15),
                "b".to_owned(),
            ),
        ] {
            let bounds = Bounds::of(text);
            assert_eq!(bounds.lower(), (lower.as_str(), lower == text));
            assert_eq!(bounds.upper(), (upper.clone(), upper == text));
        }
    }

    proptest! {
        /// No text lies outside, and exact bounds are texts.
        #[test]
        fn all_lie_within(texts in prop::collection::vec("\\PC{0,70}|[\u{d7ff}-\u{e000}]{0,40}", 1..20)) {
            let mut bounds = Bounds::of(&texts[0]);
            texts.iter().for_each(|text| bounds.widen(text));
            let (lower, lower_is_exact) = bounds.lower();
            let (upper, upper_is_exact) = bounds.upper();
            prop_assert!(texts.iter().all(|text| lower <= text.as_str() && *text <= upper));
            prop_assert!(!lower_is_exact || texts.iter().any(|text| text == lower));
            prop_assert!(!upper_is_exact || texts.contains(&upper));
        }
    }
}
