use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

/// Which messages are dealt with, and so which offsets may be committed.
#[derive(Debug, Default)]
pub(super) struct Progress {
    partitions: Mutex<BTreeMap<i32, Partition>>,
}

#[derive(Debug, Default)]
struct Partition {
    unsettled: BTreeSet<i64>,
    /// Behind the last message that was read.
    end: i64,
    committed: Option<i64>,
}

/// Held as long as a message is not dealt with.
#[derive(Debug)]
pub(super) struct MessageReceipt {
    progress: Arc<Progress>,
    partition: i32,
    offset: i64,
}

impl Progress {
    /// A message was read.
    pub(super) fn receipt(self: &Arc<Self>, partition: i32, offset: i64) -> Arc<MessageReceipt> {
        let mut partitions = self.partitions.lock();
        let place = partitions.entry(partition).or_default();
        place.unsettled.insert(offset);
        place.end = offset.saturating_add(1);
        Arc::new(MessageReceipt {
            progress: Arc::clone(self),
            partition,
            offset,
        })
    }

    /// Messages that are not dealt with.
    pub(super) fn unsettled(&self) -> usize {
        let partitions = self.partitions.lock();
        partitions.values().map(|place| place.unsettled.len()).sum()
    }

    /// The offsets that are new to commit: each the first that is not dealt with.
    pub(super) fn to_commit(&self) -> Vec<(i32, i64)> {
        let mut offsets = Vec::new();
        for (partition, place) in self.partitions.lock().iter_mut() {
            let next = place.unsettled.first().copied().unwrap_or(place.end);
            if place.committed.replace(next) != Some(next) {
                offsets.push((*partition, next));
            }
        }
        offsets
    }
}

impl Drop for MessageReceipt {
    fn drop(&mut self) {
        let mut partitions = self.progress.partitions.lock();
        if let Some(place) = partitions.get_mut(&self.partition) {
            place.unsettled.remove(&self.offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An offset is committed when everything before it is dealt with, in whatever order that is.
    #[test]
    fn the_first_unsettled_message_holds_the_offset() {
        let progress = Arc::new(Progress::default());
        let mut receipts: Vec<_> = (5..8).map(|offset| progress.receipt(0, offset)).collect();
        assert_eq!(progress.to_commit(), [(0, 5)]);
        drop(receipts.remove(1));
        assert_eq!(progress.to_commit(), []);
        drop(receipts.remove(0));
        assert_eq!(progress.to_commit(), [(0, 7)]);
        drop(receipts);
        assert_eq!(
            (progress.to_commit(), progress.unsettled()),
            (vec![(0, 8)], 0)
        );
    }
}
