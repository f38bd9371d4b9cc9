//! What the benches stand on: the two shapes of data that every figure is about, a broker that costs
//! next to nothing, and the measuring of a process. None of it is part of the product.
//!
//! ```text
//! shapes ─▶ records (repeats, malformed ones) ─▶ load (lz4 batches) ─▶ broker or Kafka
//!                                                                      │
//!                          report ◀─ lake (footers) ◀─ measured process ◀
//! ```

pub mod shapes;
pub mod contents;
pub mod records;
pub mod batch;
pub mod load;
pub mod broker;
pub mod kafka;
pub mod process;
pub mod lake;
pub mod floor;
pub mod report;
pub mod topic;
pub mod product;
pub mod drain;
pub mod growth;
pub mod memory;
pub mod latency;
pub mod peers;
pub mod stages;
pub mod callgrind;
