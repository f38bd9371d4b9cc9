use sluicebox_parquet::{Compression, Layout};
use sluicebox_types::{CatalogColumn, CatalogType};

use super::{Declaration, column_list};

pub(super) fn ddl(table: &Declaration) -> String {
    let hadoop = if table.is_on_s3() {
        "-- Hadoop takes s3:// where fs.s3.impl is org.apache.hadoop.fs.s3a.S3AFileSystem.\n"
    } else {
        ""
    };
    format!(
        "-- For Hive 4: older ones fail on timestamps, which `_kafka` has, and on decimals of up to 18 digits.\n\
         -- Days before 1582 need hive.parquet.date.proleptic.gregorian.default=true.\n\
         {hadoop}{create}{partitions}",
        create = create(table, &table.location),
        partitions = partitions(table),
    )
}

/// Database and table, in the words that Athena shares.
pub(super) fn create(table: &Declaration, location: &str) -> String {
    let columns = table
        .columns
        .iter()
        .map(|column| column_of(column, " ", "timestamp"));
    let keys = table.partition_keys().iter();
    let keys: Vec<String> = keys.map(|key| format!("{} string", quoted(key))).collect();
    let compression = match table.compression {
        Compression::Snappy => "SNAPPY",
        Compression::Zstd => "ZSTD",
    };
    format!(
        "CREATE DATABASE IF NOT EXISTS {database};\n\
         CREATE EXTERNAL TABLE IF NOT EXISTS {name} (\n{columns}\n)\n\
         PARTITIONED BY ({keys})\n\
         STORED AS PARQUET\n\
         LOCATION {location}\n\
         TBLPROPERTIES ('classification'='parquet', 'parquet.compression'='{compression}');\n",
        database = quoted(&table.database),
        name = name(table),
        columns = column_list(columns),
        keys = keys.join(", "),
        location = literal(location),
    )
}

/// What makes partitions visible where no crawler does.
pub(super) fn partitions(table: &Declaration) -> String {
    let name = name(table);
    match table.layout {
        Layout::Hive => format!(
            "-- Again for partitions that come later, unless the crawler registers them:\n\
             MSCK REPAIR TABLE {name};\n"
        ),
        Layout::Plain => {
            let (values, location) = table.example();
            let keys = table.partition_keys().iter().zip(&values);
            let keys: Vec<String> = keys
                .map(|(key, value)| format!("{}={}", quoted(key), literal(value)))
                .collect();
            format!(
                "-- Folders of the plain layout are not found; the crawler registers them, or each of them:\n\
                 -- ALTER TABLE {name} ADD IF NOT EXISTS PARTITION ({keys}) LOCATION {location};\n",
                keys = keys.join(", "),
                location = literal(&location),
            )
        }
    }
}

pub(super) fn name(table: &Declaration) -> String {
    format!("{}.{}", quoted(&table.database), quoted(&table.name))
}

/// A column, or the member of a struct with `:` for `separator`. Names are quoted everywhere, for
/// `partition` and `timestamp` are reserved words. `local` is the type of wall-clock readings.
pub(super) fn column_of(column: &CatalogColumn, separator: &str, local: &str) -> String {
    let data_type = type_of(&column.data_type, local);
    format!("{}{separator}{data_type}", quoted(&column.name))
}

fn type_of(data_type: &CatalogType, local: &str) -> String {
    match data_type {
        CatalogType::TimestampNtz => local.to_owned(),
        CatalogType::Array(element) => format!("array<{}>", type_of(element, local)),
        CatalogType::Map(value) => format!("map<string,{}>", type_of(value, local)),
        CatalogType::Struct(members) => {
            let members = members.iter().map(|member| column_of(member, ":", local));
            format!("struct<{}>", members.collect::<Vec<_>>().join(","))
        }
        leaf => leaf.to_string(),
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
