use sluicebox_types::Offset;

/// Points kept for one partition.
const POINTS_MAX: usize = 256;

/// Points per window length: a rebuild reads at most this fraction of a window more than it must.
const POINTS_PER_WINDOW: i64 = 16;

/// Where in the log a rebuild starts, and what the log clock showed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumePoint {
    /// The offset of the first record to replay.
    pub offset: Offset,
    /// The log clock before that record, in milliseconds; `None` before the first timestamp of the
    /// partition.
    pub clock_before: Option<i64>,
}

/// Remembers where a rebuild of the window may start.
///
/// Holds at most 256 points (10 KiB), at least a sixteenth of a window apart in log time. What is
/// too many is thinned from the older half, so that cuts far in the past are still answered
/// correctly, only with a start further back than necessary.
#[derive(Debug)]
pub struct ResumePoints {
    length_millis: i64,
    start: Option<ResumePoint>,
    passed: Vec<Passed>,
    last: Option<(Offset, i64)>,
}

/// A record at which the clock advanced.
#[derive(Clone, Copy, Debug)]
struct Passed {
    at: ResumePoint,
    clock_after: i64,
}

impl ResumePoints {
    /// For a partition that is read from its first record on, with a window of this length.
    #[must_use]
    pub const fn new(length_millis: i64) -> Self {
        Self {
            length_millis,
            start: None,
            passed: Vec::new(),
            last: None,
        }
    }

    /// For a partition that is read on from `start`, the point that an earlier reader recorded.
    #[must_use]
    pub const fn resuming(length_millis: i64, start: ResumePoint) -> Self {
        Self {
            length_millis,
            start: Some(start),
            passed: Vec::new(),
            last: None,
        }
    }

    /// Takes note of a record: its offset, and the log clock before and at it (what
    /// [`LogClock::value`](crate::LogClock::value) gave before, and
    /// [`LogClock::advance`](crate::LogClock::advance) then). Every record, replayed ones included,
    /// in the order of the log.
    pub fn observe(&mut self, offset: Offset, clock_before: Option<i64>, clock_after: i64) {
        self.last = Some((offset, clock_after));
        // The record that advances the clock is the latest place at which all before it is as old
        // as it ever will be.
        let is_due = self.passed.last().is_none_or(|last| {
            let since_last = clock_after.saturating_sub(shown(last.at.clock_before));
            clock_after > shown(clock_before)
                && since_last >= (self.length_millis / POINTS_PER_WINDOW).max(1)
        });
        if is_due {
            self.passed.push(Passed {
                at: ResumePoint {
                    offset,
                    clock_before,
                },
                clock_after,
            });
        }
        if self.passed.len() > POINTS_MAX {
            self.thin_older_half();
        }
    }

    /// Where to start reading so that a fresh clock and window are, at `end` (the first offset not
    /// read), equal to those that have seen every record before it: the latest point known before
    /// which everything lies more than a window behind the last record before `end`.
    ///
    /// When all that was observed is younger than that, it is where observation began; when nothing
    /// was observed, the point given to [`ResumePoints::resuming`], or else `end` itself.
    #[must_use]
    pub fn resume_at(&self, end: Offset) -> ResumePoint {
        let oldest = self
            .clock_reached(end)
            .saturating_sub(self.length_millis.max(0));
        let candidates = self
            .passed
            .partition_point(|p| shown(p.at.clock_before) < oldest);
        self.passed.get(candidates.saturating_sub(1)).map_or_else(
            || {
                self.start.unwrap_or(ResumePoint {
                    offset: end,
                    clock_before: None,
                })
            },
            |passed| passed.at,
        )
    }

    /// The log clock at the last record before `end`, or an earlier one.
    fn clock_reached(&self, end: Offset) -> i64 {
        match self.last {
            Some((offset, clock)) if offset < end => clock,
            _ => {
                let before_end = self.passed.partition_point(|p| p.at.offset < end);
                let last = before_end
                    .checked_sub(1)
                    .and_then(|index| self.passed.get(index));
                last.map_or(i64::MIN, |passed| passed.clock_after)
            }
        }
    }

    fn thin_older_half(&mut self) {
        let older = self.passed.len() / 2;
        let mut index = 0;
        self.passed.retain(|_| {
            let keep = index >= older || index % 2 == 0;
            index += 1;
            keep
        });
    }
}

/// A clock without a value has seen no timestamp: it is before all others.
fn shown(clock: Option<i64>) -> i64 {
    clock.unwrap_or(i64::MIN)
}

#[cfg(test)]
mod tests;
