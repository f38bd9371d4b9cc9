use std::collections::BTreeMap;

/// Refusals of one table that are remembered; there may be one for each partition.
const REFUSALS_MAX: usize = 20;

/// How the tables stand. One entry for each table that was looked at.
#[derive(Debug, Default)]
pub(crate) struct CrawlBoard {
    tables: BTreeMap<String, Standing>,
}

#[derive(Debug, Default)]
struct Standing {
    refused: Vec<String>,
    failures: u32,
}

impl CrawlBoard {
    /// A table was looked at; these refusals were found. Answers those that are new.
    pub(crate) fn crawled(&mut self, table: &str, mut refused: Vec<String>) -> Vec<String> {
        refused.truncate(REFUSALS_MAX);
        let standing = self.tables.entry(table.to_owned()).or_default();
        let is_new = |refusal: &&String| !standing.refused.contains(refusal);
        let new = refused.iter().filter(is_new).cloned().collect();
        *standing = Standing {
            refused,
            failures: 0,
        };
        new
    }

    /// A table could not be brought up to date. Answers how often in a row.
    pub(crate) fn failed(&mut self, table: &str) -> u32 {
        let standing = self.tables.entry(table.to_owned()).or_default();
        standing.failures = standing.failures.saturating_add(1);
        standing.failures
    }
}
