use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const PASSING_MAX: Duration = Duration::from_secs(60);
/// What waits for a person is looked at seldom.
const FATAL: Duration = Duration::from_secs(300);

/// The pause before a table's next try: full jitter
/// ([AWS](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)), so that many
/// tables do not come back at once to a catalog that has just risen. `jitter` is from 0 to 1.
pub(crate) fn backoff(failures: u32, is_passing: bool, jitter: f64) -> Duration {
    let max = match is_passing {
        true => FIRST
            .saturating_mul(1 << failures.saturating_sub(1).min(6))
            .min(PASSING_MAX),
        false => FATAL,
    };
    // Never nothing at all: a failing call must not turn into a loop.
    max.mul_f64(jitter.clamp(0.05, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pauses double up to a minute, are never zero, and are five minutes for what needs a person.
    #[test]
    fn pauses_grow_and_are_bounded() {
        let seconds = |failures| backoff(failures, true, 1.0).as_secs();
        assert_eq!([1, 2, 3, 6, 7, 100].map(seconds), [1, 2, 4, 32, 60, 60]);
        assert!(backoff(1, true, 0.0) > Duration::ZERO);
        assert_eq!(backoff(1, false, 1.0).as_secs(), 300);
    }
}
