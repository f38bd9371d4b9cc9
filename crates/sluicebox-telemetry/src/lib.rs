//! What the service tells about itself: log lines on standard error, and metrics for Prometheus.
//!
//! Other crates only use the facades `tracing` and `metrics`; what becomes of an event or a number
//! is decided here, once for the process.
//!
//! Not here: the port that serves metrics (`sluicebox-console`), and any metric's value.

mod logs;
mod catalog;
mod recorder;

pub use logs::{LogFormat, LogsError, init_logs};
pub use recorder::{Metrics, MetricsError, install_metrics};
