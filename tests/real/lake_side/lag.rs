use std::fmt;
use std::time::Duration;

use sluicebox_types::{Clock, SystemClock};

/// How long things take. For people; nothing is asserted.
#[derive(Debug)]
pub(super) struct Lag {
    clock: SystemClock,
    seen: Vec<Duration>,
}

impl Default for Lag {
    fn default() -> Self {
        Self {
            clock: SystemClock::new(),
            seen: Vec::new(),
        }
    }
}

impl Lag {
    pub(super) fn begin(&self) -> Duration {
        self.clock.monotonic()
    }

    pub(super) fn end(&mut self, began: Duration) {
        self.seen.push(self.clock.monotonic().saturating_sub(began));
    }
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut seen = self.seen.clone();
        seen.sort();
        let median = seen.get(seen.len() / 2).copied().unwrap_or_default();
        let max = seen.last().copied().unwrap_or_default();
        write!(
            f,
            "median {median:.1?}, maximum {max:.1?} of {}",
            seen.len()
        )
    }
}
