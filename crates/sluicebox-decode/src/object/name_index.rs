/// Finds declared names, and those that differ from one in case only, in one look.
///
/// An open-addressing table over hashes that are blind to the case of ASCII letters, at most half
/// full. Beside the declared names it holds those of other fields that came before, up to
/// [`LEARNED_MAX`] of them: records choose these, so they must not be many.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    /// The declared names, then the learned ones.
    names: Vec<String>,
    declared: usize,
    slots: Vec<Option<usize>>,
    is_ascii: bool,
}

/// Undeclared names that are remembered; those beyond are looked up in vain every time.
const LEARNED_MAX: usize = 128;

/// Bytes of the longest undeclared name that is remembered.
const LEARNED_BYTES_MAX: usize = 64;

/// What a name turns out to be. Numbers are places in the list of names, the declared ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Declared(usize),
    /// Not declared, but equal to a declared name when case is ignored.
    Variant(usize),
    /// Neither, but remembered.
    Learned(usize),
    Unknown,
}

impl NameIndex {
    /// An index of declared names.
    pub(super) fn new(names: Vec<String>) -> Self {
        let is_ascii = names.iter().all(|name| name.is_ascii());
        let mut index = Self {
            declared: names.len(),
            names,
            slots: Vec::new(),
            is_ascii,
        };
        index.fill_slots();
        index
    }

    /// Remembers an unknown name, if there is room; its place in the list of names.
    pub(super) fn learn(&mut self, name: &str) -> Option<usize> {
        let index = self.names.len();
        if index - self.declared >= LEARNED_MAX || name.len() > LEARNED_BYTES_MAX {
            return None;
        }
        self.names.push(name.to_owned());
        self.fill_slots();
        Some(index)
    }

    fn fill_slots(&mut self) {
        self.slots.clear();
        self.slots
            .resize((2 * self.names.len()).next_power_of_two(), None);
        for (index, name) in self.names.iter().enumerate() {
            let slots = &mut self.slots;
            let free = probe(name, slots.len()).find(|slot| slots.get(*slot) == Some(&None));
            if let Some(slot) = free.and_then(|slot| slots.get_mut(slot)) {
                *slot = Some(index);
            }
        }
    }

    pub(super) fn find(&self, name: &str) -> Found {
        let mut variant = None;
        for slot in probe(name, self.slots.len()) {
            let Some(index) = self.slots.get(slot).copied().flatten() else {
                break;
            };
            match self.names.get(index) {
                Some(found) if found == name && index < self.declared => {
                    return Found::Declared(index);
                }
                Some(found) if found == name => return Found::Learned(index),
                Some(found) if index < self.declared && found.eq_ignore_ascii_case(name) => {
                    variant.get_or_insert(index);
                }
                _ => {}
            }
        }
        if variant.is_none() && !(self.is_ascii && name.is_ascii()) {
            variant = self
                .names
                .iter()
                .take(self.declared)
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

    /// Undeclared names are learned up to the limits, and change nothing for the declared ones.
    #[test]
    fn names_are_learned_up_to_the_limits() {
        let mut index = NameIndex::new(vec!["carrier".to_owned()]);
        assert_eq!(index.learn(&"x".repeat(LEARNED_BYTES_MAX + 1)), None);
        for number in 0..LEARNED_MAX {
            let name = format!("Name{number}");
            assert_eq!(index.find(&name), Found::Unknown);
            assert_eq!(index.learn(&name), Some(number + 1));
            assert_eq!(index.find(&name), Found::Learned(number + 1));
            assert_eq!(index.find(&format!("name{number}")), Found::Unknown);
        }
        assert_eq!(index.learn("one_more"), None);
        assert_eq!(index.find("carrier"), Found::Declared(0));
        assert_eq!(index.find("CARRIER"), Found::Variant(0));
        assert_eq!(NameIndex::default().learn("x"), Some(0));
    }
}
