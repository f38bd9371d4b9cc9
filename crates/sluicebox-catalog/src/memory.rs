//! A catalog in memory with faults on demand, for tests of whatever drives a [`Catalog`].

mod contents;
mod fault;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use sluicebox_types::PartitionDate;

use crate::failure::Failure;
use crate::{Catalog, CatalogError, CatalogPartition, CatalogTable};

use self::contents::Contents;
pub use self::fault::{Call, Fault, Moment};
use self::fault::{FaultHook, strike};

/// A handle on a catalog in memory. Clones and [`with_faults`](Self::with_faults) share the
/// catalog, as processes do; each handle has its own faults, and counts its own calls.
#[derive(Clone)]
pub struct MemoryCatalog {
    contents: Arc<Mutex<Contents>>,
    faults: Arc<FaultHook>,
    calls: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

/// An empty catalog without faults.
impl Default for MemoryCatalog {
    fn default() -> Self {
        Self {
            contents: Arc::default(),
            faults: Arc::new(|_: &Call<'_>| None),
            calls: Arc::default(),
        }
    }
}

impl MemoryCatalog {
    /// Another handle on the same catalog, with these faults.
    #[must_use]
    pub fn with_faults(
        &self,
        faults: impl Fn(&Call<'_>) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            contents: Arc::clone(&self.contents),
            faults: Arc::new(faults),
            calls: Arc::default(),
        }
    }

    /// Puts a table into the catalog, whatever is there, as its owner or another tool does.
    pub fn put_table(&self, table: CatalogTable) {
        self.contents.lock().put_table(table);
    }

    /// Puts a partition into a table, as another tool does; whether there is such a table.
    pub fn put_partition(&self, database: &str, table: &str, partition: CatalogPartition) -> bool {
        let mut contents = self.contents.lock();
        contents.put_partition(database, table, partition)
    }

    /// How often each function was called through this handle, by its name.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<&'static str, usize> {
        self.calls.lock().clone()
    }

    async fn call<T: Send>(
        &self,
        operation: &'static str,
        (database, table): (&str, &str),
        work: impl FnOnce(&mut Contents) -> Result<T, Failure> + Send,
    ) -> Result<T, CatalogError> {
        *self.calls.lock().entry(operation).or_default() += 1;
        let call = |moment| Call {
            operation,
            database,
            table,
            moment,
        };
        let answered = async {
            strike(&*self.faults, &call(Moment::Before)).await?;
            let answer = work(&mut self.contents.lock());
            strike(&*self.faults, &call(Moment::After)).await?;
            answer
        };
        let answer = answered.await;
        answer.map_err(|failure: Failure| failure.during("memory", operation, database, table))
    }
}

#[async_trait]
impl Catalog for MemoryCatalog {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn table(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<CatalogTable>, CatalogError> {
        let find = |contents: &mut Contents| Ok(contents.table(database, table));
        self.call("table", (database, table), find).await
    }

    async fn create_table(&self, table: &CatalogTable) -> Result<(), CatalogError> {
        let create = |contents: &mut Contents| {
            contents.create_table(table);
            Ok(())
        };
        self.call("create_table", name(table), create).await
    }

    async fn alter_table(&self, table: &CatalogTable, cascade: bool) -> Result<(), CatalogError> {
        let alter = |contents: &mut Contents| contents.alter_table(table, cascade);
        self.call("alter_table", name(table), alter).await
    }

    async fn partition_dates(
        &self,
        table: &CatalogTable,
    ) -> Result<Vec<PartitionDate>, CatalogError> {
        let list = |contents: &mut Contents| {
            let partitions = contents.partitions(table)?;
            Ok(partitions.keys().copied().collect())
        };
        self.call("partition_dates", name(table), list).await
    }

    async fn partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<Vec<CatalogPartition>, CatalogError> {
        let get = |contents: &mut Contents| {
            let partitions = contents.partitions(table)?;
            let found = dates.iter().filter_map(|date| partitions.get(date));
            Ok(found.cloned().collect())
        };
        self.call("partitions", name(table), get).await
    }

    async fn add_partitions(
        &self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), CatalogError> {
        let add = |contents: &mut Contents| contents.add_partitions(table, partitions);
        self.call("add_partitions", name(table), add).await
    }

    async fn alter_partitions(
        &self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), CatalogError> {
        let alter = |contents: &mut Contents| contents.alter_partitions(table, partitions);
        self.call("alter_partitions", name(table), alter).await
    }

    async fn drop_partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<(), CatalogError> {
        let forget = |contents: &mut Contents| {
            let partitions = contents.partitions(table)?;
            partitions.retain(|date, _| !dates.contains(date));
            Ok(())
        };
        self.call("drop_partitions", name(table), forget).await
    }
}

fn name(table: &CatalogTable) -> (&str, &str) {
    (&table.database, &table.name)
}

impl fmt::Debug for MemoryCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCatalog")
            .field("contents", &self.contents)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;
    use crate::conformance::{Subject, example_table};

    impl Subject for MemoryCatalog {
        fn open(&self) -> Arc<dyn Catalog> {
            Arc::new(self.clone())
        }

        fn database(&self) -> &str {
            "air"
        }

        fn location(&self) -> &str {
            "memory://lake/air"
        }
    }

    mod conformance {
        crate::conformance_tests!(async { super::MemoryCatalog::default() });
    }

    /// A lost reply: the work is done, the caller gets an error.
    #[tokio::test]
    async fn a_fault_after_the_work_hides_a_success() {
        let catalog = MemoryCatalog::default();
        let table = example_table(&catalog);
        let faulty = catalog.with_faults(|call| {
            (call.moment == Moment::After).then_some(Fault::Error(Class::Retry))
        });
        faulty.create_table(&table).await.expect_err("a lost reply");
        let found = catalog.table("air", "flights").await.expect("an answer");
        assert!(found.is_some(), "it was made");
        assert_eq!(faulty.calls(), BTreeMap::from([("create_table", 1)]));
    }
}
