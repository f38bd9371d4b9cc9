use std::collections::BTreeMap;

use parking_lot::RwLock;

/// What `/readyz` shows: every dependency that keeps the service from doing its work, with the
/// reason. Ready means that nothing is listed and the group has given an answer.
#[derive(Debug, Default)]
pub struct Readiness {
    waiting: RwLock<BTreeMap<String, String>>,
}

impl Readiness {
    /// `dependency` (such as `store`, `kafka`, `dead_letter flights.dlq`, `partition flights[3]`)
    /// does not work, and why.
    pub fn down(&self, dependency: &str, reason: impl Into<String>) {
        self.waiting
            .write()
            .insert(dependency.to_owned(), reason.into());
    }

    /// It works again.
    pub fn up(&self, dependency: &str) {
        if self.waiting.read().contains_key(dependency) {
            self.waiting.write().remove(dependency);
        }
    }

    /// Everything that is down, in alphabetical order.
    #[must_use]
    pub fn reasons(&self) -> Vec<(String, String)> {
        self.waiting
            .read()
            .iter()
            .map(|(name, why)| (name.clone(), why.clone()))
            .collect()
    }
}
