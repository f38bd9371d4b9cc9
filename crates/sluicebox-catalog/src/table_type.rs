use crate::TableKind;

/// Hive's name of a kind of table.
pub(crate) const fn table_type(kind: TableKind) -> &'static str {
    match kind {
        TableKind::External => "EXTERNAL_TABLE",
        TableKind::Managed => "MANAGED_TABLE",
        TableKind::View => "VIRTUAL_VIEW",
    }
}

/// The kind that Hive's name means. What is neither external nor a view is not ours to touch.
pub(crate) fn table_kind(table_type: Option<&str>) -> TableKind {
    match table_type {
        Some("EXTERNAL_TABLE") => TableKind::External,
        Some("VIRTUAL_VIEW" | "MATERIALIZED_VIEW") => TableKind::View,
        _ => TableKind::Managed,
    }
}
