use std::collections::BTreeMap;

use sluicebox_types::PartitionDate;

use crate::failure::Failure;
use crate::{CatalogPartition, CatalogTable};

/// Tables by database and name.
#[derive(Debug, Default)]
pub(super) struct Contents {
    tables: BTreeMap<(String, String), Entry>,
}

#[derive(Debug)]
struct Entry {
    table: CatalogTable,
    /// Counts the changes of the table.
    version: u64,
    partitions: BTreeMap<PartitionDate, CatalogPartition>,
}

impl Contents {
    pub(super) fn table(&self, database: &str, table: &str) -> Option<CatalogTable> {
        let entry = self.tables.get(&key(database, table))?;
        Some(CatalogTable {
            version: Some(entry.version.to_string()),
            ..entry.table.clone()
        })
    }

    pub(super) fn create_table(&mut self, table: &CatalogTable) {
        if self.table(&table.database, &table.name).is_none() {
            self.put_table(table.clone());
        }
    }

    pub(super) fn put_table(&mut self, table: CatalogTable) {
        let entry = Entry {
            version: 1,
            partitions: BTreeMap::new(),
            table,
        };
        let key = key(&entry.table.database, &entry.table.name);
        self.tables.insert(key, entry);
    }

    pub(super) fn put_partition(
        &mut self,
        database: &str,
        table: &str,
        partition: CatalogPartition,
    ) -> bool {
        let entry = self.tables.get_mut(&key(database, table));
        entry.is_some_and(|entry| {
            entry.partitions.insert(partition.date, partition);
            true
        })
    }

    pub(super) fn alter_table(
        &mut self,
        table: &CatalogTable,
        cascade: bool,
    ) -> Result<(), Failure> {
        let entry = self.entry(table)?;
        let seen = table.version.as_ref();
        if seen.is_some_and(|seen| *seen != entry.version.to_string()) {
            return Err(Failure::conflict("the table was changed meanwhile"));
        }
        entry.table.columns.clone_from(&table.columns);
        entry.table.parameters.clone_from(&table.parameters);
        entry.version += 1;
        if cascade {
            for partition in entry.partitions.values_mut() {
                partition.columns.clone_from(&table.columns);
            }
        }
        Ok(())
    }

    pub(super) fn add_partitions(
        &mut self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), Failure> {
        let existing = self.partitions(table)?;
        for partition in partitions {
            let entry = existing.entry(partition.date);
            entry.or_insert_with(|| partition.clone());
        }
        Ok(())
    }

    pub(super) fn alter_partitions(
        &mut self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), Failure> {
        let existing = self.partitions(table)?;
        for partition in partitions {
            let Some(place) = existing.get_mut(&partition.date) else {
                let date = partition.date;
                return Err(Failure::conflict(format!("partition {date} is gone")));
            };
            place.clone_from(partition);
        }
        Ok(())
    }

    pub(super) fn partitions(
        &mut self,
        table: &CatalogTable,
    ) -> Result<&mut BTreeMap<PartitionDate, CatalogPartition>, Failure> {
        Ok(&mut self.entry(table)?.partitions)
    }

    fn entry(&mut self, table: &CatalogTable) -> Result<&mut Entry, Failure> {
        let entry = self.tables.get_mut(&key(&table.database, &table.name));
        entry.ok_or_else(|| Failure::conflict("the table is gone"))
    }
}

fn key(database: &str, table: &str) -> (String, String) {
    (database.to_owned(), table.to_owned())
}
