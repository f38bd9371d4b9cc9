//! The commit chain under a model checker: every history of a few writers, any of whom may be slow
//! without end, with crashes, lost and late requests, pruning, compaction, retention, a lost offset
//! and an old control tree. What is checked are the production machines; the driver around them, the
//! store and Kafka are models.
//!
//! ```text
//! attempt, machines   records and machines, small enough for millions of worlds
//! world, canonical    one moment, and which moments are the same
//! lake, driver        what requests do, and what a writer does
//! model               what can happen next
//! promises, check     what must hold, and how that is looked at
//! histories, rules, restores   the tests
//! ```
//!
//! How many worlds there are is printed: `cargo test -p sluicebox-chain --test model -- --nocapture`.
//! More of them, in ten minutes: `… -- --ignored --nocapture`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test"
)]

mod attempt;
mod machines;
mod world;
mod canonical;
mod lake;
mod rule;
mod driver;
mod model;
mod promises;
mod check;
mod histories;
mod rules;
mod restores;
