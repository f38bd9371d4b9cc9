use std::time::Duration;

const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// The longest that a target may ask to be left alone.
const AFTER_MAX: Duration = Duration::from_secs(600);
/// Doublings after which the cap is reached for certain.
const DOUBLINGS_MAX: u32 = 16;

/// How long to wait before try `tries + 1`: "full jitter" (M. Brooker, "Exponential Backoff And
/// Jitter", AWS Architecture Blog, 2015), a random part of a pause that doubles up to a minute. Never
/// shorter than what the target asked for, of which at most ten minutes count.
pub(super) fn pause(tries: u32, jitter: f64, after: Option<Duration>) -> Duration {
    let doubled = PAUSE_FIRST.saturating_mul(1 << tries.saturating_sub(1).min(DOUBLINGS_MAX));
    let drawn = doubled.min(PAUSE_MAX).mul_f64(jitter.clamp(0.0, 1.0));
    drawn.max(after.unwrap_or_default().min(AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pauses double up to the cap, are drawn from the whole range, and honour the target's wish
    /// within bounds.
    #[test]
    fn pauses_grow_and_are_bounded() {
        let seconds = Duration::from_secs;
        for (tries, jitter, after, expected) in [
            (1, 1.0, None, PAUSE_FIRST),
            (2, 1.0, None, seconds(1)),
            (2, 0.5, None, PAUSE_FIRST),
            (2, 0.0, None, Duration::ZERO),
            (8, 1.0, None, PAUSE_MAX),
            (u32::MAX, 1.0, None, PAUSE_MAX),
            (1, 0.0, Some(seconds(7)), seconds(7)),
            (20, 1.0, Some(seconds(7)), PAUSE_MAX),
            (1, 1.0, Some(Duration::MAX), AFTER_MAX),
        ] {
            assert_eq!(pause(tries, jitter, after), expected, "{tries} {jitter}");
        }
    }
}
