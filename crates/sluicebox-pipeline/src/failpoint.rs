/// A named step at which a test can make the worst happen. With the feature `failpoints`,
/// `SLUICEBOX_CRASH_AT=<step>:<n>` aborts the process at the n-th pass (from 1), as `kill -9` would,
/// and `SLUICEBOX_STOP_AT=<step>:<n>` stops it there with SIGSTOP, as a machine that freezes would,
/// until it gets a SIGCONT. Without the feature this is nothing.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) fn failpoint(_step: &str) {}

#[cfg(feature = "failpoints")]
pub(crate) fn failpoint(step: &str) {
    use std::sync::LazyLock;

    use self::switch::{Switch, stop};

    static CRASH: LazyLock<Option<Switch>> = LazyLock::new(|| Switch::of("SLUICEBOX_CRASH_AT"));
    static STOP: LazyLock<Option<Switch>> = LazyLock::new(|| Switch::of("SLUICEBOX_STOP_AT"));
    let is_due = |switch: &Option<Switch>| switch.as_ref().is_some_and(|at| at.is_due(step));
    if is_due(&CRASH) {
        std::process::abort();
    }
    if is_due(&STOP) {
        stop();
    }
}

#[cfg(feature = "failpoints")]
mod switch {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// One pass of one step.
    pub(super) struct Switch {
        step: String,
        pass: u64,
        passes: AtomicU64,
    }

    impl Switch {
        #[expect(
            clippy::disallowed_methods,
            reason = "a switch of tests, never in a released binary"
        )]
        pub(super) fn of(variable: &str) -> Option<Self> {
            let text = std::env::var(variable).ok()?;
            let (step, pass) = text.split_once(':')?;
            Some(Self {
                step: step.to_owned(),
                pass: pass.parse().ok()?,
                passes: AtomicU64::new(0),
            })
        }

        pub(super) fn is_due(&self, step: &str) -> bool {
            self.step == step && self.passes.fetch_add(1, Ordering::SeqCst) + 1 == self.pass
        }
    }

    /// By a shell, which spares a dependency; every thread stops, this one included.
    pub(super) fn stop() {
        let mut kill = std::process::Command::new("sh");
        kill.args(["-c", "kill -STOP $PPID"]);
        if let Err(error) = kill.status() {
            tracing::error!(%error, "cannot stop");
        }
    }
}
