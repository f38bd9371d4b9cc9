//! The metastore's structs (`hive_metastore.thrift`), as far as the port needs them. Whatever else
//! they hold stays in them.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};
use sluicebox_types::PartitionDate;

use super::thrift::{Struct, Value};
use crate::parquet_format::{PARQUET_OUTPUT_FORMAT, PARQUET_SERDE, SERDE_PARAMETER};
use crate::table_type::{table_kind, table_type};
use crate::{CatalogPartition, CatalogTable, DeclaredColumn, TableKind, statistics};

/// Says that the numbers are ours and that no folder needs to be listed for them: in the environment
/// of a call, or among a partition's parameters, where it stays and holds for others' changes.
pub(super) const DO_NOT_UPDATE_STATS: &str = "DO_NOT_UPDATE_STATS";

/// Field ids.
mod table {
    pub(super) const NAME: i16 = 1;
    pub(super) const DATABASE: i16 = 2;
    pub(super) const OWNER: i16 = 3;
    pub(super) const STORAGE: i16 = 7;
    pub(super) const PARTITION_KEYS: i16 = 8;
    pub(super) const PARAMETERS: i16 = 9;
    pub(super) const KIND: i16 = 12;
}

/// Field ids.
mod partition {
    pub(super) const VALUES: i16 = 1;
    pub(super) const DATABASE: i16 = 2;
    pub(super) const TABLE: i16 = 3;
    pub(super) const STORAGE: i16 = 6;
    pub(super) const PARAMETERS: i16 = 7;
}

/// Field ids of a `StorageDescriptor`.
mod storage {
    pub(super) const COLUMNS: i16 = 1;
    pub(super) const LOCATION: i16 = 2;
    pub(super) const INPUT_FORMAT: i16 = 3;
    pub(super) const OUTPUT_FORMAT: i16 = 4;
    pub(super) const COMPRESSED: i16 = 5;
    pub(super) const BUCKETS: i16 = 6;
    pub(super) const SERDE: i16 = 7;
    pub(super) const BUCKET_COLUMNS: i16 = 8;
    pub(super) const SORT_COLUMNS: i16 = 9;
    pub(super) const PARAMETERS: i16 = 10;
}

/// A database that is made for a table. Where its managed tables would lie is the metastore's
/// choice.
pub(super) fn new_database(name: &str) -> Struct {
    Struct::new().with(1, name)
}

/// A table as the metastore is to make it.
pub(super) fn new_table(table: &CatalogTable) -> Struct {
    let storage = new_storage(&table.columns, &table.location, &table.input_format);
    let thrift = Struct::new()
        .with(table::NAME, &table.name)
        .with(table::DATABASE, &table.database)
        .with(table::STORAGE, storage)
        .with(table::PARTITION_KEYS, fields(&table.partition_keys))
        .with(table::PARAMETERS, &table.parameters)
        .with(table::KIND, table_type(table.kind));
    match &table.owner {
        Some(owner) => thrift.with(table::OWNER, owner),
        None => thrift,
    }
}

/// What a metastore's table says.
pub(super) fn catalog_table(thrift: &Struct) -> CatalogTable {
    let text = |id| thrift.text(id).unwrap_or_default().to_owned();
    let nothing = Struct::new();
    let storage = thrift.structure(table::STORAGE).unwrap_or(&nothing);
    let columns = columns(storage);
    let parameters = thrift.text_map(table::PARAMETERS);
    CatalogTable {
        database: text(table::DATABASE),
        name: text(table::NAME),
        kind: kind(thrift, &parameters),
        location: storage
            .text(storage::LOCATION)
            .unwrap_or_default()
            .to_owned(),
        partition_keys: declared(thrift.list(table::PARTITION_KEYS)),
        input_format: storage
            .text(storage::INPUT_FORMAT)
            .unwrap_or_default()
            .to_owned(),
        owner: thrift.text(table::OWNER).map(str::to_owned),
        version: Some(version(&columns, &parameters)),
        columns,
        parameters,
    }
}

/// Hive 4 makes an external table out of a managed one that has no transactions, and still deletes
/// its files with it.
fn kind(thrift: &Struct, parameters: &BTreeMap<String, String>) -> TableKind {
    let translated = parameters.get("TRANSLATED_TO_EXTERNAL");
    if translated.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return TableKind::Managed;
    }
    table_kind(thrift.text(table::KIND))
}

/// Gives a metastore's table the columns and parameters of `wanted`.
pub(super) fn alter_table(thrift: &mut Struct, wanted: &CatalogTable) {
    let mut storage = thrift.take_structure(table::STORAGE);
    storage.set(storage::COLUMNS, fields(&wanted.columns));
    thrift.set(table::STORAGE, storage);
    thrift.set(table::PARAMETERS, &wanted.parameters);
}

/// A partition as the metastore is to make it.
pub(super) fn new_partition(table: &CatalogTable, partition: &CatalogPartition) -> Struct {
    let storage = new_storage(&partition.columns, &partition.location, &table.input_format);
    let mut parameters = BTreeMap::new();
    statistics::write(&mut parameters, partition.statistics);
    parameters.insert(DO_NOT_UPDATE_STATS.to_owned(), "true".to_owned());
    Struct::new()
        .with(partition::VALUES, partition_values(partition.date))
        .with(partition::DATABASE, &table.database)
        .with(partition::TABLE, &table.name)
        .with(partition::STORAGE, storage)
        .with(partition::PARAMETERS, &parameters)
}

/// What a metastore's partition says; `None` if its values are no partition date.
pub(super) fn catalog_partition(thrift: &Struct) -> Option<CatalogPartition> {
    let nothing = Struct::new();
    let storage = thrift.structure(partition::STORAGE).unwrap_or(&nothing);
    let parameters = thrift.text_map(partition::PARAMETERS);
    Some(CatalogPartition {
        date: partition_date(thrift)?,
        location: storage
            .text(storage::LOCATION)
            .unwrap_or_default()
            .to_owned(),
        columns: columns(storage),
        statistics: statistics::read(&parameters),
    })
}

/// Gives a metastore's partition the place, columns and statistics of `wanted`.
pub(super) fn alter_partition(thrift: &mut Struct, wanted: &CatalogPartition) {
    let mut storage = thrift.take_structure(partition::STORAGE);
    storage.set(storage::COLUMNS, fields(&wanted.columns));
    storage.set(storage::LOCATION, &wanted.location);
    thrift.set(partition::STORAGE, storage);
    let mut parameters = thrift.text_map(partition::PARAMETERS);
    statistics::write(&mut parameters, wanted.statistics);
    thrift.set(partition::PARAMETERS, &parameters);
}

/// The partition date of a metastore's partition, if its values are one.
pub(super) fn partition_date(thrift: &Struct) -> Option<PartitionDate> {
    let values: Option<Vec<&str>> = thrift
        .list(partition::VALUES)
        .iter()
        .map(Value::text)
        .collect();
    match values?.as_slice() {
        [dt] => format!("dt={dt}").parse().ok(),
        [dt, hour] => format!("dt={dt}/hour={hour}").parse().ok(),
        _ => None,
    }
}

fn partition_values(date: PartitionDate) -> Vec<String> {
    [Some(date.dt()), date.hour()]
        .into_iter()
        .flatten()
        .collect()
}

fn new_storage(columns: &[DeclaredColumn], location: &str, input_format: &str) -> Struct {
    let (name, value) = SERDE_PARAMETER;
    let serde = Struct::new()
        .with(2, PARQUET_SERDE)
        .with(3, &BTreeMap::from([(name.to_owned(), value.to_owned())]));
    Struct::new()
        .with(storage::COLUMNS, fields(columns))
        .with(storage::LOCATION, location)
        .with(storage::INPUT_FORMAT, input_format)
        .with(storage::OUTPUT_FORMAT, PARQUET_OUTPUT_FORMAT)
        .with(storage::COMPRESSED, false)
        .with(storage::BUCKETS, -1)
        .with(storage::SERDE, serde)
        .with(storage::BUCKET_COLUMNS, Vec::<String>::new())
        .with(storage::SORT_COLUMNS, Vec::<Struct>::new())
        .with(storage::PARAMETERS, &BTreeMap::new())
}

/// `FieldSchema`s.
fn fields(columns: &[DeclaredColumn]) -> Vec<Struct> {
    let field = |column: &DeclaredColumn| {
        let field = Struct::new()
            .with(1, &column.name)
            .with(2, &column.data_type);
        match &column.comment {
            Some(comment) => field.with(3, comment),
            None => field,
        }
    };
    columns.iter().map(field).collect()
}

fn columns(storage: &Struct) -> Vec<DeclaredColumn> {
    declared(storage.list(storage::COLUMNS))
}

fn declared(fields: &[Value]) -> Vec<DeclaredColumn> {
    let column = |field: &Value| {
        let Value::Struct(field) = field else {
            return None;
        };
        Some(DeclaredColumn {
            name: field.text(1)?.to_owned(),
            data_type: field.text(2)?.to_owned(),
            comment: field.text(3).map(str::to_owned),
        })
    };
    fields.iter().filter_map(column).collect()
}

/// A metastore gives its tables no version. What the crawler changes stands for one: two tables of
/// the same version have the same columns and parameters.
fn version(columns: &[DeclaredColumn], parameters: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    };
    for column in columns {
        part(&column.name);
        part(&column.data_type);
        part(column.comment.as_deref().unwrap_or_default());
    }
    part("parameters");
    for (name, value) in parameters {
        part(name);
        part(value);
    }
    let mut text = String::new();
    for byte in hash.finalize().iter().take(16) {
        // Writing to a string cannot fail.
        let _written = write!(text, "{byte:02x}");
    }
    text
}
