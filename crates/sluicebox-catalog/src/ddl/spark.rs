use super::{Declaration, column_list, hive};

/// Spark's own kind of table, not Hive's: only there can a column be a wall-clock reading.
pub(super) fn ddl(table: &Declaration) -> String {
    let columns = table
        .columns
        .iter()
        .map(|column| hive::column_of(column, " ", "timestamp_ntz"));
    let keys: Vec<String> = table
        .partition_keys()
        .iter()
        .map(|key| hive::quoted(key))
        .collect();
    let key_columns = keys.iter().map(|key| format!("{key} string"));
    let hadoop = if table.is_on_s3() {
        "-- Spark takes s3:// where spark.hadoop.fs.s3.impl is org.apache.hadoop.fs.s3a.S3AFileSystem.\n"
    } else {
        ""
    };
    format!(
        "-- On a metastore that the crawler keeps, its table is there already.\n{hadoop}\
         CREATE DATABASE IF NOT EXISTS {database};\n\
         CREATE TABLE IF NOT EXISTS {name} (\n{columns}\n)\n\
         USING PARQUET\n\
         PARTITIONED BY ({keys})\n\
         LOCATION {location};\n\
         {partitions}",
        database = hive::quoted(&table.database),
        name = hive::name(table),
        columns = column_list(columns.chain(key_columns)),
        keys = keys.join(", "),
        location = hive::literal(&table.location),
        partitions = hive::partitions(table),
    )
}
