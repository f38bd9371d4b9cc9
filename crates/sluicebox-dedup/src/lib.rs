//! Which records repeat an earlier one: the key of a record, the clock of the log, the window in
//! which a key may stand once, and the place in the log from which that window can be rebuilt.
//!
//! The log is the only state store. Every decision is a function of the records before it in their
//! Kafka partition, and of no more than the last window of them, so replaying that much of the log
//! gives the same window again, whenever and however often it is read.
//!
//! Not here: reading the log, judging records good or bad, remembering anything on disk.

mod key;
mod clock;
mod window;
mod resume;

pub use clock::LogClock;
pub use key::{KeyDomain, KeyError, KeyHasher, KeySpec, hash_bytes};
pub use resume::{ResumePoint, ResumePoints};
pub use window::{DEFAULT_JUMP_MILLIS, DEFAULT_LENGTH_MILLIS, Window, WindowMode, WindowSpec};
