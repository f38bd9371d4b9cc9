//! Makes a catalog say what the lake holds.
//!
//! ```text
//!  events, scans ─▶ Touch ─▶ Coalescer ─▶ LakeState (listings, footers) ─┐
//!                                         CatalogState (table, partitions)┴▶ plan ─▶ apply ─▶ plan …
//! ```
//!
//! What holds it together:
//! 1. What is to be comes from the lake alone. Events only say where to look, so they may be lost,
//!    doubled, late or wrong.
//! 2. A plan is a pure function of two states. Applying it makes the next one empty, whoever else
//!    does the same at the same time.
//! 3. A table that is not ours is never changed, and nothing is dropped unless `prune` says so.
//! 4. A table waits for its own troubles only.

mod lake_table;
mod footers;
mod merge;
mod lake_state;
mod discovery;
mod policy;
mod ownership;
mod plan;
mod touch;
mod target;
mod intake;
mod coalescer;
mod board;
mod service;

use std::sync::Arc;

use metrics::counter;
use sluicebox_pipeline::ports::{self, LakeStore, StoreError};
use sluicebox_types::PartitionDate;

pub use discovery::Extent;
pub use intake::CrawlerIntake;
pub use lake_table::{LakeTable, TableMap};
pub use merge::{Incompatible, Widening};
pub use ownership::NotOurs;
pub use plan::{Plan, Refused, TableStep};
pub use policy::Policy;
pub use service::{CrawlerService, ServiceSettings};
pub use target::{CrawlerTarget, TOUCHES_MAX};
pub use touch::{Receipt, Touch};

use self::discovery::{dates_in_lake, tables_in_lake};
use self::footers::Footers;
use self::lake_state::LakeState;
use self::plan::{CatalogState, plan};
use crate::catalog::{Catalog, CatalogError, Class};

/// Partitions that are read and changed at once.
pub const PARTITIONS_MAX: usize = 1_000;
/// How often a plan is made anew because the catalog changed meanwhile, before the table is left
/// for a later try.
const ROUNDS_MAX: usize = 5;

/// One catalog, one lake, and what may be done.
#[derive(Debug)]
pub struct Crawler {
    catalog: Arc<dyn Catalog>,
    store: Arc<dyn LakeStore>,
    map: Arc<dyn TableMap>,
    policy: Policy,
    footers: Footers,
}

/// Why a table could not be brought up to date.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CrawlError {
    /// The catalog did not do what it should.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The lake could not be read.
    #[error(transparent)]
    Lake(#[from] StoreError),
    /// Somebody else changes the same table all the time.
    #[error("{0} was changed by somebody else in each of 5 tries")]
    Contended(String),
}

impl CrawlError {
    /// Whether trying again may help without a person.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Catalog(error) => error.class != Class::Fatal,
            Self::Lake(error) => error.class == ports::Class::Retry,
            Self::Contended(_) => true,
        }
    }
}

impl Crawler {
    /// A crawler that has read nothing yet.
    #[must_use]
    pub fn new(
        catalog: Arc<dyn Catalog>,
        store: Arc<dyn LakeStore>,
        map: Arc<dyn TableMap>,
        policy: Policy,
    ) -> Self {
        Self {
            catalog,
            store,
            map,
            policy,
            footers: Footers::default(),
        }
    }

    /// The configured tables that have a folder in the lake.
    ///
    /// # Errors
    /// The lake's.
    pub async fn tables(&self) -> Result<Vec<LakeTable>, CrawlError> {
        Ok(tables_in_lake(self.store.as_ref(), self.map.as_ref()).await?)
    }

    /// The table that is configured for a folder such as `air/flights`.
    #[must_use]
    pub fn table(&self, folder: &str) -> Option<LakeTable> {
        self.map.table(folder)
    }

    /// The folder of a configured table by its URL, below the root of this lake.
    #[must_use]
    pub fn folder_of(&self, location: &str) -> Option<String> {
        let path = self.path_of(location)?;
        let table = self.map.table(path.trim_end_matches('/'))?;
        Some(table.folder)
    }

    /// What a URL names below the root of this lake.
    fn path_of(&self, url: &str) -> Option<String> {
        let root = self.store.lake_url();
        let below = url.strip_prefix(root.trim_end_matches('/'))?;
        below.strip_prefix('/').map(str::to_owned)
    }

    /// The partitions of a table to look at, ascending: those in the lake and, where empty ones are
    /// to be dropped, those in the catalog.
    ///
    /// # Errors
    /// The lake's and the catalog's.
    pub async fn dates(
        &self,
        table: &LakeTable,
        extent: Extent,
    ) -> Result<Vec<PartitionDate>, CrawlError> {
        let mut dates = dates_in_lake(self.store.as_ref(), table, extent).await?;
        if self.policy.prune {
            let found = self.catalog.table(&table.database, &table.name).await?;
            if let Some(found) = found {
                let first = dates.first().copied();
                let known = self.catalog.partition_dates(&found).await?;
                let inside = known.into_iter().filter(|date| match extent {
                    Extent::All => true,
                    Extent::Since(since) => *date >= since,
                    Extent::Last(_) => first.is_some_and(|first| *date >= first),
                });
                dates.extend(inside);
                dates.sort_unstable();
                dates.dedup();
            }
        }
        Ok(dates)
    }

    /// What would be done about these partitions. Changes nothing.
    ///
    /// # Errors
    /// The lake's and the catalog's.
    pub async fn plan(
        &self,
        table: &LakeTable,
        dates: &[PartitionDate],
    ) -> Result<Plan, CrawlError> {
        let lake = LakeState::read(self.store.as_ref(), &self.footers, table, dates).await?;
        self.plan_for(table, &lake, dates).await
    }

    /// Brings these partitions up to date, [`PARTITIONS_MAX`] at most in one call. Answers what was
    /// done, in the order in which it was done.
    ///
    /// # Errors
    /// The lake's and the catalog's; what was done before the error stays done.
    pub async fn crawl(
        &self,
        table: &LakeTable,
        dates: &[PartitionDate],
    ) -> Result<Vec<Plan>, CrawlError> {
        let lake = LakeState::read(self.store.as_ref(), &self.footers, table, dates).await?;
        let mut done = Vec::new();
        for _round in 0..ROUNDS_MAX {
            let plan = self.plan_for(table, &lake, dates).await?;
            if plan.is_empty() {
                // A refusal is told even where nothing is done.
                if !plan.refused.is_empty() && done.is_empty() {
                    done.push(plan);
                }
                return Ok(done);
            }
            let plan = plan.next_step();
            match self.apply(&plan).await {
                Ok(()) => {
                    count(table, &plan);
                    let is_settled = self.is_settled(&plan).await?;
                    done.push(plan);
                    if is_settled {
                        return Ok(done);
                    }
                }
                Err(error) if error.class == Class::Conflict => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(CrawlError::Contended(table.to_string()))
    }

    async fn plan_for(
        &self,
        table: &LakeTable,
        lake: &LakeState,
        dates: &[PartitionDate],
    ) -> Result<Plan, CrawlError> {
        let found = self.catalog.table(&table.database, &table.name).await?;
        let partitions = match &found {
            Some(found) => self.catalog.partitions(found, dates).await?,
            None => Vec::new(),
        };
        let state = CatalogState {
            table: found,
            partitions,
        };
        Ok(plan(table, lake, &state, &self.policy))
    }

    /// Whether the table still has the columns that its partitions were just given. Somebody who
    /// widened one before this look has to be followed; whoever does so after it finds the partitions
    /// there, and changes them in the same call. A table that was just made may be somebody else's.
    async fn is_settled(&self, plan: &Plan) -> Result<bool, CatalogError> {
        let (Some(target), false) = (&plan.target, plan.table == Some(TableStep::Create)) else {
            return Ok(false);
        };
        let found = self.catalog.table(&target.database, &target.name).await?;
        Ok(found.is_some_and(|found| found.columns == target.columns))
    }

    /// The table first: its partitions take their columns from it.
    async fn apply(&self, plan: &Plan) -> Result<(), CatalogError> {
        let (catalog, Some(table)) = (&self.catalog, &plan.target) else {
            return Ok(());
        };
        match &plan.table {
            Some(TableStep::Create) => catalog.create_table(table).await?,
            Some(TableStep::Alter { widened, .. }) => {
                catalog.alter_table(table, !widened.is_empty()).await?;
            }
            None => {}
        }
        if !plan.add.is_empty() {
            catalog.add_partitions(table, &plan.add).await?;
        }
        if !plan.alter.is_empty() {
            catalog.alter_partitions(table, &plan.alter).await?;
        }
        if !plan.drop.is_empty() {
            catalog.drop_partitions(table, &plan.drop).await?;
        }
        Ok(())
    }
}

fn count(table: &LakeTable, plan: &Plan) {
    for (action, partitions) in [
        ("add", plan.add.len()),
        ("alter", plan.alter.len()),
        ("drop", plan.drop.len()),
    ] {
        let partitions = u64::try_from(partitions).unwrap_or(u64::MAX);
        counter!("sluicebox_crawler_partitions_total", "table" => table.to_string(), "action" => action)
            .increment(partitions);
    }
}

#[cfg(test)]
mod tests;
