use std::pin::pin;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures::pending;
use sluicebox_types::PartitionDate;

use crate::memory::MemoryCatalog;
use crate::{Catalog, CatalogError, CatalogPartition, CatalogTable};

/// A catalog that lets somebody else go first before each call.
#[derive(Debug)]
pub(super) struct Interleaved(pub(super) MemoryCatalog);

/// Polls two tasks in the order of the schedule, then both to their end.
pub(super) fn run_interleaved<O>(
    schedule: &[bool],
    one: impl Future<Output = O>,
    other: impl Future<Output = O>,
) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let mut context = Context::from_waker(Waker::noop());
    let (mut one_runs, mut other_runs) = (true, true);
    let mut turns = schedule
        .iter()
        .copied()
        .chain([true, false].into_iter().cycle());
    while one_runs || other_runs {
        match turns.next() {
            Some(true) if one_runs => {
                one_runs = matches!(one.as_mut().poll(&mut context), Poll::Pending);
            }
            Some(false) if other_runs => {
                other_runs = matches!(other.as_mut().poll(&mut context), Poll::Pending);
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Catalog for Interleaved {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn table(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<CatalogTable>, CatalogError> {
        pending!();
        self.0.table(database, table).await
    }

    async fn create_table(&self, table: &CatalogTable) -> Result<(), CatalogError> {
        pending!();
        self.0.create_table(table).await
    }

    async fn alter_table(&self, table: &CatalogTable, cascade: bool) -> Result<(), CatalogError> {
        pending!();
        self.0.alter_table(table, cascade).await
    }

    async fn partition_dates(
        &self,
        table: &CatalogTable,
    ) -> Result<Vec<PartitionDate>, CatalogError> {
        pending!();
        self.0.partition_dates(table).await
    }

    async fn partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<Vec<CatalogPartition>, CatalogError> {
        pending!();
        self.0.partitions(table, dates).await
    }

    async fn add_partitions(
        &self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), CatalogError> {
        pending!();
        self.0.add_partitions(table, partitions).await
    }

    async fn alter_partitions(
        &self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), CatalogError> {
        pending!();
        self.0.alter_partitions(table, partitions).await
    }

    async fn drop_partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<(), CatalogError> {
        pending!();
        self.0.drop_partitions(table, dates).await
    }
}
