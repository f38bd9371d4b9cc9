use std::fmt;

use sluicebox_parquet::Layout;
use sluicebox_types::{Granularity, PartitionDate};

/// Which folders of the lake hold tables of ours, and which table each holds. In both layouts a
/// table's folder is two names deep: `air/flights`, or `golden/raw.flights`.
pub trait TableMap: Send + Sync + fmt::Debug {
    /// The folders that hold tables' folders: the databases, or `golden`.
    fn parents(&self) -> Vec<String>;

    /// The table that is configured for a folder such as `air/flights`, whether it exists or not.
    fn table(&self, folder: &str) -> Option<LakeTable>;
}

/// A table as the lake knows it: a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LakeTable {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// Its folder below the lake's root: `air/flights`.
    pub folder: String,
    /// The same as a URL: `s3://lake/golden/air/flights`.
    pub location: String,
    /// How its partitions are spelled as folders.
    pub layout: Layout,
    /// How finely it is split.
    pub granularity: Granularity,
}

/// The database and the table, as people write it: `air.flights`.
impl fmt::Display for LakeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.name)
    }
}

impl LakeTable {
    /// The folder of a table for a file below the lake's root: its first two names.
    #[must_use]
    pub fn folder_of(path: &str) -> Option<&str> {
        let (end, _) = path.match_indices('/').nth(1)?;
        path.get(..end)
    }

    /// The folder of a partition below the lake's root, with a `/` at its end.
    #[must_use]
    pub fn partition_folder(&self, date: &PartitionDate) -> String {
        format!("{}/{}/", self.folder, self.partition_name(date))
    }

    /// The folder of a partition as a URL.
    #[must_use]
    pub fn partition_location(&self, date: &PartitionDate) -> String {
        format!("{}/{}", self.location, self.partition_name(date))
    }

    /// The partition that a file lies in, by its path below the lake's root; none if it does not lie
    /// directly in a partition's folder of this table.
    #[must_use]
    pub fn partition_of(&self, path: &str) -> Option<PartitionDate> {
        let below = path.strip_prefix(&self.folder)?.strip_prefix('/')?;
        let (folder, _file) = below.rsplit_once('/')?;
        let date: PartitionDate = match self.layout {
            Layout::Hive => folder.parse().ok()?,
            Layout::Plain => hive_name(folder)?.parse().ok()?,
        };
        let by_hour = self.granularity == Granularity::Hour;
        (date.hour().is_some() == by_hour && self.partition_name(&date) == folder).then_some(date)
    }

    fn partition_name(&self, date: &PartitionDate) -> String {
        match self.layout {
            Layout::Hive => date.to_string(),
            Layout::Plain => date.plain_path(),
        }
    }
}

/// `2019/09/01/01` as `dt=2019-09-01/hour=01`.
fn hive_name(plain: &str) -> Option<String> {
    let names: Vec<&str> = plain.split('/').collect();
    match names.as_slice() {
        [year, month, day] => Some(format!("dt={year}-{month}-{day}")),
        [year, month, day, hour] => Some(format!("dt={year}-{month}-{day}/hour={hour}")),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn flights(layout: Layout, granularity: Granularity) -> LakeTable {
        let folder = match layout {
            Layout::Hive => "air/flights",
            Layout::Plain => "golden/flights",
        };
        LakeTable {
            database: "air".to_owned(),
            name: "flights".to_owned(),
            folder: folder.to_owned(),
            location: format!("memory://lake/{folder}"),
            layout,
            granularity,
        }
    }

    /// Only what lies directly in a partition's folder, spelled as the writer spells it, belongs to
    /// a partition: everything else is not ours.
    #[test]
    fn other_paths_are_in_no_partition() {
        let hours = flights(Layout::Hive, Granularity::Hour);
        for path in [
            "air/flights/x.parquet",
            "air/flights/dt=2013-01-01/x.parquet",
            "air/flights/dt=2013-01-01/hour=5/x.parquet",
            "air/flights/dt=2013-01-01/hour=05/old/x.parquet",
            "air/flights/2013/01/01/05/x.parquet",
            "air/flights2/dt=2013-01-01/hour=05/x.parquet",
            "air/flights",
        ] {
            assert_eq!(hours.partition_of(path), None, "{path}");
        }
        let days = flights(Layout::Plain, Granularity::Day);
        assert!(
            days.partition_of("golden/flights/2013/01/01/x.parquet")
                .is_some()
        );
        assert!(
            days.partition_of("golden/flights/2013/1/01/x.parquet")
                .is_none()
        );
    }

    #[test]
    fn a_tables_folder_is_two_names_deep() {
        assert_eq!(
            LakeTable::folder_of("air/flights/dt=x/y"),
            Some("air/flights")
        );
        assert_eq!(LakeTable::folder_of("air/flights"), None);
    }

    proptest! {
        /// A partition's folder is found again from any file in it, in both layouts.
        #[test]
        fn folders_round_trip(micros in -62_135_596_800_000_000i64..253_402_300_800_000_000) {
            for layout in [Layout::Hive, Layout::Plain] {
                for granularity in [Granularity::Hour, Granularity::Day] {
                    let table = flights(layout, granularity);
                    let date = PartitionDate::of_micros(micros, granularity);
                    let path = format!("{}x.parquet", table.partition_folder(&date));
                    prop_assert_eq!(table.partition_of(&path), Some(date));
                }
            }
        }
    }
}
