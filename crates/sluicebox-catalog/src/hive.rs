//! Hive metastores: Hive's own, and what speaks like it. Over Thrift, with functions that work alike
//! on Hive 2.3, 3.1 and 4.0. Not spoken: Kerberos (SASL), TLS, HTTP, Thrift's compact protocol.
//!
//! ```text
//! Catalog ─▶ HiveCatalog: batches, read before change     model: table and partition ◀▶ Thrift's structs
//!              └─▶ client: addresses in turn, time limits, what was thrown
//!                    └─▶ connection ─▶ thrift: bytes ◀▶ values
//! ```
//!
//! What a metastore does by itself, on tables that are not its own as well: it looks into every
//! location that it is given and makes missing folders, on S3 as empty objects whose keys end in `/`.
//! So it needs the right to write there.
//!
//! A table has no version in a metastore. [`HiveCatalog`] reads it right before it changes it and
//! compares; between the two, a few milliseconds, another's change would be lost.

mod settings;
mod functions;
mod model;
mod client;
mod exception;
mod connection;
mod thrift;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use sluicebox_types::PartitionDate;

use self::client::{CallError, Client};
use self::exception::Exception;
use self::functions::{
    ADD_PARTITIONS, ALTER_PARTITIONS, ALTER_TABLE, CREATE_DATABASE, CREATE_TABLE, DROP_PARTITIONS,
    ExceptionKind, GET_DATABASE, GET_PARTITION_NAMES, GET_PARTITIONS, GET_TABLE,
};
pub use self::settings::{HiveSettings, HiveSettingsError};
use self::thrift::{Struct, Value};
use crate::failure::Failure;
use crate::{Catalog, CatalogError, CatalogPartition, CatalogTable};

/// Partitions that are read or dropped by one call.
const READ_BATCH: usize = 250;

/// Partitions that are added or altered by one call. The metastore looks into a folder for each.
const WRITE_BATCH: usize = 100;

/// A Hive metastore.
#[derive(Debug)]
pub struct HiveCatalog {
    client: Client,
}

impl HiveCatalog {
    /// A metastore. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When an address is none.
    pub fn new(settings: HiveSettings) -> Result<Self, HiveSettingsError> {
        let client = Client::new(settings)?;
        Ok(Self { client })
    }

    /// The table as the metastore has it, whole.
    async fn find(&self, database: &str, table: &str) -> Result<Option<Struct>, Failure> {
        let request = Struct::new().with(1, database).with(2, table);
        let answer = self.client.call(GET_TABLE, Struct::new().with(1, request));
        match none_if(ExceptionKind::NoSuchObject, answer.await)? {
            Some(Value::Struct(mut result)) => Ok(Some(result.take_structure(1))),
            _ => Ok(None),
        }
    }

    async fn find_existing(&self, table: &CatalogTable) -> Result<Struct, Failure> {
        let found = self.find(&table.database, &table.name).await?;
        found.ok_or_else(|| Failure::conflict("the table is gone"))
    }

    async fn create(&self, table: &CatalogTable) -> Result<(), Failure> {
        self.create_missing_database(&table.database).await?;
        let arguments = Struct::new().with(1, model::new_table(table));
        let answer = self.client.call(CREATE_TABLE, arguments).await;
        none_if(ExceptionKind::AlreadyExists, answer)?;
        Ok(())
    }

    async fn create_missing_database(&self, name: &str) -> Result<(), Failure> {
        let found = self.client.call(GET_DATABASE, Struct::new().with(1, name));
        if none_if(ExceptionKind::NoSuchObject, found.await)?.is_none() {
            let arguments = Struct::new().with(1, model::new_database(name));
            let answer = self.client.call(CREATE_DATABASE, arguments).await;
            none_if(ExceptionKind::AlreadyExists, answer)?;
        }
        Ok(())
    }

    async fn alter(&self, table: &CatalogTable, cascade: bool) -> Result<(), Failure> {
        let mut found = self.find_existing(table).await?;
        if table.version.is_some() && table.version != model::catalog_table(&found).version {
            return Err(Failure::conflict("the table was changed meanwhile"));
        }
        model::alter_table(&mut found, table);
        let mut environment = environment();
        if cascade {
            environment.insert("CASCADE".to_owned(), "true".to_owned());
        }
        let arguments = on(table)
            .with(3, found)
            .with(4, Struct::new().with(1, &environment));
        self.client.call(ALTER_TABLE, arguments).await?;
        Ok(())
    }

    async fn names(&self, table: &CatalogTable) -> Result<Vec<PartitionDate>, Failure> {
        const ALL: i16 = -1;
        let arguments = on(table).with(3, ALL);
        let names = self.client.call(GET_PARTITION_NAMES, arguments).await?;
        let dates = names
            .list()
            .iter()
            .filter_map(|name| name.text()?.parse().ok());
        let mut dates: Vec<PartitionDate> = dates.collect();
        if dates.is_empty() {
            // Hive 4 does not look whether there is such a table.
            self.find_existing(table).await?;
        }
        dates.sort_unstable();
        Ok(dates)
    }

    /// At most a batch of partitions as the metastore has them, whole.
    async fn get(
        &self,
        table: &CatalogTable,
        dates: impl Iterator<Item = PartitionDate>,
    ) -> Result<Vec<Struct>, Failure> {
        let names: Vec<String> = dates.map(|date| date.to_string()).collect();
        let arguments = on(table).with(3, names);
        let answer = self.client.call(GET_PARTITIONS, arguments).await?;
        let Value::List(_, partitions) = answer else {
            return Ok(Vec::new());
        };
        let partition = |value| match value {
            Value::Struct(partition) => Some(partition),
            _ => None,
        };
        Ok(partitions.into_iter().filter_map(partition).collect())
    }

    async fn get_all(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<Vec<CatalogPartition>, Failure> {
        let mut found = Vec::new();
        for batch in dates.chunks(READ_BATCH) {
            let partitions = self.get(table, batch.iter().copied()).await?;
            found.extend(partitions.iter().filter_map(model::catalog_partition));
        }
        Ok(found)
    }

    async fn add(&self, table: &CatalogTable, batch: &[CatalogPartition]) -> Result<(), Failure> {
        let partitions = batch
            .iter()
            .map(|partition| model::new_partition(table, partition));
        let (if_not_exists, need_result) = (true, false);
        let request = on(table)
            .with(3, partitions.collect::<Vec<_>>())
            .with(4, if_not_exists)
            .with(5, need_result);
        let arguments = Struct::new().with(1, request);
        self.client.call(ADD_PARTITIONS, arguments).await?;
        Ok(())
    }

    async fn alter_batch(
        &self,
        table: &CatalogTable,
        batch: &[CatalogPartition],
    ) -> Result<(), Failure> {
        let mut found = BTreeMap::new();
        for partition in self
            .get(table, batch.iter().map(|wanted| wanted.date))
            .await?
        {
            if let Some(date) = model::partition_date(&partition) {
                found.insert(date, partition);
            }
        }
        let mut altered = Vec::with_capacity(batch.len());
        for wanted in batch {
            let Some(mut partition) = found.remove(&wanted.date) else {
                let date = wanted.date;
                return Err(Failure::conflict(format!("partition {date} is gone")));
            };
            model::alter_partition(&mut partition, wanted);
            altered.push(partition);
        }
        let arguments = on(table)
            .with(3, altered)
            .with(4, Struct::new().with(1, &environment()));
        self.client.call(ALTER_PARTITIONS, arguments).await?;
        Ok(())
    }

    async fn forget(&self, table: &CatalogTable, batch: &[PartitionDate]) -> Result<(), Failure> {
        let names: Vec<String> = batch.iter().map(ToString::to_string).collect();
        let (delete_data, if_exists, need_result) = (false, true, false);
        let request = on(table)
            .with(3, Struct::new().with(1, names))
            .with(4, delete_data)
            .with(5, if_exists)
            .with(8, need_result);
        let arguments = Struct::new().with(1, request);
        self.client.call(DROP_PARTITIONS, arguments).await?;
        Ok(())
    }
}

/// Arguments and requests begin with the table.
fn on(table: &CatalogTable) -> Struct {
    Struct::new().with(1, &table.database).with(2, &table.name)
}

/// Numbers of files and bytes are ours: no folder needs to be listed for them.
fn environment() -> BTreeMap<String, String> {
    BTreeMap::from([(model::DO_NOT_UPDATE_STATS.to_owned(), "true".to_owned())])
}

/// Takes an exception of this kind for an answer.
fn none_if(
    kind: ExceptionKind,
    answer: Result<Value, CallError>,
) -> Result<Option<Value>, Failure> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(CallError::Exception(Exception { kind: thrown, .. })) if thrown == kind => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[async_trait]
impl Catalog for HiveCatalog {
    fn name(&self) -> &'static str {
        "hive"
    }

    async fn table(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<CatalogTable>, CatalogError> {
        let found = self.find(database, table).await;
        let found = found.map_err(|failure| failure.during("hive", "table", database, table))?;
        Ok(found.as_ref().map(model::catalog_table))
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
        let dates = self.names(table).await;
        dates.map_err(failed("partition_dates", table))
    }

    async fn partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<Vec<CatalogPartition>, CatalogError> {
        let found = self.get_all(table, dates).await;
        found.map_err(failed("partitions", table))
    }

    async fn add_partitions(
        &self,
        table: &CatalogTable,
        partitions: &[CatalogPartition],
    ) -> Result<(), CatalogError> {
        for batch in partitions.chunks(WRITE_BATCH) {
            let added = self.add(table, batch).await;
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
        for batch in dates.chunks(READ_BATCH) {
            let dropped = self.forget(table, batch).await;
            dropped.map_err(failed("drop_partitions", table))?;
        }
        Ok(())
    }
}

fn failed(operation: &'static str, table: &CatalogTable) -> impl Fn(Failure) -> CatalogError {
    move |failure| failure.during("hive", operation, &table.database, &table.name)
}
