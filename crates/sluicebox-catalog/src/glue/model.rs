//! Glue's structs, as far as the port needs them. Whatever else they hold stays in them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_glue::error::BuildError;
use aws_sdk_glue::types::{
    BatchUpdatePartitionRequestEntry, Column, Partition, PartitionInput, PartitionValueList,
    SerDeInfo, StorageDescriptor, Table, TableInput,
};
use sluicebox_types::PartitionDate;

use crate::parquet_format::{PARQUET_OUTPUT_FORMAT, PARQUET_SERDE, SERDE_PARAMETER};
use crate::table_type::{table_kind, table_type};
use crate::{CatalogPartition, CatalogTable, DeclaredColumn, statistics};

/// A table as Glue is to make it.
pub(super) fn new_table(table: &CatalogTable) -> Result<TableInput, BuildError> {
    let storage = new_storage(&table.columns, &table.location, &table.input_format)?;
    TableInput::builder()
        .name(table.name.to_lowercase())
        .set_owner(table.owner.clone())
        .storage_descriptor(storage)
        .set_partition_keys(Some(columns(&table.partition_keys, &[])?))
        .set_parameters(Some(to_glue(&table.parameters)))
        .table_type(table_type(table.kind))
        .build()
}

/// What a table in Glue says.
pub(super) fn catalog_table(database: &str, table: Table) -> CatalogTable {
    let storage = table.storage_descriptor;
    let storage = storage.unwrap_or_else(|| StorageDescriptor::builder().build());
    CatalogTable {
        database: table.database_name.unwrap_or_else(|| database.to_owned()),
        name: table.name,
        kind: table_kind(table.table_type.as_deref()),
        location: storage.location.unwrap_or_default(),
        columns: declared(storage.columns.unwrap_or_default()),
        partition_keys: declared(table.partition_keys.unwrap_or_default()),
        input_format: storage.input_format.unwrap_or_default(),
        parameters: from_glue(table.parameters),
        owner: table.owner,
        version: table.version_id,
    }
}

/// Glue's table with the columns and parameters of `wanted`.
pub(super) fn altered_table(table: Table, wanted: &CatalogTable) -> Result<TableInput, BuildError> {
    let storage = with_columns(table.storage_descriptor, &wanted.columns)?;
    TableInput::builder()
        .name(table.name)
        .set_description(table.description)
        .set_owner(table.owner)
        .set_last_access_time(table.last_access_time)
        .set_last_analyzed_time(table.last_analyzed_time)
        .retention(table.retention)
        .storage_descriptor(storage)
        .set_partition_keys(table.partition_keys)
        .set_view_original_text(table.view_original_text)
        .set_view_expanded_text(table.view_expanded_text)
        .set_table_type(table.table_type)
        .set_parameters(Some(to_glue(&wanted.parameters)))
        .set_target_table(table.target_table)
        .build()
}

/// A partition as Glue is to make it.
pub(super) fn new_partition(
    table: &CatalogTable,
    partition: &CatalogPartition,
) -> Result<PartitionInput, BuildError> {
    let storage = new_storage(&partition.columns, &partition.location, &table.input_format)?;
    let mut parameters = BTreeMap::new();
    statistics::write(&mut parameters, partition.statistics);
    Ok(PartitionInput::builder()
        .set_values(Some(values(partition.date)))
        .storage_descriptor(storage)
        .set_parameters(Some(to_glue(&parameters)))
        .build())
}

/// What a partition in Glue says; `None` if its values are no partition date.
pub(super) fn catalog_partition(partition: Partition) -> Option<CatalogPartition> {
    let date = partition_date(&partition)?;
    let storage = partition.storage_descriptor?;
    Some(CatalogPartition {
        date,
        location: storage.location.unwrap_or_default(),
        columns: declared(storage.columns.unwrap_or_default()),
        statistics: statistics::read(&from_glue(partition.parameters)),
    })
}

/// Glue's partition with the place, columns and statistics of `wanted`.
pub(super) fn altered_partition(
    partition: Partition,
    wanted: &CatalogPartition,
) -> Result<BatchUpdatePartitionRequestEntry, BuildError> {
    let mut storage = with_columns(partition.storage_descriptor, &wanted.columns)?;
    storage.location = Some(wanted.location.clone());
    let mut parameters = from_glue(partition.parameters);
    statistics::write(&mut parameters, wanted.statistics);
    let input = PartitionInput::builder()
        .set_values(partition.values)
        .set_last_access_time(partition.last_access_time)
        .storage_descriptor(storage)
        .set_parameters(Some(to_glue(&parameters)))
        .set_last_analyzed_time(partition.last_analyzed_time)
        .build();
    BatchUpdatePartitionRequestEntry::builder()
        .set_partition_value_list(Some(values(wanted.date)))
        .partition_input(input)
        .build()
}

/// The partition date of Glue's partition, if its values are one.
pub(super) fn partition_date(partition: &Partition) -> Option<PartitionDate> {
    match partition.values() {
        [dt] => format!("dt={dt}").parse().ok(),
        [dt, hour] => format!("dt={dt}/hour={hour}").parse().ok(),
        _ => None,
    }
}

/// Which partitions are meant.
pub(super) fn keys(dates: &[PartitionDate]) -> Result<Vec<PartitionValueList>, BuildError> {
    let key = |date: &PartitionDate| {
        let key = PartitionValueList::builder();
        key.set_values(Some(values(*date))).build()
    };
    dates.iter().map(key).collect()
}

fn values(date: PartitionDate) -> Vec<String> {
    [Some(date.dt()), date.hour()]
        .into_iter()
        .flatten()
        .collect()
}

fn new_storage(
    wanted: &[DeclaredColumn],
    location: &str,
    input_format: &str,
) -> Result<StorageDescriptor, BuildError> {
    let (name, value) = SERDE_PARAMETER;
    let serde = SerDeInfo::builder()
        .serialization_library(PARQUET_SERDE)
        .parameters(name, value)
        .build();
    Ok(StorageDescriptor::builder()
        .set_columns(Some(columns(wanted, &[])?))
        .location(location)
        .input_format(input_format)
        .output_format(PARQUET_OUTPUT_FORMAT)
        .number_of_buckets(-1)
        .serde_info(serde)
        .build())
}

fn with_columns(
    storage: Option<StorageDescriptor>,
    wanted: &[DeclaredColumn],
) -> Result<StorageDescriptor, BuildError> {
    let mut storage = storage.unwrap_or_else(|| StorageDescriptor::builder().build());
    storage.columns = Some(columns(wanted, storage.columns())?);
    Ok(storage)
}

/// Columns as declared, each with the parameters that the existing one of its name has.
fn columns(wanted: &[DeclaredColumn], existing: &[Column]) -> Result<Vec<Column>, BuildError> {
    let column = |wanted: &DeclaredColumn| {
        let same = existing.iter().find(|column| column.name == wanted.name);
        Column::builder()
            .name(&wanted.name)
            .r#type(&wanted.data_type)
            .set_comment(wanted.comment.clone())
            .set_parameters(same.and_then(|column| column.parameters.clone()))
            .build()
    };
    wanted.iter().map(column).collect()
}

fn declared(columns: Vec<Column>) -> Vec<DeclaredColumn> {
    let column = |column: Column| DeclaredColumn {
        name: column.name,
        data_type: column.r#type.unwrap_or_default(),
        comment: column.comment,
    };
    columns.into_iter().map(column).collect()
}

fn to_glue(parameters: &BTreeMap<String, String>) -> HashMap<String, String> {
    let entries = parameters.iter();
    entries
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn from_glue(parameters: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    parameters.unwrap_or_default().into_iter().collect()
}
