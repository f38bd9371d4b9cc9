use std::sync::Arc;
use std::time::Duration;

use sluicebox_chain::Writer;
use sluicebox_types::Clock;
use uuid::Uuid;

use crate::blocking::Blocking;
use crate::memory::MemoryLimit;
use crate::notify::Relay;
use crate::ports::{DeadLetterQueue, LakeStore};
use crate::readiness::Readiness;
use crate::status::StatusBoard;

/// What every part of the driver shares: ports, inputs and limits.
#[derive(Clone)]
pub struct Environment {
    /// The pipeline's name.
    pub pipeline: Arc<str>,
    /// Who writes.
    pub writer: Writer,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Fresh attempt ids.
    pub fresh_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// The lake.
    pub store: Arc<dyn LakeStore>,
    /// Where rejects go beside quarantine.
    pub dead_letters: Arc<dyn DeadLetterQueue>,
    /// Who tells the world of commits.
    pub relay: Arc<Relay>,
    /// What `/readyz` shows.
    pub readiness: Arc<Readiness>,
    /// What the console shows.
    pub status: Arc<StatusBoard>,
    /// The process's memory.
    pub memory: Arc<MemoryLimit>,
    /// Where the calls of ports that block are made.
    pub blocking: Blocking,
    /// How long a revoked partition may take to commit what it has read.
    pub drain_timeout: Duration,
    /// Whether reading goes on behind records that retention removed.
    pub skip_retention_gaps: bool,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("pipeline", &self.pipeline)
            .finish_non_exhaustive()
    }
}
