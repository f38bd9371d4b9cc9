use aws_sdk_glue::Client;
use aws_sdk_glue::error::BuildError;
use aws_sdk_glue::operation::get_partitions::GetPartitionsOutput;
use aws_sdk_glue::types::{BatchUpdatePartitionRequestEntry, DatabaseInput, Partition, Table};
use sluicebox_types::PartitionDate;

use super::client::{connect, send};
use super::failure::{ALREADY_EXISTS, NOT_FOUND, Refusal, parts};
use super::model;
use super::settings::{GlueSettings, GlueSettingsError};
use crate::failure::Failure;
use crate::{CatalogPartition, CatalogTable};

/// Partitions that Glue gives on a page.
const PAGE: i32 = 1_000;

/// Glue's actions on one catalog. Names are sent in lower case, as Glue stores them.
#[derive(Clone, Debug)]
pub(super) struct Actions {
    client: Client,
    catalog_id: Option<String>,
    skip_archive: bool,
}

impl Actions {
    pub(super) async fn open(settings: &GlueSettings) -> Result<Self, GlueSettingsError> {
        Ok(Self {
            client: connect(settings).await?,
            catalog_id: settings.catalog_id.clone(),
            skip_archive: settings.skip_archive,
        })
    }

    pub(super) async fn has_database(&self, name: &str) -> Result<bool, Failure> {
        let request = self.client.get_database();
        let request = request
            .set_catalog_id(self.catalog_id.clone())
            .name(name.to_lowercase());
        let answer = send("GetDatabase", request.send()).await;
        Ok(none_if(NOT_FOUND, answer)?.is_some())
    }

    /// One that exists is left as it is.
    pub(super) async fn create_database(&self, name: &str) -> Result<(), Failure> {
        let input = DatabaseInput::builder().name(name.to_lowercase()).build()?;
        let request = self.client.create_database();
        let request = request
            .set_catalog_id(self.catalog_id.clone())
            .database_input(input);
        none_if(ALREADY_EXISTS, send("CreateDatabase", request.send()).await)?;
        Ok(())
    }

    pub(super) async fn find_table(
        &self,
        database: &str,
        table: &str,
    ) -> Result<Option<Table>, Failure> {
        let request = self.client.get_table();
        let request = request
            .set_catalog_id(self.catalog_id.clone())
            .database_name(database.to_lowercase())
            .name(table.to_lowercase());
        let answer = send("GetTable", request.send()).await;
        Ok(none_if(NOT_FOUND, answer)?.and_then(|answer| answer.table))
    }

    /// One that exists is left as it is.
    pub(super) async fn create_table(&self, table: &CatalogTable) -> Result<(), Failure> {
        let request = self.client.create_table();
        let request = request
            .set_catalog_id(self.catalog_id.clone())
            .database_name(table.database.to_lowercase())
            .table_input(model::new_table(table)?);
        none_if(ALREADY_EXISTS, send("CreateTable", request.send()).await)?;
        Ok(())
    }

    /// Changes the table that was found, if it is still the same.
    pub(super) async fn update_table(
        &self,
        found: Table,
        wanted: &CatalogTable,
    ) -> Result<(), Failure> {
        let request = self.client.update_table();
        let request = request
            .set_catalog_id(self.catalog_id.clone())
            .database_name(wanted.database.to_lowercase())
            .skip_archive(self.skip_archive)
            .set_version_id(found.version_id.clone())
            .table_input(model::altered_table(found, wanted)?);
        send("UpdateTable", request.send()).await?;
        Ok(())
    }

    /// A page of a table's partitions, without their columns.
    pub(super) async fn list_partitions(
        &self,
        table: &CatalogTable,
        token: Option<String>,
    ) -> Result<GetPartitionsOutput, Failure> {
        let request = self.client.get_partitions();
        let request = request
            .set_catalog_id(self.catalog_id.clone())
            .database_name(table.database.to_lowercase())
            .table_name(table.name.to_lowercase())
            .exclude_column_schema(true)
            .max_results(PAGE)
            .set_next_token(token);
        Ok(send("GetPartitions", request.send()).await?)
    }

    /// At most 1,000 partitions, as far as they exist. What Glue leaves unprocessed is asked for
    /// again.
    pub(super) async fn get_partitions(
        &self,
        table: &CatalogTable,
        dates: &[PartitionDate],
    ) -> Result<Vec<Partition>, Failure> {
        let mut found = Vec::with_capacity(dates.len());
        let mut keys = model::keys(dates)?;
        while !keys.is_empty() {
            let asked = keys.len();
            let request = self.client.batch_get_partition();
            let request = request
                .set_catalog_id(self.catalog_id.clone())
                .database_name(table.database.to_lowercase())
                .table_name(table.name.to_lowercase())
                .set_partitions_to_get(Some(keys));
            let answer = send("BatchGetPartition", request.send()).await?;
            found.extend(answer.partitions.unwrap_or_default());
            keys = answer.unprocessed_keys.unwrap_or_default();
            if keys.len() >= asked {
                return Err(Failure::retry("Glue leaves all partitions unprocessed"));
            }
        }
        Ok(found)
    }

    /// Adds at most 100 partitions. Those that exist are left as they are.
    pub(super) async fn add_partitions(
        &self,
        table: &CatalogTable,
        batch: &[CatalogPartition],
    ) -> Result<(), Failure> {
        let inputs = batch
            .iter()
            .map(|partition| model::new_partition(table, partition));
        let request = self.client.batch_create_partition();
        let request = request
            .set_catalog_id(self.catalog_id.clone())
            .database_name(table.database.to_lowercase())
            .table_name(table.name.to_lowercase())
            .set_partition_input_list(Some(inputs.collect::<Result<_, _>>()?));
        let answer = send("BatchCreatePartition", request.send()).await?;
        let errors = answer.errors().iter();
        let errors = errors.map(|error| (error.partition_values(), error.error_detail()));
        parts("BatchCreatePartition", ALREADY_EXISTS, errors)
    }

    /// Updates at most 100 partitions.
    pub(super) async fn update_partitions(
        &self,
        table: &CatalogTable,
        entries: Vec<BatchUpdatePartitionRequestEntry>,
    ) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        let request = self.client.batch_update_partition();
        let request = request
            .set_catalog_id(self.catalog_id.clone())
            .database_name(table.database.to_lowercase())
            .table_name(table.name.to_lowercase())
            .set_entries(Some(entries));
        let answer = send("BatchUpdatePartition", request.send()).await?;
        let errors = answer.errors().iter();
        let errors = errors.map(|error| (error.partition_value_list(), error.error_detail()));
        parts("BatchUpdatePartition", "", errors)
    }

    /// Deletes at most 25 partitions, as far as they exist.
    pub(super) async fn delete_partitions(
        &self,
        table: &CatalogTable,
        batch: &[PartitionDate],
    ) -> Result<(), Failure> {
        let request = self.client.batch_delete_partition();
        let request = request
            .set_catalog_id(self.catalog_id.clone())
            .database_name(table.database.to_lowercase())
            .table_name(table.name.to_lowercase())
            .set_partitions_to_delete(Some(model::keys(batch)?));
        let answer = send("BatchDeletePartition", request.send()).await?;
        let errors = answer.errors().iter();
        let errors = errors.map(|error| (error.partition_values(), error.error_detail()));
        parts("BatchDeletePartition", NOT_FOUND, errors)
    }
}

/// Takes a code for an answer.
fn none_if<T>(code: &str, answer: Result<T, Refusal>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(refusal) if refusal.code == code => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// A request that lacks something cannot be built.
impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::fatal(error.to_string())
    }
}
