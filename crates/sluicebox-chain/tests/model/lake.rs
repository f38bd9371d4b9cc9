//! The store, and those who clean up in it. Each request happens at once, or is under way until it
//! happens.

use crate::attempt::Attempt;
use crate::machines::Reply;
use crate::world::{Data, Late, World};

impl World {
    pub(crate) fn stage(&mut self, attempt: Attempt, staged: u8) {
        if staged != 0 {
            let visible = 0;
            self.data.push(Data {
                attempt,
                staged,
                visible,
            });
        }
    }

    pub(crate) fn list(&self, after: Option<u8>, limit: usize) -> Reply {
        let seqs = self.chain.iter().map(|record| record.seq);
        let listed = seqs.filter(|seq| after.is_none_or(|after| *seq > after));
        Reply::Listed(listed.take(limit).fold(0, |all, seq| all | 1 << seq))
    }

    /// Whether this made the record.
    pub(crate) fn create(&mut self, attempt: Attempt) -> bool {
        let free = self.record(attempt.seq).is_none();
        if free {
            self.chain.push(attempt);
            self.chain.sort_unstable();
        }
        free
    }

    /// Whether the file is visible now.
    pub(crate) fn publish(&mut self, attempt: Attempt, index: u8) -> bool {
        let Some(data) = self.data_of(attempt) else {
            return false;
        };
        data.visible |= data.staged & 1 << index;
        data.staged &= !data.visible;
        data.visible >> index & 1 == 1
    }

    pub(crate) fn abandon(&mut self, attempt: Attempt) {
        if let Some(data) = self.data_of(attempt) {
            data.staged = 0;
        }
    }

    /// What was staged for this place and those before it goes.
    pub(crate) fn sweep(&mut self, seq: u8) {
        let swept = self.data.iter_mut().filter(|data| data.attempt.seq <= seq);
        swept.for_each(|data| data.staged = 0);
    }

    /// A request that was under way arrives.
    pub(crate) fn land(&mut self, index: usize) {
        match self.late.remove(index) {
            Late::Create(attempt) => {
                self.create(attempt);
            }
            Late::Publish(attempt, index) => {
                self.publish(attempt, index);
            }
            Late::Abandon(attempt) => self.abandon(attempt),
        }
    }

    /// The files of an attempt become part of larger ones.
    pub(crate) fn merge(&mut self, index: usize) {
        let Data {
            attempt, visible, ..
        } = self.data[index];
        self.data[index].visible = 0;
        for (date, merged) in self.merged.iter_mut().enumerate() {
            if visible >> date & 1 == 1 {
                *merged |= attempt.offsets();
            }
        }
    }
}
