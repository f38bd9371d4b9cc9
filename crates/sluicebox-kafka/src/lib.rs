//! Kafka: the only user of rdkafka. Implements the driver's ports for records that come in
//! ([`KafkaSource`], [`KafkaQueue`]) for rejects that go out ([`KafkaDeadLetters`]) and for
//! events that go out ([`KafkaTarget`]) or come in ([`KafkaEvents`]).
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
mod first_sight;
mod source;
mod context;
mod quiet;
mod rebalance;
mod doubt;
mod queue;
mod control;
mod commit;
mod native;
mod dead_letter;
mod notify;
mod events;
mod error;
pub mod mock;

pub use control::KafkaControl;
pub use dead_letter::{DeadLetterSettings, KafkaDeadLetters};
pub use error::KafkaError;
pub use events::{KafkaEvents, KafkaEventsSettings};
pub use notify::{KafkaTarget, KafkaTargetSettings};
pub use properties::fetched_bytes_max;
pub use queue::{KafkaBatch, KafkaQueue};
pub use source::{KafkaSource, SourceSettings};

#[cfg(test)]
mod tests {
    /// The lints of this crate are those of the workspace, but for the one that `native.rs` needs.
    #[test]
    fn lints_are_the_workspace_ones() {
        let lints = |manifest: &str, prefix: &str| -> Vec<String> {
            let lines = manifest
                .lines()
                .skip_while(|line| !line.starts_with(prefix));
            let lines = lines.take_while(|line| !line.starts_with("[profile"));
            lines
                .map(|line| line.replace(prefix, "[lints."))
                .filter(|line| !line.is_empty())
                .collect()
        };
        let own = lints(include_str!("../Cargo.toml"), "[lints.");
        let shared = lints(include_str!("../../../Cargo.toml"), "[workspace.lints.");
        let denied =
            |line: &String| line.replace("unsafe_code = \"forbid\"", "unsafe_code = \"deny\"");
        assert_eq!(own, shared.iter().map(denied).collect::<Vec<_>>());
    }
}
