use std::time::Duration;

use anyhow::{Result, bail};
use sluicebox_types::{Clock, SystemClock};

const POLL_EVERY: Duration = Duration::from_millis(20);

/// Waits until `condition` gives a value; an error that names `what` if it gives none `within` that
/// time.
pub(super) fn wait_for<T>(
    what: &str,
    within: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let clock = SystemClock::new();
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if clock.monotonic() > within {
            bail!("{what}: not within {} s", within.as_secs());
        }
        std::thread::sleep(POLL_EVERY);
    }
}

/// Waits until `condition` gives a value. The limit only ends a test that would never end; it says
/// nothing about how fast anything is.
///
/// # Panics
///
/// After two minutes, naming `what` was waited for.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(120), async {
        loop {
            if let Some(value) = condition().await {
                return value;
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    });
    waited
        .await
        .unwrap_or_else(|_elapsed| panic!("{what}: not within two minutes"))
}
