use std::collections::BTreeSet;
use std::sync::Arc;

use sluicebox_catalog::crawler::{LakeTable, TableMap};
use sluicebox_config::{Config, Layout, TableName};

/// Where the plain layout has its topics.
const PLAIN_PARENT: &str = "golden";
/// What stands for the topic in the name of a table.
const TOPIC: &str = "{topic}";

/// The tables of a config. Which topics an expression matches is not known here, so the table of a
/// folder is worked out from its name.
#[derive(Debug)]
pub(super) struct ConfigTables {
    config: Arc<Config>,
    lake_url: String,
}

impl ConfigTables {
    pub(super) const fn new(config: Arc<Config>, lake_url: String) -> Self {
        Self { config, lake_url }
    }

    fn name_of(&self, folder: &str) -> Option<TableName> {
        let (parent, name) = folder.split_once('/')?;
        match self.config.lake.layout {
            Layout::Plain => {
                let section = self.config.topic(name).filter(|_| parent == PLAIN_PARENT)?;
                Some(section.table.for_topic(name))
            }
            Layout::Hive => {
                let mut tables = self.config.topics.iter().map(|topic| &topic.table);
                let is_configured =
                    tables.any(|table| table.database == parent && is_named(&table.table, name));
                is_configured.then(|| TableName {
                    database: parent.to_owned(),
                    table: name.to_owned(),
                })
            }
        }
    }
}

impl TableMap for ConfigTables {
    fn parents(&self) -> Vec<String> {
        match self.config.lake.layout {
            Layout::Plain => vec![PLAIN_PARENT.to_owned()],
            Layout::Hive => {
                let topics = self.config.topics.iter();
                let databases: BTreeSet<_> = topics.map(|topic| &topic.table.database).collect();
                databases.into_iter().cloned().collect()
            }
        }
    }

    fn table(&self, folder: &str) -> Option<LakeTable> {
        let TableName { database, table } = self.name_of(folder)?;
        Some(LakeTable {
            database,
            name: table,
            folder: folder.to_owned(),
            location: format!("{}/{folder}", self.lake_url.trim_end_matches('/')),
            layout: match self.config.lake.layout {
                Layout::Hive => sluicebox_parquet::Layout::Hive,
                Layout::Plain => sluicebox_parquet::Layout::Plain,
            },
            granularity: self.config.lake.partition_by.into(),
        })
    }
}

/// Whether a table's name comes from a pattern such as `raw_{topic}`.
fn is_named(pattern: &str, name: &str) -> bool {
    match pattern.split_once(TOPIC) {
        None => pattern == name,
        Some((before, after)) => name
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|topic| !topic.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sluicebox_config::{Environment, parse};

    use super::*;

    fn tables(layout: &str) -> ConfigTables {
        let text = format!(
            r#"
name: test
kafka: {{ brokers: "localhost:9092" }}
lake: {{ url: s3://lake/golden, layout: {layout} }}
topics:
  flights: {{ table: air.flights, schema: {{ columns: [{{ name: a, type: int }}] }}, dedup: off }}
  "^raw\\..*": {{ table: "raw.t_{{topic}}", schema: {{ columns: [{{ name: a, type: int }}] }}, dedup: off }}
"#
        );
        let config = parse(
            &text,
            Path::new("/etc/test.yaml"),
            &[],
            &Environment::default(),
        );
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        ConfigTables::new(Arc::new(config), "s3://lake/golden".to_owned())
    }

    /// Folders of configured tables are found, those of expressions too; others are nobody's.
    #[test]
    fn folders_lead_to_tables() {
        let hive = tables("hive");
        assert_eq!(hive.parents(), ["air", "raw"]);
        for (folder, table) in [
            ("air/flights", Some("air.flights")),
            ("raw/t_raw_x", Some("raw.t_raw_x")),
            ("raw/t_", None),
            ("air/other", None),
            ("_quarantine/air", None),
        ] {
            let found = hive.table(folder).map(|table| table.to_string());
            assert_eq!(found.as_deref(), table, "{folder}");
        }
        let plain = tables("plain");
        assert_eq!(plain.parents(), ["golden"]);
        let found = plain.table("golden/raw.x").expect("a table");
        assert_eq!(found.to_string(), "raw.t_raw_x");
        assert_eq!(found.location, "s3://lake/golden/golden/raw.x");
        assert_eq!(plain.table("golden/other"), None);
    }
}
