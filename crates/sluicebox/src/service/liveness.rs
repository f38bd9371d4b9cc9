use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sluicebox_pipeline::Driver;

/// Whether the consumer group is polled: what `/livez` asks. Before there is a driver, and after
/// it, the process is alive by being there.
#[derive(Debug)]
pub(crate) struct Liveness {
    unpolled_max: Duration,
    driver: Mutex<Option<Driver>>,
}

impl Liveness {
    /// Alive as long as polls are no further apart than the group allows.
    pub(crate) fn new(unpolled_max: Duration) -> Arc<Self> {
        Arc::new(Self {
            unpolled_max,
            driver: Mutex::new(None),
        })
    }

    /// Looks at this driver from now on.
    pub(crate) fn watch(&self, driver: Driver) {
        *self.driver.lock() = Some(driver);
    }

    /// Gives the driver back.
    pub(crate) fn unwatch(&self) -> Option<Driver> {
        self.driver.lock().take()
    }

    /// # Errors
    /// For how long nobody has polled, when that is too long.
    pub(crate) fn check(&self) -> Result<(), String> {
        let unpolled = self.driver.lock().as_ref().map(Driver::unpolled_for);
        match unpolled.filter(|unpolled| *unpolled > self.unpolled_max) {
            None => Ok(()),
            Some(unpolled) => Err(format!(
                "the consumer group was not polled for {} s; the process hangs, restart it",
                unpolled.as_secs()
            )),
        }
    }
}
