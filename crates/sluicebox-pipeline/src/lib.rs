//! The driver: one record's whole way through the service, the ports to the world, limits, drain.
//!
//! ```text
//!  polling thread        worker threads                        I/O runtime
//!  ──────────────        ──────────────                        ───────────
//!  group, rebalances     take a batch → decode → rules →       commit: stage → create record →
//!        │               event time → dedup → write            list → publish → Kafka offset
//!        ▼                     │        ▲                              │      ▲
//!   assignment ──Start/End──▶ inbox     └──────── Outcome ─────────────┘      │
//!                              └── a range is full, old or idle: cut ─────────┘
//! ```
//!
//! What holds it together:
//! 1. A partition is read by one worker, and its inbox is served only between two batches: a record
//!    fetched for an earlier assignment cannot meet a later one.
//! 2. One commit per partition is on its way; reading goes on meanwhile.
//! 3. Nothing is evicted: what fills memory is committed, and reading waits until there is room.
//! 4. Whatever fails in passing is tried again; what would lose or double records halts its
//!    partition with a sentence that names the cure.
//!
//! Not here: Kafka, stores, HTTP and the command line, which stand behind [`ports`].

pub mod ports;
mod topic;
mod blocking;
mod environment;
mod memory;
mod readiness;
mod status;
mod claim;
mod driver;
mod stepped;
mod assignment;
mod inbox;
mod appetite;
mod worker;
mod seat;
mod lane;
mod quiet;
mod hops;
mod open_range;
mod commit;
mod chain_io;
mod notify;
mod failpoint;
pub mod verify;

pub use appetite::WORKER_BYTES;
pub use blocking::Blocking;
pub use claim::{ClaimError, claim, is_claimed};
pub use driver::Driver;
pub use environment::Environment;
pub use hops::write::with_kafka_column;
pub use memory::{HeldMemory, MemoryLimit};
pub use notify::{NotifySettings, NotifyStart, NotifyTo, Relay};
pub use readiness::Readiness;
pub use status::{Holding, PartitionStatus, Phase, StatusBoard};
pub use stepped::Stepped;
pub use topic::{
    DedupSpec, EventTimeSpec, RollCause, RollPolicy, Tombstones, TopicCatalog, TopicSpec,
};
