use std::hint::black_box;
use std::mem;

use segment::{Full, Segment};

mod segment;

/// The window's length where the config names none: a minute.
pub const DEFAULT_LENGTH_MILLIS: i64 = 60_000;

/// How far one record may advance the log clock where the config does not say: five minutes.
pub const DEFAULT_JUMP_MILLIS: i64 = 300_000;

/// Entries per segment, on average, at which the window gets one segment more.
const SEGMENT_ENTRIES: usize = 512;

/// Keys whose slots are read ahead of the decisions about them: about as many cache misses as a
/// core keeps in flight.
const READ_AHEAD: usize = 16;

/// What "seen before" reaches back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowMode {
    /// The last [`WindowSpec::length_millis`] before each record, both ends included. A key that
    /// repeats more often than that passes once, until it pauses for longer.
    Sliding,
    /// The fixed interval of [`WindowSpec::length_millis`] that a record lies in, counted from
    /// 1970-01-01 UTC. A key passes once per interval, however often it repeats.
    Tumbling,
}

/// In which span of log time a key may stand once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSpec {
    /// Its length in milliseconds, at least 1 (less counts as 1).
    pub length_millis: i64,
    /// Sliding or tumbling.
    pub mode: WindowMode,
    /// How far one record may advance the log clock, in milliseconds. `None`: without limit, right
    /// only where the broker sets the timestamps (`LogAppendTime`).
    pub jump_millis: Option<i64>,
}

impl Default for WindowSpec {
    fn default() -> Self {
        Self {
            length_millis: DEFAULT_LENGTH_MILLIS,
            mode: WindowMode::Sliding,
            jump_millis: Some(DEFAULT_JUMP_MILLIS),
        }
    }
}

impl WindowSpec {
    /// The earliest clock at which an occurrence still makes a record at `clock_millis` a duplicate.
    const fn reaches_back_to(&self, clock_millis: i64) -> i64 {
        let length = if self.length_millis < 1 {
            1
        } else {
            self.length_millis
        };
        let back = match self.mode {
            WindowMode::Sliding => length,
            WindowMode::Tumbling => clock_millis.rem_euclid(length),
        };
        clock_millis.saturating_sub(back)
    }
}

/// The last occurrence of each key, kept or not, of one Kafka partition.
///
/// A record is a duplicate if and only if an earlier record with its key lies inside the window.
/// An entry is let go only when no later record can see it, and not all at that very moment. So memory follows the number of different keys in a
/// window (34 bytes each; none before the first key) and has no limit of its own: watch
/// [`Window::memory_bytes`] and stop reading before it exceeds yours. While a partition's records
/// carry no timestamps at all, its clock stands still and no entry ever expires.
///
/// The keys are spread over small open-addressing tables, whose number grows and shrinks by one
/// (linear hashing, W. Litwin, VLDB 1980). The work for one record is bounded by the size of a
/// segment: nothing ever walks the whole window.
#[derive(Debug)]
pub struct Window {
    spec: WindowSpec,
    clock_millis: i64,
    segments: Vec<Segment>,
    entries: usize,
    slots: usize,
    occurrences: usize,
    inspected: usize,
}

impl Window {
    /// An empty window.
    #[must_use]
    pub fn new(spec: WindowSpec) -> Self {
        Self {
            spec,
            clock_millis: i64::MIN,
            segments: vec![Segment::default()],
            entries: 0,
            slots: 0,
            occurrences: 0,
            inspected: 0,
        }
    }

    /// Decides about many records: `keys` and `clocks` (log clock, milliseconds) in log order and
    /// of one length (what is longer is cut), the answers in `duplicate`, whose content is replaced.
    ///
    /// The same as [`Window::is_duplicate`] for one after the other, but memory is waited for in
    /// groups.
    pub fn check_batch(&mut self, keys: &[u128], clocks: &[i64], duplicate: &mut Vec<bool>) {
        duplicate.clear();
        duplicate.reserve(keys.len());
        for (keys, clocks) in keys.chunks(READ_AHEAD).zip(clocks.chunks(READ_AHEAD)) {
            self.read_ahead(keys);
            let occurrences = keys.iter().zip(clocks);
            duplicate.extend(occurrences.map(|(key, clock)| self.is_duplicate(*key, *clock)));
        }
    }

    /// Whether a record with this key, at this log clock, repeats one inside the window; either
    /// way, it is now the key's last occurrence. A clock below that of an earlier call counts as
    /// the earlier one.
    pub fn is_duplicate(&mut self, key: u128, clock_millis: i64) -> bool {
        self.clock_millis = self.clock_millis.max(clock_millis);
        let oldest_millis = self.spec.reaches_back_to(self.clock_millis);
        self.inspect_in_turn(oldest_millis);
        self.record(key, oldest_millis)
            .is_some_and(|last_millis| last_millis >= oldest_millis)
    }

    /// Keys held, those included that have expired but whose memory was not needed yet.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.entries
    }

    /// Memory held, in bytes, this value itself included.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.segments.capacity() * size_of::<Segment>()
            + self.slots * Segment::SLOT_BYTES
    }

    /// Reads the slots where the keys will be looked up. The reads do not depend on each other, so
    /// the processor waits for all of them at once.
    fn read_ahead(&self, keys: &[u128]) {
        let count = self.segments.len();
        let segments = keys
            .iter()
            .map(|key| (key, self.segments.get(segment_of(*key, count))));
        let first =
            |(key, segment): (&u128, Option<&Segment>)| segment.map(|s| s.first_clock(*key));
        black_box(
            segments
                .map(first)
                .fold(0, |sum, clock| sum ^ clock.unwrap_or(0)),
        );
    }

    /// Looks at one segment after the other, slowly, and rebuilds those that mostly expired, so that
    /// memory also comes back where no new key falls.
    fn inspect_in_turn(&mut self, oldest_millis: i64) {
        self.occurrences += 1;
        if self.occurrences < SEGMENT_ENTRIES {
            return;
        }
        self.occurrences = 0;
        let next = self.inspected + 1;
        self.inspected = if next < self.segments.len() { next } else { 0 };
        let segment = self.segments.get(self.inspected);
        if segment.is_some_and(|segment| segment.is_mostly_expired(oldest_millis)) {
            self.rebuild(self.inspected, oldest_millis);
        }
    }

    /// Notes an occurrence at the present clock and gives the key's one before.
    fn record(&mut self, key: u128, oldest_millis: i64) -> Option<i64> {
        loop {
            let index = segment_of(key, self.segments.len());
            let segment = self.segments.get_mut(index)?;
            let held = segment.entries();
            match segment.record(key, self.clock_millis) {
                Ok(last_millis) => {
                    self.entries += segment.entries() - held;
                    return last_millis;
                }
                Err(Full) => self.rebuild(index, oldest_millis),
            }
        }
    }

    /// Replaces a segment by one without its expired entries and with room for new ones, and brings the number of segments one
    /// nearer to what the entries need.
    fn rebuild(&mut self, index: usize, oldest_millis: i64) {
        if let Some(segment) = self.segments.get(index) {
            let rebuilt = Segment::gather(segment.live(oldest_millis));
            self.put(index, rebuilt);
        }
        let count = self.segments.len();
        if self.entries > count * SEGMENT_ENTRIES {
            self.split_one(oldest_millis);
        } else if self.entries < count * SEGMENT_ENTRIES / 4 {
            self.merge_one(oldest_millis);
        }
    }

    /// Adds a segment and moves there what now belongs to it, all from one other segment.
    fn split_one(&mut self, oldest_millis: i64) {
        let last = self.segments.len();
        let parent = parent_of(last);
        let Some(segment) = self.segments.get(parent) else {
            return;
        };
        let moves = |key: u128| segment_of(key, last + 1) == last;
        let stayed = Segment::gather(
            segment
                .live(oldest_millis)
                .filter(|slot| !moves(slot.key())),
        );
        let moved = Segment::gather(segment.live(oldest_millis).filter(|slot| moves(slot.key())));
        self.put(parent, stayed);
        self.segments.push(Segment::default());
        self.put(last, moved);
    }

    /// Removes the last segment and moves what it held back to where it came from.
    fn merge_one(&mut self, oldest_millis: i64) {
        let last = self.segments.len() - 1;
        let parent = parent_of(last);
        if let (1.., Some(into), Some(from)) =
            (last, self.segments.get(parent), self.segments.get(last))
        {
            let merged = Segment::gather(into.live(oldest_millis).chain(from.live(oldest_millis)));
            self.put(parent, merged);
            self.put(last, Segment::default());
            self.segments.truncate(last);
            if self.segments.capacity() > 4 * last {
                self.segments.shrink_to(2 * last);
            }
        }
    }

    fn put(&mut self, index: usize, segment: Segment) {
        if let Some(place) = self.segments.get_mut(index) {
            self.entries += segment.entries();
            self.slots += segment.slots();
            let old = mem::replace(place, segment);
            self.entries -= old.entries();
            self.slots -= old.slots();
        }
    }
}

/// Which of `count` segments a key lies in: linear hashing over the key's upper half.
fn segment_of(key: u128, count: usize) -> usize {
    let mask = count.next_power_of_two() - 1;
    let index = usize::try_from((key >> 64) & mask as u128).unwrap_or(0);
    if index < count {
        index
    } else {
        index & (mask >> 1)
    }
}

/// The segment that was split to make segment `index`, which is then the last one.
const fn parent_of(index: usize) -> usize {
    index & (((index + 1).next_power_of_two() - 1) >> 1)
}

#[cfg(test)]
mod tests;
