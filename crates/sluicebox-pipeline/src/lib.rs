//! The driver: one record's whole way, the ports to the world, limits and the drain.

pub mod ports;
pub mod readiness;
