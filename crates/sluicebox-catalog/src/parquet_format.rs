//! How catalogs of Hive's kind say that files are Parquet.

/// Hive's class of the input format: what `CatalogTable::input_format` is in tables of ours.
pub const PARQUET_INPUT_FORMAT: &str =
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";

/// Hive's class of the output format.
pub(crate) const PARQUET_OUTPUT_FORMAT: &str =
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";

/// Hive's class that reads and writes rows.
pub(crate) const PARQUET_SERDE: &str =
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";

/// The parameter that Hive's classes want.
pub(crate) const SERDE_PARAMETER: (&str, &str) = ("serialization.format", "1");
