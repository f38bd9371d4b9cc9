//! One moment: what is in the store, in Kafka and under way, and where each writer stands.

use crate::attempt::{Attempt, Told, below};
use crate::machines::{Cause, Machine, Start};

/// The most files that a record has: one for each partition date.
pub(crate) const DATES: u8 = 2;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// The records, by their place.
    pub(crate) chain: Vec<Attempt>,
    pub(crate) data: Vec<Data>,
    /// For each date the offsets in files that nothing names any more: compacted ones, and those of
    /// pruned records.
    pub(crate) merged: [u8; DATES as usize],
    /// Requests whose senders do not wait for them any more.
    pub(crate) late: Vec<Late>,
    pub(crate) kafka: Kafka,
    pub(crate) seats: Vec<Seat>,
    pub(crate) left: Faults,
    /// Whether the control tree went back in time.
    pub(crate) restored: bool,
    /// Ids in use are below this.
    pub(crate) ids: u8,
}

/// Files of one attempt, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Data {
    pub(crate) attempt: Attempt,
    pub(crate) staged: u8,
    pub(crate) visible: u8,
}

/// A request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Late {
    Create(Attempt),
    Publish(Attempt, u8),
    Abandon(Attempt),
}

/// What Kafka knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kafka {
    pub(crate) hint: Option<Told>,
    /// The topic holds the offsets from here on,
    pub(crate) low: u8,
    /// up to here, exclusive.
    pub(crate) high: u8,
}

/// Where a writer stands. Each may stand there for as long as it likes: then it is a zombie.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Seat {
    /// It has nothing in hand: not started, crashed, or without the partition.
    Away,
    /// A machine is at work.
    Working(Working),
    /// The topic seemed to end before the chain: its ends are asked for anew.
    AskingAgain {
        seq: u8,
        end: u8,
        low: u8,
    },
    /// It reads on from this tail.
    Owning {
        seq: u8,
        end: u8,
    },
    /// Another attempt has won: its staged data goes.
    Abandoning(Attempt),
    /// The record is the tail: Kafka is told,
    Telling(Attempt),
    /// and what others staged for its place goes.
    Sweeping {
        seq: u8,
        end: u8,
    },
    Halted(Cause),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Working {
    pub(crate) machine: Machine,
    /// The topic's ends, as they were when the partition was looked up.
    pub(crate) seen: (u8, u8),
    /// While it publishes: files that are answered for, and those that are gone.
    pub(crate) answered: u8,
    pub(crate) gone: u8,
}

/// How often things may still happen in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Faults {
    /// A writer dies.
    pub(crate) crashes: u8,
    /// A request fails, its reply gets lost, or it comes late.
    pub(crate) requests: u8,
    /// An offset is not committed, or Kafka forgets the group's.
    pub(crate) hints: u8,
    /// The oldest record is pruned.
    pub(crate) prunes: u8,
    /// The files of a record are compacted.
    pub(crate) merges: u8,
    /// Kafka's retention removes what the chain covers.
    pub(crate) retentions: u8,
    /// The control tree is replaced by an older copy.
    pub(crate) restores: u8,
    /// A record without offsets is appended.
    pub(crate) seals: u8,
    /// A record comes to the topic.
    pub(crate) produced: u8,
}

impl World {
    /// Nothing has happened yet: `writers` are to read offsets 0 to `end`, of which the last
    /// `left.produced` come later.
    pub(crate) fn new(writers: usize, end: u8, left: Faults) -> Self {
        Self {
            chain: Vec::new(),
            data: Vec::new(),
            merged: [0; DATES as usize],
            late: Vec::new(),
            kafka: Kafka {
                hint: None,
                low: 0,
                high: end - left.produced,
            },
            seats: vec![Seat::Away; writers],
            left,
            restored: false,
            ids: 0,
        }
    }

    pub(crate) fn newest(&self) -> Option<Attempt> {
        self.chain.last().copied()
    }

    pub(crate) fn record(&self, seq: u8) -> Option<Attempt> {
        self.chain.iter().find(|record| record.seq == seq).copied()
    }

    pub(crate) fn data_of(&mut self, attempt: Attempt) -> Option<&mut Data> {
        self.data.iter_mut().find(|data| data.attempt == attempt)
    }

    /// The offsets of a date that a glob reader sees, and whether it sees one twice.
    pub(crate) fn seen(&self, date: u8) -> (u8, bool) {
        let visible = self
            .data
            .iter()
            .filter(|data| data.visible >> date & 1 == 1);
        let merged = (self.merged[usize::from(date)], false);
        visible.fold(merged, |(seen, twice), data| {
            let offsets = data.attempt.offsets();
            (seen | offsets, twice || seen & offsets != 0)
        })
    }

    /// Whether a glob reader sees every offset below `end`.
    pub(crate) fn shows(&self, end: u8, dates: u8) -> bool {
        (0..dates).all(|date| self.seen(date).0 & below(end) == below(end))
    }

    /// Whether Kafka tells of a record that the chain does not hold.
    pub(crate) fn is_behind_hint(&self) -> bool {
        let Some(hint) = self.kafka.hint else {
            return false;
        };
        self.newest().is_none_or(|newest| {
            newest.seq < hint.seq || (newest.seq == hint.seq && newest.id != hint.id)
        })
    }
}

impl Seat {
    /// At work with a fresh machine.
    pub(crate) const fn working(start: Start, seen: (u8, u8)) -> Self {
        Self::Working(Working {
            machine: Machine::new(start),
            seen,
            answered: 0,
            gone: 0,
        })
    }
}
