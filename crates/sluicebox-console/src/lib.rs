//! The service's one port: metrics, health and status over HTTP.
//!
//! | path | answers |
//! | --- | --- |
//! | `/metrics` | Prometheus' text format |
//! | `/livez` | 200 while the consumer group is polled; 503 with the reason otherwise: restart it |
//! | `/readyz` | 200 `ready`; 503 with a line `dependency: reason` for each that is down |
//! | `/api/v1/status` | JSON: build, readiness, and where every partition stands |
//! | `POST /events` | 202 for messages that tell a crawler where to look, 400 for those of no use; 401, 413, 503 |
//!
//! Health answers are JSON for those who `Accept: application/json`. Nothing here changes anything
//! but what an event makes somebody look at, and nothing here shows payloads or secrets.
//!
//! Not here: what is counted, what is ready, what is alive. That comes in as [`View`].

mod server;
mod view;
mod metrics;
mod health;
mod status;
mod events;

pub use events::EventEntry;
pub use server::{Console, ConsoleError};
pub use view::View;
