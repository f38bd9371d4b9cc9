use super::{Declaration, hive};

/// Athena's statements are Hive's. It wants a folder's URL to end in `/`.
pub(super) fn ddl(table: &Declaration) -> String {
    format!(
        "-- Athena takes one statement at a time.\n{create}{partitions}",
        create = hive::create(table, &format!("{}/", table.location)),
        partitions = hive::partitions(table),
    )
}
