use sluicebox_parquet::Layout;
use sluicebox_types::Granularity;

use super::{Declaration, literal, quoted};

/// A view over the files; what is in the lake when it is asked is what it shows.
pub(super) fn ddl(table: &Declaration) -> String {
    let credentials = if table.is_on_s3() {
        "-- Needs a secret for S3: CREATE SECRET (TYPE s3, PROVIDER credential_chain);\n"
    } else {
        ""
    };
    format!(
        "{credentials}CREATE SCHEMA IF NOT EXISTS {database};\n\
         CREATE OR REPLACE VIEW {database}.{name} AS\n{select};\n",
        database = quoted(&table.database),
        name = quoted(&table.name),
        select = select(table),
    )
}

fn select(table: &Declaration) -> String {
    let files = literal(&format!("{}/**/*.parquet", table.location));
    match table.layout {
        Layout::Hive => {
            let keys = table.partition_keys().iter();
            let types: Vec<String> = keys.map(|key| format!("'{key}': VARCHAR")).collect();
            format!(
                "SELECT * FROM read_parquet({files}, union_by_name = true,\n  \
                 hive_partitioning = true, hive_types = {{{}}})",
                types.join(", ")
            )
        }
        Layout::Plain => {
            // The keys are in the path only.
            let (path, hour) = match table.granularity {
                Granularity::Hour => (r"/(\d{4})/(\d\d)/(\d\d)/(\d\d)/[^/]*$", true),
                Granularity::Day => (r"/(\d{4})/(\d\d)/(\d\d)/[^/]*$", false),
            };
            let key = |value: &str, name: &str| {
                format!(
                    ",\n  regexp_replace(filename, '.*{path}', '{value}') AS {}",
                    quoted(name)
                )
            };
            let dt = key(r"\1-\2-\3", "dt");
            let hour = if hour {
                key(r"\4", "hour")
            } else {
                String::new()
            };
            format!(
                "SELECT * EXCLUDE (filename){dt}{hour}\n\
                 FROM read_parquet({files}, union_by_name = true, filename = true)"
            )
        }
    }
}
