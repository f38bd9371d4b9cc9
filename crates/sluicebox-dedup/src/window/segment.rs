use std::iter;

/// A clock that marks a slot as free; an occurrence at this clock is kept as the next one.
const FREE: i64 = i64::MIN;

/// A key and the log clock of its last occurrence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    // Two halves, because a u128 would align the slot to 16 bytes and cost 32 instead of 24.
    upper: u64,
    lower: u64,
    clock_millis: i64,
}

impl Slot {
    const EMPTY: Self = Self {
        upper: 0,
        lower: 0,
        clock_millis: FREE,
    };

    fn new(key: u128, clock_millis: i64) -> Self {
        let [upper, lower] = halves(key);
        Self {
            upper,
            lower,
            clock_millis: clock_millis.max(FREE + 1),
        }
    }

    pub(super) fn key(&self) -> u128 {
        (u128::from(self.upper) << 64) | u128::from(self.lower)
    }

    const fn has_key_of(&self, other: &Self) -> bool {
        self.lower == other.lower && self.upper == other.upper
    }

    const fn is_free(&self) -> bool {
        self.clock_millis == FREE
    }

    const fn is_live(&self, oldest_millis: i64) -> bool {
        !self.is_free() && self.clock_millis >= oldest_millis
    }
}

/// There is no free slot left for a new key.
#[derive(Debug)]
pub(super) struct Full;

/// A small open-addressing table with linear probing. It is built for a number of entries and never
/// grows: when it is full, its owner gathers the live entries into a new one.
///
/// Built three fifths full and full at seven eighths, it holds an entry in 34 bytes on average. While
/// the window doubles, a segment is rebuilt once and split once, so that an entry is moved three or
/// four times. Fuller segments would take less memory, but be rebuilt more often, and writing into
/// fresh memory is most of what the window costs.
///
/// The default segment costs nothing and is full at once.
#[derive(Debug, Default)]
pub(super) struct Segment {
    slots: Box<[Slot]>,
    entries: usize,
}

impl Segment {
    pub(super) const SLOT_BYTES: usize = size_of::<Slot>();

    /// A segment that holds these entries, whose keys differ, and has room for more.
    pub(super) fn gather(entries: impl Iterator<Item = Slot> + Clone) -> Self {
        let slots = entries.clone().count() * 5 / 3 + 8;
        let slots = iter::repeat_n(Slot::EMPTY, slots).collect();
        let mut segment = Self {
            slots,
            ..Self::default()
        };
        entries.for_each(|entry| segment.place(entry));
        segment
    }

    /// The entries at `oldest_millis` or later.
    pub(super) fn live(&self, oldest_millis: i64) -> impl Iterator<Item = Slot> + Clone {
        self.slots
            .iter()
            .filter(move |slot| slot.is_live(oldest_millis))
            .copied()
    }

    /// Notes an occurrence and gives the clock of the key's one before.
    ///
    /// # Errors
    /// When the key is new and the segment is full. Nothing was noted then.
    pub(super) fn record(&mut self, key: u128, clock_millis: i64) -> Result<Option<i64>, Full> {
        let new = Slot::new(key, clock_millis);
        let is_full = self.entries >= self.slots.len() * 7 / 8;
        let place =
            probe(&mut self.slots, new.lower).find(|slot| slot.is_free() || slot.has_key_of(&new));
        match place {
            Some(slot) if !slot.is_free() => {
                let last_millis = slot.clock_millis;
                *slot = new;
                Ok(Some(last_millis))
            }
            Some(slot) if !is_full => {
                *slot = new;
                self.entries += 1;
                Ok(None)
            }
            _ => Err(Full),
        }
    }

    /// Whether fewer than half of the entries are at `oldest_millis` or later.
    pub(super) fn is_mostly_expired(&self, oldest_millis: i64) -> bool {
        self.live(oldest_millis).count() * 2 < self.entries
    }

    /// What stands in the slot where the search for a key begins.
    pub(super) fn first_clock(&self, key: u128) -> i64 {
        let [_, lower] = halves(key);
        self.slots
            .get(home(lower, self.slots.len()))
            .map_or(FREE, |slot| slot.clock_millis)
    }

    /// Entries held, live or expired.
    pub(super) const fn entries(&self) -> usize {
        self.entries
    }

    /// Slots allocated.
    pub(super) const fn slots(&self) -> usize {
        self.slots.len()
    }

    fn place(&mut self, entry: Slot) {
        let free = probe(&mut self.slots, entry.lower).find(|slot| slot.is_free());
        if let Some(slot) = free {
            *slot = entry;
            self.entries += 1;
        }
    }
}

/// All slots, from the key's home round to the one before it.
fn probe(slots: &mut [Slot], lower: u64) -> impl Iterator<Item = &mut Slot> {
    let (before, from_home) = slots.split_at_mut(home(lower, slots.len()));
    from_home.iter_mut().chain(before)
}

/// Where the search for a key begins: its lower half as a fraction of the table's length, which may
/// be any.
fn home(lower: u64, slots: usize) -> usize {
    let scaled = (u128::from(lower) * slots as u128) >> 64;
    usize::try_from(scaled).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, reason = "takes the halves apart")]
const fn halves(key: u128) -> [u64; 2] {
    [(key >> 64) as u64, key as u64]
}
