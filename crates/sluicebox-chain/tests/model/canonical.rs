//! Worlds that differ in names only are one: which writer is which, what an attempt is called, and
//! data that nothing names any more.

use crate::attempt::{Attempt, Told};
use crate::machines::{Machine, Reply, Start};
use crate::world::{Late, Seat, World};

/// What an id is called from now on.
struct Names {
    new: [u8; 64],
    used: u8,
}

const UNNAMED: u8 = u8::MAX;

impl World {
    /// The one world that stands for all that are like this one.
    pub(crate) fn canonical(mut self) -> Self {
        self.forget_what_is_not_named();
        let mut names = Names {
            new: [UNNAMED; 64],
            used: 0,
        };
        for record in &mut self.chain {
            record.id = names.give(record.id);
        }
        // Writers stand in an order that does not depend on what is unnamed so far.
        self.seats.sort_by_cached_key(|seat| {
            let mut seat = seat.clone();
            seat.rename(&mut |id| names.look_up(id));
            seat
        });
        let mut give = |id| names.give(id);
        for seat in &mut self.seats {
            seat.rename(&mut give);
        }
        self.late.sort_unstable_by_key(Late::without_id);
        for late in &mut self.late {
            late.rename(&mut give);
        }
        for data in &mut self.data {
            data.attempt.rename(&mut give);
        }
        if let Some(told) = &mut self.kafka.hint {
            told.id = give(told.id);
        }
        self.late.sort_unstable();
        self.data.sort_unstable();
        self.ids = names.used;
        self
    }

    /// Staged data that nothing names can never be seen, and a visible file that nothing names can
    /// never be asked for.
    fn forget_what_is_not_named(&mut self) {
        let mut named: u64 = 0;
        let mut name = |id: u8| {
            named |= 1 << id;
            id
        };
        for record in &mut self.chain {
            name(record.id);
        }
        for seat in &mut self.seats {
            seat.rename(&mut name);
        }
        for late in &mut self.late {
            late.rename(&mut name);
        }
        let mut merged = self.merged;
        self.data.retain_mut(|data| {
            if named >> data.attempt.id & 1 == 1 {
                return data.staged | data.visible != 0;
            }
            let offsets = data.attempt.offsets();
            for (date, merged) in merged.iter_mut().enumerate() {
                // What is seen twice stays as it is, to be found.
                if data.visible >> date & 1 == 1 && *merged & offsets == 0 {
                    *merged |= offsets;
                    data.visible &= !(1 << date);
                }
            }
            data.visible != 0
        });
        self.merged = merged;
    }
}

impl Names {
    fn give(&mut self, id: u8) -> u8 {
        let name = &mut self.new[usize::from(id)];
        if *name == UNNAMED {
            *name = self.used;
            self.used += 1;
        }
        *name
    }

    const fn look_up(&self, id: u8) -> u8 {
        self.new[id as usize]
    }
}

impl Attempt {
    fn rename(&mut self, name: &mut impl FnMut(u8) -> u8) {
        self.id = name(self.id);
    }
}

impl Late {
    fn rename(&mut self, name: &mut impl FnMut(u8) -> u8) {
        let (Self::Create(attempt) | Self::Publish(attempt, _) | Self::Abandon(attempt)) = self;
        attempt.rename(name);
    }

    fn without_id(&self) -> Self {
        let mut late = *self;
        late.rename(&mut |_| UNNAMED);
        late
    }
}

impl Seat {
    fn rename(&mut self, name: &mut impl FnMut(u8) -> u8) {
        match self {
            Self::Working(working) => working.machine.rename(name),
            Self::Abandoning(attempt) | Self::Telling(attempt) => attempt.rename(name),
            Self::Away
            | Self::AskingAgain { .. }
            | Self::Owning { .. }
            | Self::Sweeping { .. }
            | Self::Halted(_) => {}
        }
    }
}

impl Machine {
    fn rename(&mut self, name: &mut impl FnMut(u8) -> u8) {
        match &mut self.start {
            Start::Assign { hint, id } => {
                *id = name(*id);
                if let Some(Told { id, .. }) = hint {
                    *id = name(*id);
                }
            }
            Start::Commit(attempt) => attempt.rename(name),
        }
        for reply in &mut self.replies {
            if let Reply::Got(Some(attempt)) = reply {
                attempt.rename(name);
            }
        }
    }
}
