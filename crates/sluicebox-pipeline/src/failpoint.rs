/// A named step at which a test can end the process, as `kill -9` would: with the feature
/// `failpoints`, `SLUICEBOX_CRASH_AT=<step>:<n>` aborts at the n-th pass (from 1). Without the
/// feature this is nothing.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) fn failpoint(_step: &str) {}

#[cfg(feature = "failpoints")]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of tests, never in a released binary"
)]
pub(crate) fn failpoint(step: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static CRASH_AT: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSES: AtomicU64 = AtomicU64::new(0);
    let crash_at = CRASH_AT.get_or_init(|| {
        let text = std::env::var("SLUICEBOX_CRASH_AT").ok()?;
        let (step, pass) = text.split_once(':')?;
        Some((step.to_owned(), pass.parse().ok()?))
    });
    if let Some((wanted, pass)) = crash_at
        && wanted == step
        && PASSES.fetch_add(1, Ordering::SeqCst) + 1 == *pass
    {
        std::process::abort();
    }
}
