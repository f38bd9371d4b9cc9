//! One event to one target, until it is taken or given up.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use sluicebox_events::Event;
use tokio::sync::Semaphore;

use super::NotifyTo;
use super::backoff::pause;
use crate::ports::NotifyError;

/// Refusals after which an event is given up.
const REFUSALS_MAX: u32 = 3;

/// A target with what all tasks that tell it share.
pub(super) struct Delivery {
    pub(super) to: NotifyTo,
    pub(super) jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    pub(super) sends: Semaphore,
}

/// What became of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delivered {
    /// The target has it.
    Taken,
    /// The target will not take it, for this reason.
    Refused(String),
}

impl Delivery {
    /// Sends again and again, with growing pauses, for as long as it takes; only refusals are
    /// counted and end it.
    pub(super) async fn deliver(&self, event: &Event) -> Delivered {
        let (mut tries, mut refusals) = (0, 0);
        loop {
            let Err(error) = self.send(event).await else {
                self.count("delivered");
                return Delivered::Taken;
            };
            tries += 1;
            let after = match error {
                NotifyError::Retry { after, .. } => after,
                NotifyError::Permanent { .. } => {
                    refusals += 1;
                    None
                }
            };
            let message = error.to_string();
            if refusals >= REFUSALS_MAX {
                self.count("skipped");
                tracing::error!(target_name = self.to.name, event = event.id,
                    subject = event.attributes.subject, %message,
                    "an event is passed over: its target refuses it");
                return Delivered::Refused(message);
            }
            self.count("retried");
            let pause = self.pause(tries, after);
            tracing::warn!(target_name = self.to.name, event = event.id, %message,
                pause_ms = pause.as_millis(), "notify: trying again");
            tokio::time::sleep(pause).await;
        }
    }

    /// Tries until it works. A store that is away is the data plane's to report.
    pub(super) async fn until_done<T, E, F>(
        &self,
        what: &(dyn Display + Sync),
        mut operation: impl FnMut() -> F,
    ) -> T
    where
        E: Display,
        F: Future<Output = Result<T, E>>,
    {
        let mut tries = 0;
        loop {
            let error = match operation().await {
                Ok(done) => return done,
                Err(error) => error.to_string(),
            };
            tries += 1;
            let pause = self.pause(tries, None);
            tracing::warn!(target_name = self.to.name, %what, error,
                pause_ms = pause.as_millis(), "notify: trying again");
            tokio::time::sleep(pause).await;
        }
    }

    fn pause(&self, tries: u32, after: Option<Duration>) -> Duration {
        pause(tries, (self.jitter)(), after)
    }

    async fn send(&self, event: &Event) -> Result<(), NotifyError> {
        // Never closed; without a permit the target is merely asked too often.
        let _permit = self.sends.acquire().await.ok();
        self.to.target.send(event).await
    }

    fn count(&self, outcome: &'static str) {
        let labels = [
            ("target", self.to.name.clone()),
            ("outcome", outcome.to_owned()),
        ];
        counter!("sluicebox_notify_events_total", &labels).increment(1);
    }
}
