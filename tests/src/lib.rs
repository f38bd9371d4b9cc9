//! What tests against real servers stand on. Nothing of the product is in here.

#![expect(
    clippy::panic,
    reason = "a server that does not start ends the test that asked for it"
)]

pub mod harness;
