use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::ByteSize;

/// How much of the machine the process takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsSection {
    /// Memory for everything that grows with data: fetch queues, dedup windows, open files. When it
    /// is reached the largest open file closes, then partitions pause. Default: three quarters of
    /// the cgroup's limit, or of the memory that is available. At least 128MiB.
    #[schemars(with = "Option<ByteSize>", extend("x-minimum" = "128MiB"))]
    pub memory: ByteSize,

    /// Worker threads; a Kafka partition is on one of them at a time. Default: the CPUs that the
    /// process may use. 1 to 1024.
    #[schemars(with = "Option<u16>", range(min = 1, max = 1024))]
    pub threads: u16,

    /// Bytes of rejected records on their way to the dead-letter topic; part of `memory`. When it
    /// is full, the partition waits. Default 16MiB, 1MiB to 1GiB.
    #[serde(default = "dead_letter_queue_bytes")]
    #[schemars(extend("x-minimum" = "1MiB", "x-maximum" = "1GiB"))]
    pub dead_letter_queue_bytes: ByteSize,
}

const fn dead_letter_queue_bytes() -> ByteSize {
    ByteSize::from_mib(16)
}
