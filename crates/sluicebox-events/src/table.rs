use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluicebox_types::{CatalogColumn, PartitionDate, PartitionDateError};

/// The table of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventTable {
    /// The database that catalogs know it in.
    pub database: String,
    /// Its name.
    pub name: String,
    /// The URL of its folder, without `/` at the end.
    pub location: String,
}

/// The partition of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventPartition {
    /// Its keys and values in order: `[["dt","2019-09-01"],["hour","01"]]`.
    pub spec: Vec<(String, String)>,
    /// The URL of its folder, without `/` at the end.
    pub location: String,
}

/// The schema of the files of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventSchema {
    /// Equal schemas have equal fingerprints.
    pub fingerprint: String,
    /// The columns without the partition keys. Absent where they could not be known (their files
    /// are gone) or would not fit: the footer of any of the files has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<EventColumn>>,
}

/// A column as catalogs declare it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventColumn {
    /// Its name: lower case.
    pub name: String,
    /// Its type in Hive's spelling: `array<struct<a:int,b:decimal(9,2)>>`.
    #[serde(rename = "type")]
    pub data_type: String,
}

impl From<&CatalogColumn> for EventColumn {
    fn from(column: &CatalogColumn) -> Self {
        Self {
            name: column.name.clone(),
            data_type: column.data_type.to_string(),
        }
    }
}

impl EventPartition {
    /// The partition of a date, in the folder `location`.
    #[must_use]
    pub fn new(date: &PartitionDate, location: String) -> Self {
        let hour = date.hour().map(|hour| ("hour".to_owned(), hour));
        let spec = std::iter::once(("dt".to_owned(), date.dt())).chain(hour);
        Self {
            spec: spec.collect(),
            location,
        }
    }

    /// Its date.
    ///
    /// # Errors
    /// In a foreign event the keys may be others than `dt` and `hour`, and the values anything.
    pub fn date(&self) -> Result<PartitionDate, PartitionDateError> {
        let pairs = self
            .spec
            .iter()
            .map(|(key, value)| format!("{key}={value}"));
        pairs.collect::<Vec<_>>().join("/").parse()
    }
}
