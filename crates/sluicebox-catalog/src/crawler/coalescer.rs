use std::collections::BTreeMap;
use std::time::Duration;

use sluicebox_types::PartitionDate;

use crate::crawler::PARTITIONS_MAX;
use crate::crawler::touch::{Receipt, Touch};

/// Partitions of one table that wait at most. Beyond that the table is looked at as a whole.
const WAITING_MAX: usize = 10 * PARTITIONS_MAX;
/// Tables that wait at most; others are left to the next scan.
const TABLES_MAX: usize = 10_000;
/// Receipts of one table that are held at most; what comes after them settles at once.
const RECEIPTS_MAX: usize = 100_000;

/// Gathers what was touched, so that a table is asked for once and not with every file. A table
/// that is being worked on gathers on; it comes again when it is done.
#[derive(Debug)]
pub(crate) struct Coalescer {
    wait: Duration,
    tables: BTreeMap<String, Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    dates: BTreeMap<PartitionDate, Option<i64>>,
    everything: bool,
    receipts: Vec<Receipt>,
    due: Duration,
    busy: bool,
}

/// What is to be looked at in one table.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// The table's folder.
    pub(crate) folder: String,
    /// Its partitions, each with the time of its first change; at most [`PARTITIONS_MAX`].
    pub(crate) dates: BTreeMap<PartitionDate, Option<i64>>,
    /// Too much was touched to remember it.
    pub(crate) everything: bool,
    /// Held until the batch is done.
    pub(crate) receipts: Vec<Receipt>,
}

/// There is no room to remember another table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyTables;

impl Coalescer {
    /// Gathers for so long after a table's first touch.
    pub(crate) const fn new(wait: Duration) -> Self {
        Self {
            wait,
            tables: BTreeMap::new(),
        }
    }

    /// Remembers a touch.
    pub(crate) fn touch(&mut self, now: Duration, touch: Touch) -> Result<(), TooManyTables> {
        if self.tables.len() >= TABLES_MAX && !self.tables.contains_key(&touch.folder) {
            return Err(TooManyTables);
        }
        let due = now.saturating_add(self.wait);
        let waiting = self.tables.entry(touch.folder).or_insert_with(|| Waiting {
            due,
            ..Waiting::default()
        });
        if waiting.is_idle() {
            waiting.due = due;
        }
        waiting.add(touch.date, touch.committed_millis);
        if waiting.dates.len() == PARTITIONS_MAX {
            waiting.due = waiting.due.min(now);
        }
        if waiting.receipts.len() < RECEIPTS_MAX {
            waiting.receipts.extend(touch.receipt);
        }
        Ok(())
    }

    /// When the next table is due; none while nothing waits.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let waiting = self.tables.values().filter(|waiting| waiting.is_waiting());
        waiting.map(|waiting| waiting.due).min()
    }

    /// The table that is due for the longest. It is busy until [`Self::done`] or
    /// [`Self::failed`] is told of it.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Batch> {
        let due = self
            .tables
            .iter_mut()
            .filter(|(_, waiting)| waiting.is_waiting());
        let (folder, waiting) = due.min_by_key(|(_, waiting)| waiting.due)?;
        if waiting.due > now {
            return None;
        }
        waiting.busy = true;
        let rest = match waiting.dates.keys().nth(PARTITIONS_MAX).copied() {
            Some(first) => waiting.dates.split_off(&first),
            None => BTreeMap::new(),
        };
        let dates = std::mem::replace(&mut waiting.dates, rest);
        let is_last = waiting.dates.is_empty();
        Some(Batch {
            folder: folder.clone(),
            dates,
            everything: std::mem::take(&mut waiting.everything),
            receipts: match is_last {
                true => std::mem::take(&mut waiting.receipts),
                false => Vec::new(),
            },
        })
    }

    /// A batch is dealt with.
    pub(crate) fn done(&mut self, now: Duration, batch: Batch) {
        if let Some(waiting) = self.tables.get_mut(&batch.folder) {
            waiting.busy = false;
            if waiting.is_idle() {
                self.tables.remove(&batch.folder);
            } else if waiting.dates.len() >= PARTITIONS_MAX {
                waiting.due = now;
            }
        }
    }

    /// A batch waits again, with what came meanwhile.
    pub(crate) fn failed(&mut self, due: Duration, batch: Batch) {
        let waiting = self.tables.entry(batch.folder).or_default();
        waiting.busy = false;
        waiting.due = due;
        waiting.everything |= batch.everything;
        for (date, committed_millis) in batch.dates {
            waiting.add(date, committed_millis);
        }
        waiting.receipts.extend(batch.receipts);
        waiting.receipts.truncate(RECEIPTS_MAX);
    }

    /// Everything that waits is due now, for a crawler that stops.
    pub(crate) fn hurry(&mut self) {
        for waiting in self.tables.values_mut() {
            waiting.due = Duration::ZERO;
        }
    }

    /// Partitions that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.tables
            .values()
            .map(|waiting| waiting.dates.len())
            .sum()
    }
}

impl Waiting {
    /// The earliest change counts for the delay that people see.
    fn add(&mut self, date: PartitionDate, committed_millis: Option<i64>) {
        if self.everything {
            return;
        }
        let first = self.dates.entry(date).or_insert(committed_millis);
        *first = match (*first, committed_millis) {
            (Some(first), Some(other)) => Some(first.min(other)),
            (first, other) => first.or(other),
        };
        if self.dates.len() > WAITING_MAX {
            self.dates.clear();
            self.everything = true;
        }
    }

    fn is_idle(&self) -> bool {
        self.dates.is_empty() && !self.everything
    }

    fn is_waiting(&self) -> bool {
        !self.busy && !self.is_idle()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use sluicebox_types::Granularity;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const WAIT: Duration = Duration::from_secs(10);

    fn touch(table: &str, hour: i64) -> Touch {
        Touch {
            folder: table.to_owned(),
            date: PartitionDate::of_micros(hour * 3_600_000_000, Granularity::Hour),
            committed_millis: Some(hour),
            receipt: None,
        }
    }

    /// A table is due ten seconds after its first touch, with everything that came meanwhile, once
    /// each; what comes while it is worked on waits for its own turn.
    #[test]
    fn touches_gather() {
        let mut coalescer = Coalescer::new(WAIT);
        for (second, hour) in [(0, 1), (3, 2), (9, 1)] {
            coalescer
                .touch(second * SECOND, touch("air/flights", hour))
                .expect("room");
        }
        assert_eq!(coalescer.next_due(), Some(WAIT));
        assert!(coalescer.take_due(WAIT - SECOND).is_none());
        let batch = coalescer.take_due(WAIT).expect("due");
        assert_eq!(batch.dates.len(), 2);
        coalescer
            .touch(11 * SECOND, touch("air/flights", 7))
            .expect("room");
        assert_eq!(coalescer.next_due(), None, "busy");
        coalescer.done(12 * SECOND, batch);
        assert_eq!(coalescer.next_due(), Some(21 * SECOND));
        let batch = coalescer.take_due(21 * SECOND).expect("due");
        coalescer.done(21 * SECOND, batch);
        assert!(coalescer.tables.is_empty());
    }

    /// A batch that failed waits as it was told, keeps what came meanwhile, and holds nobody else.
    #[test]
    fn a_failed_batch_comes_again() {
        let mut coalescer = Coalescer::new(WAIT);
        coalescer.touch(SECOND, touch("air/bad", 1)).expect("room");
        coalescer
            .touch(2 * SECOND, touch("air/good", 1))
            .expect("room");
        let bad = coalescer.take_due(30 * SECOND).expect("due");
        assert_eq!(bad.folder, "air/bad");
        coalescer
            .touch(31 * SECOND, touch("air/bad", 2))
            .expect("room");
        coalescer.failed(60 * SECOND, bad);
        assert_eq!(
            coalescer.take_due(32 * SECOND).expect("due").folder,
            "air/good"
        );
        assert_eq!(coalescer.next_due(), Some(60 * SECOND));
        assert_eq!(coalescer.take_due(60 * SECOND).expect("due").dates.len(), 2);
    }

    /// A flood is taken in pieces of 1,000 without waiting, and beyond 10,000 partitions the table
    /// is looked at as a whole: memory is bounded and nothing is forgotten.
    #[test]
    fn floods_are_bounded() {
        let mut coalescer = Coalescer::new(WAIT);
        for hour in 0..1_500 {
            coalescer
                .touch(SECOND, touch("air/flights", hour))
                .expect("room");
        }
        let batch = coalescer.take_due(SECOND).expect("due at once");
        assert_eq!((batch.dates.len(), coalescer.waiting()), (1_000, 500));
        coalescer.done(SECOND, batch);
        for hour in 0..20_000 {
            coalescer
                .touch(SECOND, touch("air/flights", hour))
                .expect("room");
        }
        let batch = coalescer.take_due(WAIT + SECOND).expect("due");
        assert!(batch.everything && batch.dates.is_empty());
    }

    /// A receipt is held exactly until its partition was dealt with.
    #[test]
    fn receipts_are_held_until_the_end() {
        let receipt: Receipt = Arc::new("receipt");
        let mut coalescer = Coalescer::new(WAIT);
        let held = Touch {
            receipt: Some(Arc::clone(&receipt)),
            ..touch("air/flights", 1)
        };
        coalescer.touch(SECOND, held).expect("room");
        let batch = coalescer.take_due(WAIT + SECOND).expect("due");
        coalescer.failed(60 * SECOND, batch);
        assert_eq!(Arc::strong_count(&receipt), 2);
        let batch = coalescer.take_due(60 * SECOND).expect("due");
        coalescer.done(60 * SECOND, batch);
        assert_eq!(Arc::strong_count(&receipt), 1);
    }

    proptest! {
        /// Whatever is touched is looked at, in whatever order touches, failures and successes come.
        #[test]
        fn nothing_is_forgotten(steps in prop::collection::vec((0u8..3, 0i64..5, 0i64..50), 0..200)) {
            let mut coalescer = Coalescer::new(WAIT);
            let mut owed = std::collections::BTreeSet::new();
            let mut taken = Vec::new();
            let mut now = Duration::ZERO;
            for (step, table, hour) in steps {
                now += SECOND;
                match step {
                    0 => {
                        let touch = touch(&format!("air/t{table}"), hour);
                        owed.insert((touch.folder.clone(), touch.date));
                        coalescer.touch(now, touch).expect("room");
                    }
                    1 => taken.extend(coalescer.take_due(now + WAIT)),
                    _ => if let Some(batch) = taken.pop() {
                        if hour % 2 == 0 {
                            for date in batch.dates.keys() {
                                owed.remove(&(batch.folder.clone(), *date));
                            }
                            coalescer.done(now, batch);
                        } else {
                            coalescer.failed(now + SECOND, batch);
                        }
                    },
                }
            }
            for batch in taken {
                coalescer.failed(now, batch);
            }
            coalescer.hurry();
            while let Some(batch) = coalescer.take_due(now) {
                for date in batch.dates.keys() {
                    owed.remove(&(batch.folder.clone(), *date));
                }
                coalescer.done(now, batch);
            }
            // What was touched again while its batch was on its way may have been looked at twice.
            prop_assert!(owed.is_empty(), "{:?}", owed);
        }
    }
}
