use std::collections::BTreeMap;

use sluicebox_parquet::Layout;
use sluicebox_types::Granularity;

use crate::crawler::lake_table::LakeTable;

/// What a crawler may do, and what it adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether partitions whose folder is empty are dropped from the catalog.
    pub prune: bool,
    /// Whether partitions get their statistics.
    pub statistics: bool,
    /// The first day of partition projection (`2013-01-01`), if tables get its properties.
    pub projection_since: Option<String>,
}

impl Policy {
    /// The properties of partition projection: Athena and Trino on Glue then work partitions out
    /// instead of asking for them ([AWS](https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html)).
    /// None in the plain layout, whose folders no date column spells.
    pub(crate) fn projection(&self, table: &LakeTable) -> BTreeMap<String, String> {
        let Some(since) = self.projection_since.as_ref() else {
            return BTreeMap::new();
        };
        if table.layout == Layout::Plain {
            return BTreeMap::new();
        }
        let range = format!("{since},NOW+1DAYS");
        let mut properties = vec![
            ("projection.enabled", "true"),
            ("projection.dt.type", "date"),
            ("projection.dt.format", "yyyy-MM-dd"),
            ("projection.dt.range", range.as_str()),
            ("projection.dt.interval", "1"),
            ("projection.dt.interval.unit", "DAYS"),
        ];
        if table.granularity == Granularity::Hour {
            properties.extend([
                ("projection.hour.type", "integer"),
                ("projection.hour.range", "0,23"),
                ("projection.hour.digits", "2"),
            ]);
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        properties.into_iter().map(owned).collect()
    }
}
