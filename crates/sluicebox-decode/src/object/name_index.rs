/// Finds declared names, and those that differ from one in case only, in one look.
///
/// An open-addressing table over hashes that are blind to the case of ASCII letters. It is filled
/// once, at most half, and only with declared names, so no record can make it slow.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    names: Vec<String>,
    slots: Vec<Option<usize>>,
    is_ascii: bool,
}

/// What a name turns out to be. Numbers are places in the list of declared names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Declared(usize),
    /// Not declared, but equal to a declared name when case is ignored.
    Variant(usize),
    Unknown,
}

impl NameIndex {
    pub(super) fn new(names: Vec<String>) -> Self {
        let mut slots = vec![None; (2 * names.len()).next_power_of_two()];
        for (index, name) in names.iter().enumerate() {
            let free = probe(name, slots.len()).find(|slot| slots.get(*slot) == Some(&None));
            if let Some(slot) = free.and_then(|slot| slots.get_mut(slot)) {
                *slot = Some(index);
            }
        }
        let is_ascii = names.iter().all(|name| name.is_ascii());
        Self {
            names,
            slots,
            is_ascii,
        }
    }

    pub(super) fn find(&self, name: &str) -> Found {
        let mut variant = None;
        for slot in probe(name, self.slots.len()) {
            let Some(index) = self.slots.get(slot).copied().flatten() else {
                break;
            };
            match self.names.get(index) {
                Some(declared) if declared == name => return Found::Declared(index),
                Some(declared) if declared.eq_ignore_ascii_case(name) => {
                    variant.get_or_insert(index);
                }
                _ => {}
            }
        }
        if variant.is_none() && !(self.is_ascii && name.is_ascii()) {
            variant = self
                .names
                .iter()
                .position(|declared| eq_ignore_case(declared, name));
        }
        variant.map_or(Found::Unknown, Found::Variant)
    }
}

/// The slots at which a name may stand, each once: FNV-1a decides where to begin.
fn probe(name: &str, slots: usize) -> impl Iterator<Item = usize> {
    let mask = slots.wrapping_sub(1);
    let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte | 0x20)).wrapping_mul(0x0100_0000_01B3)
    });
    let start = usize::try_from(hash >> 33).unwrap_or_default();
    (0..slots).map(move |step| start.wrapping_add(step) & mask)
}

fn eq_ignore_case(one: &str, other: &str) -> bool {
    one.chars()
        .flat_map(char::to_lowercase)
        .eq(other.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A declared name is found as itself, another spelling of it as a variant, anything else as
    /// unknown, in ASCII and beyond.
    #[test]
    fn names_are_told_from_their_variants() {
        let names = ["carrier", "Carrier", "größe", "k", "", "a_b", "\u{1}x"];
        let index = NameIndex::new(names.map(str::to_owned).to_vec());
        let cases = [
            ("carrier", Found::Declared(0)),
            ("Carrier", Found::Declared(1)),
            ("CARRIER", Found::Variant(0)),
            ("größe", Found::Declared(2)),
            ("GRÖßE", Found::Variant(2)),
            ("\u{212A}", Found::Variant(3)),
            ("K", Found::Variant(3)),
            ("", Found::Declared(4)),
            ("A_B", Found::Variant(5)),
            ("a\u{7F}b", Found::Unknown),
            ("!X", Found::Unknown),
            ("carriers", Found::Unknown),
        ];
        for (name, wanted) in cases {
            assert_eq!(index.find(name), wanted, "{name:?}");
        }
        assert_eq!(NameIndex::default().find("x"), Found::Unknown);
    }
}
