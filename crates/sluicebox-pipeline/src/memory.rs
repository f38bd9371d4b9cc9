use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The one memory limit of the process, split into what is fixed (fetch queues, producer queue,
/// the process itself) and what the partitions may fill.
///
/// At [`pressure`](Self::under_pressure) each worker commits its largest partition; at
/// [`exhaustion`](Self::is_exhausted) workers stop taking records, so that librdkafka's bounded
/// queues fill and fetching stops, while polling goes on. Nothing is ever evicted.
#[derive(Debug)]
pub struct MemoryLimit {
    limit: usize,
    reserved: usize,
    open: AtomicUsize,
    in_flight: AtomicUsize,
}

impl MemoryLimit {
    /// `limit` bytes for the whole process, of which `reserved` are spoken for. At least an eighth
    /// of the limit is left to the partitions even if the reserve says otherwise.
    #[must_use]
    pub fn new(limit: usize, reserved: usize) -> Arc<Self> {
        let reserved = reserved.min(limit - limit / 8);
        Arc::new(Self {
            limit,
            reserved,
            open: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
        })
    }

    /// The limit in bytes.
    #[must_use]
    pub const fn limit_bytes(&self) -> usize {
        self.limit
    }

    /// Bytes accounted for: reserve, open partitions and commits in flight.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.reserved + self.filled()
    }

    /// Whether the largest partition should be committed now: four fifths are full.
    #[must_use]
    pub fn under_pressure(&self) -> bool {
        self.filled() > self.available() / 5 * 4
    }

    /// Whether no further record may be taken: nineteen twentieths are full.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.filled() > self.available() / 20 * 19
    }

    /// Replaces what an open partition holds.
    pub fn replace_open(&self, before: usize, after: usize) {
        if after >= before {
            self.open.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.open.fetch_sub(before - after, Ordering::Relaxed);
        }
    }

    /// Accounts for closed files until the guard is dropped.
    #[must_use]
    pub fn hold(self: &Arc<Self>, bytes: usize) -> HeldMemory {
        self.in_flight.fetch_add(bytes, Ordering::Relaxed);
        HeldMemory {
            limit: Arc::clone(self),
            bytes,
        }
    }

    /// What partitions may fill. A fifth is left to what the allocator holds and cannot give back:
    /// large buffers that come and go leave gaps.
    fn available(&self) -> usize {
        (self.limit - self.reserved) / 5 * 4
    }

    fn filled(&self) -> usize {
        self.open.load(Ordering::Relaxed) + self.in_flight.load(Ordering::Relaxed)
    }
}

/// Closed files on their way to the store.
#[derive(Debug)]
pub struct HeldMemory {
    limit: Arc<MemoryLimit>,
    bytes: usize,
}

impl Drop for HeldMemory {
    fn drop(&mut self) {
        self.limit
            .in_flight
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is let go can be filled again: the limit neither leaks nor drifts.
    #[test]
    fn held_memory_comes_back() {
        let limit = MemoryLimit::new(1_000, 200);
        limit.replace_open(0, 500);
        assert!(!limit.under_pressure());
        let held = limit.hold(120);
        assert!(limit.under_pressure() && limit.is_exhausted());
        drop(held);
        limit.replace_open(500, 0);
        assert_eq!(limit.used_bytes(), 200);
        assert!(!limit.under_pressure() && !limit.is_exhausted());
    }

    /// A reserve larger than the limit leaves room all the same: a small limit is slow, not stuck.
    #[test]
    fn a_tiny_limit_still_admits_something() {
        let limit = MemoryLimit::new(800, 5_000);
        assert!(!limit.is_exhausted());
        assert_eq!(limit.used_bytes(), 700);
    }
}
