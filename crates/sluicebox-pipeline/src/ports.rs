//! What the driver asks of the world. Adapters implement these traits; the driver owns them.
//!
//! ```text
//!   Kafka ──RecordQueue──▶ worker ──▶ committer ──LakeStore──▶ lake
//!     ▲                      │            │
//!     └──── SourceControl ───┴────────────┘        rejects ──DeadLetterQueue──▶ Kafka
//!                                                  commits ──NotifyTarget──▶ topics, webhooks
//! ```

mod dead_letter;
mod source;
mod store;
mod notify;
mod intake;

pub use dead_letter::{DeadLetter, DeadLetterQueue, DeadLetterReceipt, Outstanding, QueueFull};
pub use intake::{EventIntake, IncomingMessage, Taken, Way};
pub use notify::{NotifyError, NotifyTarget};
pub use source::{
    AssignmentHandler, Committed, PartitionState, RecordQueue, SourceBatch, SourceControl,
    SourceError, SourceEvent, StartAt,
};
pub use store::{Class, LakeObject, LakeStore, ProbeError, Published, StoreError};
