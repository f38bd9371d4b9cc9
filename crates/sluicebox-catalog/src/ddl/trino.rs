use sluicebox_parquet::Layout;
use sluicebox_types::CatalogType;

use super::{Declaration, column_list, literal, quoted};

pub(super) fn ddl(table: &Declaration) -> String {
    format!(
        "-- In a catalog of the Hive connector with hive.timestamp-precision=MICROSECONDS.\n\
         {create}{partitions}",
        create = create(table, "timestamp(6)"),
        partitions = partitions(table),
    )
}

fn partitions(table: &Declaration) -> String {
    match table.layout {
        Layout::Hive => sync_partitions(table),
        Layout::Plain => {
            let (values, location) = table.example();
            let keys: Vec<String> = table
                .partition_keys()
                .iter()
                .map(|key| literal(key))
                .collect();
            let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
            format!(
                "-- Folders of the plain layout are not found; the crawler registers them, or, where \
                 hive.allow-register-partition-procedure=true, each of them:\n\
                 -- CALL system.register_partition({database}, {name}, ARRAY[{keys}], ARRAY[{values}], \
                 {location});\n",
                database = literal(&table.database),
                name = literal(&table.name),
                keys = keys.join(", "),
                values = values.join(", "),
                location = literal(&location),
            )
        }
    }
}

/// Schema and table, in the words that Presto shares; `timestamp` is the type of moments.
pub(super) fn create(table: &Declaration, timestamp: &str) -> String {
    let columns = table.columns.iter();
    let columns = columns.map(|column| {
        format!(
            "{} {}",
            quoted(&column.name),
            type_of(&column.data_type, timestamp)
        )
    });
    let keys = table.partition_keys().iter();
    let key_columns = keys.clone().map(|key| format!("{} varchar", quoted(key)));
    let keys: Vec<String> = keys.map(|key| literal(key)).collect();
    format!(
        "CREATE SCHEMA IF NOT EXISTS {database};\n\
         CREATE TABLE IF NOT EXISTS {database}.{name} (\n{columns}\n)\n\
         WITH (\n  format = 'PARQUET',\n  external_location = {location},\n  \
         partitioned_by = ARRAY[{keys}]\n);\n",
        database = quoted(&table.database),
        name = quoted(&table.name),
        columns = column_list(columns.chain(key_columns)),
        location = literal(&table.location),
        keys = keys.join(", "),
    )
}

/// What makes partitions visible where no crawler does.
pub(super) fn sync_partitions(table: &Declaration) -> String {
    format!(
        "-- Again for partitions that come later, unless the crawler registers them:\n\
         CALL system.sync_partition_metadata({}, {}, 'ADD');\n",
        literal(&table.database),
        literal(&table.name)
    )
}

fn type_of(data_type: &CatalogType, timestamp: &str) -> String {
    match data_type {
        CatalogType::Boolean => "boolean".to_owned(),
        CatalogType::Int => "integer".to_owned(),
        CatalogType::Bigint => "bigint".to_owned(),
        CatalogType::Float => "real".to_owned(),
        CatalogType::Double => "double".to_owned(),
        CatalogType::Decimal { .. } => data_type.to_string(),
        CatalogType::String => "varchar".to_owned(),
        CatalogType::Binary => "varbinary".to_owned(),
        CatalogType::Date => "date".to_owned(),
        CatalogType::Timestamp | CatalogType::TimestampNtz => timestamp.to_owned(),
        CatalogType::Array(element) => format!("array({})", type_of(element, timestamp)),
        CatalogType::Map(value) => format!("map(varchar, {})", type_of(value, timestamp)),
        CatalogType::Struct(members) => {
            let member = members.iter().map(|member| {
                let data_type = type_of(&member.data_type, timestamp);
                format!("{} {data_type}", quoted(&member.name))
            });
            format!("row({})", member.collect::<Vec<_>>().join(", "))
        }
    }
}
