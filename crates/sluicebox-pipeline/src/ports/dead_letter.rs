use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sluicebox_types::{OwnedRecord, Reject, TopicPartition};
use tokio::sync::Notify;

/// Where rejects are sent beside quarantine: one Kafka topic per source topic.
pub trait DeadLetterQueue: Send + Sync + std::fmt::Debug {
    /// Queues one reject; never blocks. The letter's receipt is dropped when the broker has
    /// acknowledged it, or when it can never be delivered (larger than the broker takes even
    /// without headers, without the key that a compacted topic wants: counted, and kept in
    /// quarantine). A broker that refuses or is away is tried again without end, and shown on
    /// `/readyz`.
    ///
    /// # Errors
    /// [`QueueFull`] gives the letter back when the bounded queue has no room: offer it again
    /// later.
    fn send(&self, letter: DeadLetter) -> Result<(), QueueFull>;
}

/// One reject on its way to the dead-letter topic.
#[derive(Debug)]
pub struct DeadLetter {
    /// Where the record came from.
    pub source: TopicPartition,
    /// The record, unchanged.
    pub record: OwnedRecord,
    /// The verdict.
    pub reject: Reject,
    /// Held until the broker has it.
    pub receipt: DeadLetterReceipt,
}

/// The queue is full; the letter comes back.
#[derive(Debug)]
pub struct QueueFull(pub Box<DeadLetter>);

/// Counts letters that are not yet acknowledged. A commit waits until the count of its own range is
/// zero.
#[derive(Debug, Default)]
pub struct Outstanding {
    letters: AtomicUsize,
    settled: Notify,
}

impl Outstanding {
    /// A receipt for one more letter.
    #[must_use]
    pub fn receipt(self: &Arc<Self>) -> DeadLetterReceipt {
        self.letters.fetch_add(1, Ordering::AcqRel);
        DeadLetterReceipt(Arc::clone(self))
    }

    /// Letters not yet acknowledged.
    #[must_use]
    pub fn count(&self) -> usize {
        self.letters.load(Ordering::Acquire)
    }

    /// Waits until every letter is acknowledged.
    pub async fn settled(&self) {
        loop {
            let notified = self.settled.notified();
            if self.count() == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// Proof that a letter is under way; dropping it says that it has arrived.
#[derive(Debug)]
pub struct DeadLetterReceipt(Arc<Outstanding>);

impl Drop for DeadLetterReceipt {
    fn drop(&mut self) {
        if self.0.letters.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.settled.notify_waiters();
        }
    }
}
