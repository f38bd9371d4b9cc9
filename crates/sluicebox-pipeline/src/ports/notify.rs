use std::time::Duration;

use async_trait::async_trait;
use sluicebox_events::Event;

/// Somebody who is told what lands in the lake.
///
/// MUST answer `Ok` only when the event is safe with the target: it is not sent again then. MUST
/// answer within limits of its own, and try nothing again by itself. May get an event more than
/// once, equal to the byte; events of one Kafka partition come in the order of its commits, those of
/// several Kafka partitions at the same time.
#[async_trait]
pub trait NotifyTarget: Send + Sync + std::fmt::Debug {
    /// Sends one event.
    ///
    /// # Errors
    /// What the target does not take, and whether it may take it later.
    async fn send(&self, event: &Event) -> Result<(), NotifyError>;
}

/// Why a target did not take an event. Texts are one line, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// Passing: the same event is sent again until it is taken.
    #[error("{message}")]
    Retry {
        /// What happened.
        message: String,
        /// How long the target wants to be left alone, if it said so.
        after: Option<Duration>,
    },
    /// The target will not take this event: it is passed over after a few tries.
    #[error("{message}")]
    Permanent {
        /// What happened and, where known, the cure.
        message: String,
    },
}

impl NotifyError {
    /// A passing failure of which the target said nothing more.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::Retry {
            message: message.into(),
            after: None,
        }
    }

    /// A failure that waiting does not heal.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::Permanent {
            message: message.into(),
        }
    }
}
