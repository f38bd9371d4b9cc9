use std::cmp::Ordering;

use parquet::file::properties::DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH;

/// Bytes of a bound at most, as in Parquet's own writer.
const BOUND_BYTES: usize = match DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH {
    Some(bytes) => bytes,
    None => usize::MAX,
};

/// The smallest and the largest of some texts. Their order is that of their bytes.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    min: Bound,
    max: Bound,
}

/// A text and its first bytes, which nearly always tell another text from it (after the strings of
/// Umbra, Neumann and Freitag, CIDR 2020).
#[derive(Clone, Debug)]
struct Bound {
    head: u64,
    text: String,
}

impl Bounds {
    /// Of a single text.
    pub(crate) fn of(text: &str) -> Self {
        let bound = Bound {
            head: head(text),
            text: text.to_owned(),
        };
        Self {
            min: bound.clone(),
            max: bound,
        }
    }

    /// Takes one more into account.
    pub(crate) fn widen(&mut self, text: &str) {
        let head = head(text);
        if self.min.compare(head, text).is_gt() {
            self.min.become_that(head, text);
        } else if self.max.compare(head, text).is_lt() {
            self.max.become_that(head, text);
        }
    }

    /// Takes all those of others into account.
    pub(crate) fn widen_by(&mut self, others: &Self) {
        self.widen(&others.min.text);
        self.widen(&others.max.text);
    }

    /// Bytes of memory: both are kept whole.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.min.text.capacity() + self.max.text.capacity()
    }

    /// A short text that none of them is below, and whether it is one of them.
    pub(crate) fn lower(&self) -> (&str, bool) {
        let cut = cut(&self.min.text);
        (cut, cut.len() == self.min.text.len())
    }

    /// A short text that none of them is above, and whether it is one of them: a longer one is cut, and
    /// its last character that has a successor of equal length in bytes becomes that.
    pub(crate) fn upper(&self) -> (String, bool) {
        let cut = cut(&self.max.text);
        if cut.len() == self.max.text.len() {
            return (cut.to_owned(), true);
        }
        let raised = cut.char_indices().rev().find_map(|(start, last)| {
            let next = char::from_u32(u32::from(last) + 1)?;
            let before = cut.get(..start)?;
            (next.len_utf8() == last.len_utf8()).then(|| format!("{before}{next}"))
        });
        match raised {
            Some(raised) => (raised, false),
            None => (self.max.text.clone(), true),
        }
    }
}

impl Bound {
    fn compare(&self, head: u64, text: &str) -> Ordering {
        let heads = self.head.cmp(&head);
        heads.then_with(|| self.text.as_str().cmp(text))
    }

    fn become_that(&mut self, head: u64, text: &str) {
        self.head = head;
        text.clone_into(&mut self.text);
    }
}

/// Its first eight bytes, zeros for those that it has not: in order as the texts are, but equal for some
/// that are not.
fn head(text: &str) -> u64 {
    let bytes = text.as_bytes();
    match bytes.first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => {
            let padded = bytes.iter().chain(&[0; 8]).take(8);
            padded.fold(0, |head, byte| (head << 8) | u64::from(*byte))
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
        /// No text lies outside, and exact bounds are texts, whether they differ early, late or by zeros.
        #[test]
        fn all_lie_within(texts in prop::collection::vec("\\PC{0,70}|[\u{d7ff}-\u{e000}]{0,40}|[a\0]{0,12}", 1..20)) {
            let mut bounds = Bounds::of(&texts[0]);
            texts.iter().for_each(|text| bounds.widen(text));
            prop_assert_eq!(Some(&bounds.min.text), texts.iter().min());
            prop_assert_eq!(Some(&bounds.max.text), texts.iter().max());
            let (lower, lower_is_exact) = bounds.lower();
            let (upper, upper_is_exact) = bounds.upper();
            prop_assert!(texts.iter().all(|text| lower <= text.as_str() && *text <= upper));
            prop_assert!(!lower_is_exact || texts.iter().any(|text| text == lower));
            prop_assert!(!upper_is_exact || texts.contains(&upper));
        }
    }
}
