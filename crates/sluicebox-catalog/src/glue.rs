//! AWS Glue's Data Catalog: what Athena, EMR and Redshift Spectrum read.
//!
//! ```text
//! Catalog ─▶ GlueCatalog: batches, pages, read before change    model: table and partition ◀▶ Glue's structs
//!              └─▶ actions: one request each, counted, never tried again by itself
//!                    └─▶ failure: codes ─▶ try again, look again, or a person
//! ```
//!
//! Limits of a request: 100 partitions made or updated, 25 deleted, 1,000 read. Part of a batch may
//! fail while the rest is done.
//!
//! The actions that a role must be allowed: `glue:GetDatabase`, `CreateDatabase`, `GetTable`,
//! `CreateTable`, `UpdateTable`, `GetPartitions`, `BatchGetPartition`, `BatchCreatePartition`,
//! `BatchUpdatePartition`, and `BatchDeletePartition` for a crawler that prunes.
//!
//! Glue has no cascade. Here it alters the partitions first and the table last, so that one that was
//! broken off is begun again by whoever finds the table as it was.

mod settings;
mod model;
mod actions;
mod client;
mod failure;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use sluicebox_types::PartitionDate;

use self::actions::Actions;
pub use self::settings::{GlueCredentials, GlueSettings, GlueSettingsError};
use crate::failure::Failure;
use crate::{Catalog, CatalogError, CatalogPartition, CatalogTable};

/// Partitions that Glue gives in one answer.
const READ_BATCH: usize = 1_000;
/// Partitions that Glue takes in one request.
const WRITE_BATCH: usize = 100;
/// Partitions that Glue deletes in one request.
const DELETE_BATCH: usize = 25;

/// AWS Glue's Data Catalog of one account and region.
#[derive(Clone, Debug)]
pub struct GlueCatalog {
    actions: Actions,
}

impl GlueCatalog {
    /// The catalog of an account. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When the settings lead nowhere.
    pub async fn open(settings: &GlueSettings) -> Result<Self, GlueSettingsError> {
        let actions = Actions::open(settings).await?;
        Ok(Self { actions })
    }

    async fn create(&self, table: &CatalogTable) -> Result<(), Failure> {
        if !self.actions.has_database(&table.database).await? {
            self.actions.create_database(&table.database).await?;
        }
        self.actions.create_table(table).await
    }

    async fn alter(&self, wanted: &CatalogTable, cascade: bool) -> Result<(), Failure> {
        let found = self
            .actions
            .find_table(&wanted.database, &wanted.name)
            .await?;
        let found = found.ok_or_else(|| Failure::conflict("the table is gone"))?;
        if wanted.version.is_some() && wanted.version != found.version_id {
            return Err(Failure::conflict("the table was changed meanwhile"));
        }
        if cascade {
            self.cascade(wanted).await?;
        }
        self.actions.update_table(found, wanted).await
    }

    /// Gives all partitions the table's columns.
    async fn cascade(&self, table: &CatalogTable) -> Result<(), Failure> {
        let dates = self.dates(table).await?;
        for batch in dates.chunks(WRITE_BATCH) {
            let mut entries = Vec::with_capacity(batch.len());
            for partition in self.actions.get_partitions(table, batch).await? {
                let Some(mut wanted) = model::catalog_partition(partition.clone()) else {
                    continue;
                };
                wanted.columns.clone_from(&table.columns);
                entries.push(model::altered_partition(partition, &wanted)?);
            }
            self.actions.update_partitions(table, entries).await?;
        }
        Ok(())
    }

    async fn dates(&self, table: &CatalogTable) -> Result<Vec<PartitionDate>, Failure> {
        let mut dates = Vec::new();
        let mut token = None;
        loop {
            let page = self.actions.list_partitions(table, token.clone()).await?;
            dates.extend(page.partitions().iter().filter_map(model::partition_date));
            match page.next_token.filter(|next| !next.is_empty()) {
                None => break,
                next if next == token => {
                    return Err(Failure::retry("Glue gives the same page again and again"));
                }
                next => token = next,
            }
        }
        dates.sort_unstable();
        Ok(dates)
    }

    async fn get(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<Vec<CatalogPartition>, Failure> {
        let mut found = Vec::with_capacity(dates.len());
        for batch in dates.chunks(READ_BATCH) {
            let partitions = self.actions.get_partitions(table, batch).await?;
            found.extend(partitions.into_iter().filter_map(model::catalog_partition));
        }
        Ok(found)
    }

    async fn alter_batch(
        &self,
        table: &CatalogTable,
        batch: &[CatalogPartition],
    ) -> Result<(), Failure> {
        let dates: Vec<_> = batch.iter().map(|wanted| wanted.date).collect();
        let mut found = BTreeMap::new();
        for partition in self.actions.get_partitions(table, &dates).await? {
            if let Some(date) = model::partition_date(&partition) {
                found.insert(date, partition);
            }
        }
        let mut entries = Vec::with_capacity(batch.len());
        for wanted in batch {
            let Some(partition) = found.remove(&wanted.date) else {
                let date = wanted.date;
                return Err(Failure::conflict(format!("partition {date} is gone")));
            };
            entries.push(model::altered_partition(partition, wanted)?);
        }
        self.actions.update_partitions(table, entries).await
    }
}

#[async_trait]
impl Catalog for GlueCatalog {
    fn name(&self) -> &'static str {
        "glue"
    }

    async fn table(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<CatalogTable>, CatalogError> {
        let found = self.actions.find_table(database, table).await;
        let found = found.map_err(|failure| failure.during("glue", "table", database, table))?;
        Ok(found.map(|found| model::catalog_table(database, found)))
    }

    async fn create_table(&self, table: &CatalogTable) -> Result<(), CatalogError> {
        let created = self.create(table).await;
        created.map_err(failed("create_table", table))
    }

    async fn alter_table(&self, table: &CatalogTable, cascade: bool) -> Result<(), CatalogError> {
        let altered = self.alter(table, cascade).await;
        altered.map_err(failed("alter_table", table))
    }

    async fn partition_dates(
        &self,
        table: &CatalogTable,
    ) -> Result<Vec<PartitionDate>, CatalogError> {
        let dates = self.dates(table).await;
        dates.map_err(failed("partition_dates", table))
    }

    async fn partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<Vec<CatalogPartition>, CatalogError> {
        let found = self.get(table, dates).await;
        found.map_err(failed("partitions", table))
    }

    async fn add_partitions(
        &self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), CatalogError> {
        for batch in partitions.chunks(WRITE_BATCH) {
            let added = self.actions.add_partitions(table, batch).await;
            added.map_err(failed("add_partitions", table))?;
        }
        Ok(())
    }

    async fn alter_partitions(
        &self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), CatalogError> {
        for batch in partitions.chunks(WRITE_BATCH) {
            let altered = self.alter_batch(table, batch).await;
            altered.map_err(failed("alter_partitions", table))?;
        }
        Ok(())
    }

    async fn drop_partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<(), CatalogError> {
        for batch in dates.chunks(DELETE_BATCH) {
            let dropped = self.actions.delete_partitions(table, batch).await;
            dropped.map_err(failed("drop_partitions", table))?;
        }
        Ok(())
    }
}

fn failed(operation: &'static str, table: &CatalogTable) -> impl Fn(Failure) -> CatalogError {
    move |failure| failure.during("glue", operation, &table.database, &table.name)
}
