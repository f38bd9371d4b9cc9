use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sluicebox_types::Clock;
use tokio::time::Instant;

use crate::scenario::NOON;

/// The time of the simulated runtime. The wall clock may jump, in both directions.
#[derive(Debug)]
pub(super) struct SimulatedClock {
    started: Instant,
    off_by_millis: AtomicI64,
}

impl SimulatedClock {
    /// Inside the runtime whose time it shows.
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            off_by_millis: AtomicI64::new(0),
        }
    }

    pub(super) fn jump(&self, millis: i64) {
        self.off_by_millis.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for SimulatedClock {
    fn now_millis(&self) -> i64 {
        let passed = i64::try_from(self.monotonic().as_millis()).expect("a short history");
        NOON + passed + self.off_by_millis.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}
