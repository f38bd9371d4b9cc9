/// The clock of one partition's log: `c(o) = max(c(o−1), min(t(o), c(o−1) + J))`, where `t` is a
/// record's timestamp and `J` the jump limit.
///
/// It never goes back, and one record far in the future moves it by no more than `J`. It depends on
/// nothing but the log, so that a replay at full speed shows the same times as the first reading.
/// Every record of the partition advances it, whatever becomes of the record.
#[derive(Clone, Debug)]
pub struct LogClock {
    jump_millis: Option<i64>,
    value: Option<i64>,
}

impl LogClock {
    /// A clock that shows `before` (milliseconds since 1970-01-01 UTC; `None` before the first
    /// record of a partition) and advances by at most `jump_millis` for one record (`None`: no
    /// limit, for topics whose timestamps the broker sets; a limit of 0 or less stops the clock).
    #[must_use]
    pub const fn new(jump_millis: Option<i64>, before: Option<i64>) -> Self {
        Self {
            jump_millis,
            value: before,
        }
    }

    /// What the clock shows at the next record, whose timestamp is given.
    ///
    /// The first timestamp of a partition sets the clock, without a limit. A record without a
    /// timestamp leaves the clock as it was; until the first timestamp that is [`i64::MIN`].
    pub fn advance(&mut self, timestamp_millis: Option<i64>) -> i64 {
        self.value = match (self.value, timestamp_millis) {
            (Some(before), Some(timestamp)) => Some(before.max(self.limited(before, timestamp))),
            (before, timestamp) => before.or(timestamp),
        };
        self.value.unwrap_or(i64::MIN)
    }

    /// As [`advance`](Self::advance), for a record that the broker stamped (`LogAppendTime`): the
    /// broker's clock is believed, however far it jumps.
    pub fn advance_unlimited(&mut self, timestamp_millis: Option<i64>) -> i64 {
        self.value = self.value.max(timestamp_millis);
        self.value.unwrap_or(i64::MIN)
    }

    /// What the clock shows; `None` until the first timestamp.
    #[must_use]
    pub const fn value(&self) -> Option<i64> {
        self.value
    }

    fn limited(&self, before: i64, timestamp: i64) -> i64 {
        self.jump_millis
            .map_or(timestamp, |jump| timestamp.min(before.saturating_add(jump)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The clock follows its formula: forward only, by at most the jump limit, from the first
    /// timestamp on.
    #[test]
    fn goes_forward_by_at_most_the_jump_limit() {
        type Case<'a> = (Option<i64>, Option<i64>, &'a [Option<i64>], &'a [i64]);
        let cases: [Case<'_>; 8] = [
            (
                Some(10),
                None,
                &[Some(500), Some(505), Some(501)],
                &[500, 505, 505],
            ),
            (
                Some(10),
                None,
                &[Some(0), Some(1_000), Some(1_000)],
                &[0, 10, 20],
            ),
            (
                None,
                None,
                &[Some(0), Some(1_000), Some(5)],
                &[0, 1_000, 1_000],
            ),
            (Some(10), Some(100), &[Some(1_000), Some(50)], &[110, 110]),
            (Some(10), None, &[None, Some(7), None], &[i64::MIN, 7, 7]),
            (Some(10), Some(3), &[None, Some(4)], &[3, 4]),
            (
                Some(10),
                None,
                &[Some(i64::MAX - 1), Some(i64::MAX)],
                &[i64::MAX - 1, i64::MAX],
            ),
            (Some(0), Some(3), &[Some(9)], &[3]),
        ];
        for (jump, before, timestamps, expected) in cases {
            let mut clock = LogClock::new(jump, before);
            let shown: Vec<_> = timestamps.iter().map(|t| clock.advance(*t)).collect();
            assert_eq!(
                shown, expected,
                "jump {jump:?}, before {before:?}, {timestamps:?}"
            );
            assert_eq!(
                clock.value(),
                shown.last().copied().filter(|c| *c > i64::MIN)
            );
        }
    }
}
