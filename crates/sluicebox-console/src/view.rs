use std::sync::Arc;

use sluicebox_pipeline::{Readiness, StatusBoard};

use crate::events::EventEntry;

/// What the console shows, as the rest of the process sees it.
#[derive(Clone)]
pub struct View {
    /// The pipeline's name.
    pub pipeline: Arc<str>,
    /// The product's version.
    pub version: &'static str,
    /// What keeps the service from working.
    pub readiness: Arc<Readiness>,
    /// Where the partitions stand.
    pub status: Arc<StatusBoard>,
    /// Where events go; none where nobody takes them.
    pub events: Option<EventEntry>,
    /// All metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Whether the process still does its work; the error says what stands still.
    pub alive: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("pipeline", &self.pipeline)
            .finish_non_exhaustive()
    }
}
