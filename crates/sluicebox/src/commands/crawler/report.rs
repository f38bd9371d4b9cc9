use std::io::{self, Write};

use serde::Serialize;
use sluicebox_catalog::crawler::{CrawlError, LakeTable, Plan};

/// What was seen and done, for people and for programs.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether the catalog was changed, or only a plan was made.
    applied: bool,
    pub(super) tables: Vec<TableReport>,
}

/// The same of one table.
#[derive(Debug, Serialize)]
pub(super) struct TableReport {
    table: String,
    changes: Vec<String>,
    refused: Vec<String>,
    error: Option<String>,
}

impl TableReport {
    pub(super) fn new(table: &LakeTable, looked: Result<Vec<Plan>, CrawlError>) -> Self {
        let (plans, error) = match looked {
            Ok(plans) => (plans, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let refused = plans.iter().flat_map(|plan| &plan.refused);
        let mut refused: Vec<String> = refused.map(ToString::to_string).collect();
        refused.dedup();
        Self {
            table: table.to_string(),
            changes: plans.iter().flat_map(Plan::describe).collect(),
            refused,
            error,
        }
    }
}

impl Report {
    pub(super) const fn new(applied: bool) -> Self {
        Self {
            applied,
            tables: Vec::new(),
        }
    }

    /// Whether everything that there was to do is done, or could be.
    pub(super) fn is_good(&self) -> bool {
        let is_good = |table: &TableReport| table.refused.is_empty() && table.error.is_none();
        self.tables.iter().all(is_good)
    }

    pub(super) fn print_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if self.tables.is_empty() {
            return writeln!(out, "The lake has no files of a configured table yet.");
        }
        for table in &self.tables {
            let is_quiet = table.changes.is_empty() && table.refused.is_empty();
            match &table.error {
                None if is_quiet => writeln!(out, "{}: up to date", table.table)?,
                _ => writeln!(out, "{}", table.table)?,
            }
            for change in &table.changes {
                writeln!(out, "  {change}")?;
            }
            for refused in &table.refused {
                writeln!(out, "  REFUSED: {refused}")?;
            }
            if let Some(error) = &table.error {
                writeln!(out, "  FAILED: {error}")?;
            }
        }
        let is_changed = self.tables.iter().any(|table| !table.changes.is_empty());
        match (self.applied, is_changed) {
            (false, true) => writeln!(
                out,
                "Nothing was changed; `sluicebox crawler crawl` does it."
            ),
            _ => Ok(()),
        }
    }
}
