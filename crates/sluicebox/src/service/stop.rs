use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use crate::failure::INTERRUPTED;

/// The wish to end, from wherever it comes.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    requested: AtomicBool,
    signalled: AtomicBool,
    told: Notify,
}

impl Stop {
    /// A wish that the first SIGTERM or SIGINT makes. The second one ends the process where it
    /// stands; nothing is lost by that, what is not committed is read again.
    ///
    /// # Errors
    /// When the operating system refuses the handlers.
    pub(crate) fn on_signals(runtime: &Handle) -> io::Result<Arc<Self>> {
        let stop = Arc::new(Self::default());
        let _in_runtime = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        drop(runtime.spawn(Arc::clone(&stop).obey(terminate, interrupt)));
        Ok(stop)
    }

    async fn obey(self: Arc<Self>, mut terminate: Signal, mut interrupt: Signal) {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if self.signalled.swap(true, Ordering::AcqRel) {
                tracing::warn!("aborted: what is not committed is read again by the next start");
                std::process::exit(INTERRUPTED.into());
            }
            tracing::info!("stopping: what was read is committed first; a second signal aborts");
            self.request();
        }
    }

    /// Makes the wish.
    pub(crate) fn request(&self) {
        self.requested.store(true, Ordering::Release);
        self.told.notify_waiters();
    }

    /// Whether a signal made the wish.
    pub(crate) fn is_signalled(&self) -> bool {
        self.signalled.load(Ordering::Acquire)
    }

    /// What a polling thread looks at.
    pub(crate) const fn flag(&self) -> &AtomicBool {
        &self.requested
    }

    /// Waits for the wish.
    pub(crate) async fn requested(&self) {
        loop {
            let told = self.told.notified();
            tokio::pin!(told);
            // Listens before it looks, so that no wish is missed in between.
            told.as_mut().enable();
            if self.requested.load(Ordering::Acquire) {
                return;
            }
            told.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever waits is told, and whoever comes later finds the wish made.
    #[tokio::test]
    async fn a_wish_reaches_everybody() {
        let stop = Arc::new(Stop::default());
        let waiting = tokio::join!(stop.requested(), async { stop.request() });
        assert_eq!(waiting, ((), ()));
        stop.requested().await;
        assert!(stop.flag().load(Ordering::Acquire));
    }
}
