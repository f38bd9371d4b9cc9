use std::collections::BTreeMap;

use parking_lot::RwLock;
use serde::Serialize;

/// Refusals of one table that are shown; there may be one for each partition.
const REFUSALS_MAX: usize = 20;

/// How the tables stand, for whoever asks. One entry for each table that was looked at.
#[derive(Debug, Default)]
pub struct CrawlBoard {
    tables: RwLock<BTreeMap<String, TableStatus>>,
}

/// How a table stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// When it was last looked at with success, milliseconds since 1970-01-01 UTC.
    pub crawled_millis: Option<i64>,
    /// What was left alone in it, and why; the first 20.
    pub refused: Vec<String>,
    /// Why it could not be brought up to date the last time.
    pub error: Option<String>,
    /// How often that failed in a row.
    pub failures: u32,
}

impl CrawlBoard {
    /// All tables by name.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<String, TableStatus> {
        self.tables.read().clone()
    }

    /// A table was looked at; these refusals were found. Answers those that are new.
    pub(crate) fn crawled(&self, table: &str, millis: i64, refused: Vec<String>) -> Vec<String> {
        let mut tables = self.tables.write();
        let status = tables.entry(table.to_owned()).or_default();
        let is_new = |refusal: &&String| !status.refused.contains(refusal);
        let new = refused
            .iter()
            .filter(is_new)
            .take(REFUSALS_MAX)
            .cloned()
            .collect();
        *status = TableStatus {
            crawled_millis: Some(millis),
            refused: refused.into_iter().take(REFUSALS_MAX).collect(),
            ..TableStatus::default()
        };
        new
    }

    /// A table could not be brought up to date. Answers how often in a row.
    pub(crate) fn failed(&self, table: &str, error: String) -> u32 {
        let mut tables = self.tables.write();
        let status = tables.entry(table.to_owned()).or_default();
        status.error = Some(error);
        status.failures = status.failures.saturating_add(1);
        status.failures
    }
}
