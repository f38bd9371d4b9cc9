//! Kafka: the only user of rdkafka. Implements the driver's ports for records that come in
//! ([`KafkaSource`], [`KafkaQueue`]) and for rejects that go out ([`KafkaDeadLetters`]).
//!
//! ```text
//!   brokers ──fetch──▶ partition queues ──forward──▶ one queue per worker ──KafkaQueue──▶ worker
//!      │                                                  ▲
//!      └──events──▶ KafkaSource::run ──rebalance──────────┘ where each partition's records go
//! ```
//!
//! Not here: any decision about offsets. Where to start, what to commit and what a rebalance means
//! is the driver's.

mod selection;
mod properties;
mod oauth;
mod health;
mod topic_watch;
mod source;
mod context;
mod rebalance;
mod queue;
mod control;
mod commit;
mod native;
mod dead_letter;
mod error;
pub mod mock;

pub use control::KafkaControl;
pub use dead_letter::{DeadLetterSettings, KafkaDeadLetters};
pub use error::KafkaError;
pub use queue::{KafkaBatch, KafkaQueue};
pub use source::{KafkaSource, SourceSettings};
