use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use sluicebox_types::{FileKind, Granularity, PartitionDate};

/// The size at which a row group ends unless a table says otherwise: 128 MiB.
pub const DEFAULT_ROW_GROUP_BYTES: usize = 128 * 1024 * 1024;

/// How a table's partitions are spelled as folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// `<database>/<table>/dt=2019-09-01/hour=01`: found by engines on their own.
    #[default]
    Hive,
    /// `golden/<topic>/2019/09/01/01`: registered with a location per partition.
    Plain,
}

/// The compression of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Snappy: read by every engine. Columns whose first values show that it would save less than an
    /// eighth are left uncompressed.
    #[default]
    Snappy,
    /// Zstandard at its default level: smaller, dearer to write.
    Zstd,
}

impl Compression {
    /// The word in file names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Snappy => "snappy",
            Self::Zstd => "zstd",
        }
    }
}

/// Everything that the writers of one table share.
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// Golden or quarantine.
    pub kind: FileKind,
    /// The database that the catalog knows the table in.
    pub database: String,
    /// The table's name.
    pub table: String,
    /// The Kafka topic that its rows come from.
    pub topic: String,
    /// How partitions become folders. Quarantine is always Hive's.
    pub layout: Layout,
    /// How finely the table is split by event time.
    pub granularity: Granularity,
    /// The schema of its files: [`crate::table_schema`] or [`crate::quarantine_schema`].
    pub schema: SchemaRef,
    /// The encoded size at which a row group ends. There is no limit in rows. A single append of
    /// rows may overshoot it by what those rows take. 0 counts as 1.
    pub row_group_bytes: usize,
    /// How pages are compressed.
    pub compression: Compression,
    /// The pipeline's name, for the footer.
    pub pipeline: String,
    /// The product's version, for the footer.
    pub version: String,
    /// [`crate::schema_fingerprint`] of `schema`, for the footer.
    pub schema_fingerprint: String,
    /// Whether to build a dictionary, by column: its name, or the dotted Parquet path of one leaf.
    /// A column that is not named here gets one unless its first values show that it would not pay.
    pub dictionary: BTreeMap<String, bool>,
    /// Columns with Bloom filters, named like in `dictionary`. Each costs up to 1 MiB of memory per
    /// open row group and leaf.
    pub bloom_filters: Vec<String>,
}

impl TableSpec {
    /// The folder of a partition, below the lake's root.
    ///
    /// Quarantine lies in `_quarantine`, a sibling of every database: engines' globs do read
    /// folders with a leading underscore, so it must not lie inside a table.
    #[must_use]
    pub fn partition_path(&self, date: &PartitionDate) -> String {
        let folder = self.folder();
        match (self.kind, self.layout) {
            (FileKind::Golden, Layout::Plain) => format!("{folder}/{}", date.plain_path()),
            _ => format!("{folder}/{date}"),
        }
    }

    /// The table's folder, below the lake's root.
    #[must_use]
    pub fn folder(&self) -> String {
        let (database, table) = (segment(&self.database), segment(&self.table));
        match (self.kind, self.layout) {
            (FileKind::Quarantine, _) => format!("_quarantine/{database}/{table}"),
            (FileKind::Golden, Layout::Hive) => format!("{database}/{table}"),
            (FileKind::Golden, Layout::Plain) => format!("golden/{}", segment(&self.topic)),
        }
    }
}

/// A name as one path segment. Kafka and the config allow only characters that stay as they are;
/// everything else is percent-encoded, so that no name can leave its folder or meet another's.
fn segment(name: &str) -> String {
    if matches!(name, "." | "..") {
        return name.replace('.', "%2E");
    }
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quarantine_schema;

    fn spec(kind: FileKind, layout: Layout, topic: &str) -> TableSpec {
        TableSpec {
            kind,
            database: "air".to_owned(),
            table: "flights".to_owned(),
            topic: topic.to_owned(),
            layout,
            granularity: Granularity::Hour,
            schema: quarantine_schema(),
            row_group_bytes: DEFAULT_ROW_GROUP_BYTES,
            compression: Compression::Snappy,
            pipeline: "p".to_owned(),
            version: "1".to_owned(),
            schema_fingerprint: String::new(),
            dictionary: BTreeMap::new(),
            bloom_filters: vec![],
        }
    }

    /// Folders are where engines look for them, and quarantine is outside of every table.
    #[test]
    fn partitions_have_their_folders() {
        let date = PartitionDate::of_micros(1_567_299_600_000_000, Granularity::Hour);
        for (kind, layout, folder) in [
            (
                FileKind::Golden,
                Layout::Hive,
                "air/flights/dt=2019-09-01/hour=01",
            ),
            (
                FileKind::Golden,
                Layout::Plain,
                "golden/raw.flights/2019/09/01/01",
            ),
            (
                FileKind::Quarantine,
                Layout::Hive,
                "_quarantine/air/flights/dt=2019-09-01/hour=01",
            ),
            (
                FileKind::Quarantine,
                Layout::Plain,
                "_quarantine/air/flights/dt=2019-09-01/hour=01",
            ),
        ] {
            assert_eq!(
                spec(kind, layout, "raw.flights").partition_path(&date),
                folder
            );
        }
    }

    /// No topic name can point outside of its own folder, or into another topic's.
    #[test]
    fn names_stay_in_their_folder() {
        let date = PartitionDate::of_micros(0, Granularity::Day);
        for (topic, folder) in [
            ("..", "golden/%2E%2E/1970/01/01"),
            ("a/b", "golden/a%2Fb/1970/01/01"),
            ("a%2Fb", "golden/a%252Fb/1970/01/01"),
            ("größe", "golden/gr%C3%B6%C3%9Fe/1970/01/01"),
        ] {
            let spec = spec(FileKind::Golden, Layout::Plain, topic);
            assert_eq!(spec.partition_path(&date), folder);
        }
    }
}
