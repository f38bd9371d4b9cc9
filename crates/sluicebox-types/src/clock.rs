use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Where time comes from. Logic never asks the operating system: time is an input, so that a
/// simulation can turn it.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall clock, milliseconds since 1970-01-01 UTC.
    fn now_millis(&self) -> i64;

    /// A clock that never goes back, for ages and deadlines. Its zero is arbitrary.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic zero is this moment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clocks"
    )]
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: std::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clocks"
    )]
    fn now_millis(&self) -> i64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            })
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that stands still until it is told to move: for tests and simulation.
#[derive(Debug, Default)]
pub struct ManualClock {
    millis: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `millis` since 1970-01-01 UTC.
    #[must_use]
    pub const fn at(millis: i64) -> Self {
        Self {
            millis: AtomicI64::new(millis),
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.millis.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_millis(&self) -> i64 {
        self.millis.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now_millis().unsigned_abs())
    }
}
