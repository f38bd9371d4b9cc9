use parking_lot::Mutex;
use tokio::sync::Notify;

/// Whether a process runs: everything that it does to the world waits for that.
#[derive(Debug)]
pub(super) struct Process {
    state: Mutex<State>,
    /// Wakes in the order of waiting, which a `watch` channel does not.
    changed: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Frozen,
    Dead,
}

impl Process {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State::Running),
            changed: Notify::new(),
        }
    }

    pub(super) fn is(&self, state: State) -> bool {
        *self.state.lock() == state
    }

    pub(super) fn change_to(&self, state: State) {
        *self.state.lock() = state;
        self.changed.notify_waiters();
    }

    /// Goes on when the process runs: at once, after it was frozen, or never.
    pub(super) async fn runs(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is(State::Running) {
                return;
            }
            changed.await;
        }
    }
}
