use sluicebox_parquet::Layout;

use super::{Declaration, trino};

/// Presto's statements are Trino's, but its moments have no precision to name: they are rounded to
/// milliseconds.
pub(super) fn ddl(table: &Declaration) -> String {
    let partitions = match table.layout {
        Layout::Hive => trino::sync_partitions(table),
        Layout::Plain => {
            "-- Folders of the plain layout are not found, and Presto has no statement \
                          that registers one: the crawler does, or Hive.\n"
                .to_owned()
        }
    };
    format!(
        "-- In a catalog of the Hive connector with hive.parquet.use-column-names=true.\n\
         {create}{partitions}",
        create = trino::create(table, "timestamp"),
    )
}
