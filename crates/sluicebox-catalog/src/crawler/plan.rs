mod describe;

use std::collections::BTreeMap;

use sluicebox_types::{Granularity, PartitionDate};

use crate::catalog::{CatalogPartition, CatalogTable, DeclaredColumn, TableKind};
use crate::crawler::lake_state::{LakePartition, LakeState};
use crate::crawler::lake_table::LakeTable;
use crate::crawler::merge::{Incompatible, Merged, Widening, merge};
use crate::crawler::ownership::{self, NotOurs, is_same_location};
use crate::crawler::policy::Policy;

/// Hive's class that reads Parquet.
pub(crate) const INPUT_FORMAT: &str =
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
/// The parameter that marks a table as ours, and tells the schema that its columns come from.
pub(crate) const FINGERPRINT: &str = "sluicebox.schema_fingerprint";

/// What a catalog says about some partitions of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CatalogState {
    /// The table, if there is one.
    pub table: Option<CatalogTable>,
    /// Those of the partitions that it has.
    pub partitions: Vec<CatalogPartition>,
}

/// How a catalog gets from what it says to what the lake holds: steps in their order, and what is
/// left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is done to the table, if anything.
    pub table: Option<TableStep>,
    /// Partitions that are added.
    pub add: Vec<CatalogPartition>,
    /// Partitions that get other columns or statistics.
    pub alter: Vec<CatalogPartition>,
    /// Partitions that are dropped.
    pub drop: Vec<PartitionDate>,
    /// What is wrong and left as it is.
    pub refused: Vec<Refused>,
    /// The table as it is once the first step is done; none if it is not touched at all.
    pub target: Option<CatalogTable>,
}

/// What is done to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableStep {
    /// It is made.
    Create,
    /// It changes.
    Alter {
        /// New columns.
        appended: Vec<String>,
        /// Columns with a wider type. Their partitions change in the same call: an engine refuses
        /// a partition that declares another type than its table.
        widened: Vec<Widening>,
        /// Parameters that are set.
        parameters: Vec<String>,
    },
}

/// What is left as it is, and why.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// The table is somebody else's.
    #[error("the table is not touched: {0}")]
    NotOurs(#[from] NotOurs),
    /// Its files do not fit together.
    #[error("the table is not touched: {0}")]
    Incompatible(#[from] Incompatible),
    /// Somebody pointed a partition elsewhere. That was done on purpose (a compacted copy, an older
    /// layout), and what is there is not known here.
    #[error(
        "partition {date} is not touched: the catalog has it at {found}, the files lie in {expected}; \
         drop the partition in the catalog to have it made anew"
    )]
    PartitionLocation {
        /// The partition.
        date: PartitionDate,
        /// Where it points to.
        found: String,
        /// Where the lake has its files.
        expected: String,
    },
}

impl Refused {
    /// Its name in metrics.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotOurs(_) => "not_ours",
            Self::Incompatible(_) => "incompatible",
            Self::PartitionLocation { .. } => "partition_location",
        }
    }
}

impl Plan {
    /// Whether nothing is to be done.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.table.is_none() && self.add.is_empty() && self.alter.is_empty() && self.drop.is_empty()
    }

    /// What is done before the catalog is looked at again: a new table is made alone, for somebody
    /// else may make another one under its name at the same time.
    pub(crate) fn next_step(self) -> Self {
        match &self.table {
            Some(TableStep::Create) => Self {
                add: Vec::new(),
                ..self
            },
            _ => self,
        }
    }

    fn refuse(reason: impl Into<Refused>) -> Self {
        Self {
            refused: vec![reason.into()],
            ..Self::default()
        }
    }
}

/// What makes the catalog say what the lake holds. Only what was read of the lake is decided on;
/// everything else stays as it is.
#[must_use]
pub(crate) fn plan(
    table: &LakeTable,
    lake: &LakeState,
    catalog: &CatalogState,
    policy: &Policy,
) -> Plan {
    if catalog.table.is_none() && lake.partitions.is_empty() {
        return Plan::default();
    }
    let expected = new_table(table, policy);
    let (declared, keys) = (catalog.table.as_ref(), &expected.partition_keys);
    if let Some(declared) = declared
        && let Err(not_ours) = ownership::check(declared, &expected)
    {
        return Plan::refuse(not_ours);
    }
    let columns = declared.map_or(&[][..], |table| table.columns.as_slice());
    let merged = match merge(columns, keys, &lake.schemas) {
        Ok(merged) => merged,
        Err(incompatible) => return Plan::refuse(incompatible),
    };
    let mut plan = match declared {
        None => Plan {
            table: Some(TableStep::Create),
            target: Some(created(expected, merged)),
            ..Plan::default()
        },
        Some(declared) => altered(declared, &expected, merged),
    };
    plan_partitions(&mut plan, table, lake, catalog, policy);
    plan
}

/// A table without its columns.
fn new_table(table: &LakeTable, policy: &Policy) -> CatalogTable {
    let key = |name: &str| DeclaredColumn {
        name: name.to_owned(),
        data_type: "string".to_owned(),
        comment: None,
    };
    let keys: &[&str] = match table.granularity {
        Granularity::Hour => &["dt", "hour"],
        Granularity::Day => &["dt"],
    };
    let mut parameters = BTreeMap::from(
        [
            ("EXTERNAL", "TRUE"),
            ("classification", "parquet"),
            ("parquet.compression", "SNAPPY"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    parameters.extend(policy.projection(table));
    CatalogTable {
        database: table.database.clone(),
        name: table.name.clone(),
        kind: TableKind::External,
        location: table.location.clone(),
        columns: Vec::new(),
        partition_keys: keys.iter().map(|name| key(name)).collect(),
        input_format: INPUT_FORMAT.to_owned(),
        parameters,
        owner: None,
        version: None,
    }
}

fn created(mut table: CatalogTable, merged: Merged) -> CatalogTable {
    table.columns = merged.columns;
    table
        .parameters
        .insert(FINGERPRINT.to_owned(), merged.fingerprint);
    table
}

fn altered(declared: &CatalogTable, expected: &CatalogTable, merged: Merged) -> Plan {
    let mut target = declared.clone();
    let is_changed = merged.columns != declared.columns;
    let projection = expected.parameters.iter();
    let mut wanted: BTreeMap<&str, &String> = projection
        .filter(|(name, _)| name.starts_with("projection."))
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    if is_changed {
        wanted.insert(FINGERPRINT, &merged.fingerprint);
    }
    wanted.retain(|name, value| declared.parameters.get(*name) != Some(value));
    if !is_changed && wanted.is_empty() {
        return Plan {
            target: Some(target),
            ..Plan::default()
        };
    }
    let parameters = wanted.keys().map(|name| (*name).to_owned()).collect();
    for (name, value) in wanted {
        target.parameters.insert(name.to_owned(), value.clone());
    }
    target.columns = merged.columns;
    Plan {
        table: Some(TableStep::Alter {
            appended: merged.appended,
            widened: merged.widened,
            parameters,
        }),
        target: Some(target),
        ..Plan::default()
    }
}

fn plan_partitions(
    plan: &mut Plan,
    table: &LakeTable,
    lake: &LakeState,
    catalog: &CatalogState,
    policy: &Policy,
) {
    let Some(target) = &plan.target else { return };
    let known: BTreeMap<_, _> = catalog
        .partitions
        .iter()
        .map(|partition| (partition.date, partition))
        .collect();
    for LakePartition { date, statistics } in &lake.partitions {
        let wanted = CatalogPartition {
            date: *date,
            location: table.partition_location(date),
            columns: target.columns.clone(),
            statistics: policy.statistics.then_some(*statistics),
        };
        match known.get(date) {
            None => plan.add.push(wanted),
            Some(found) if !is_same_location(&found.location, &wanted.location) => {
                plan.refused.push(Refused::PartitionLocation {
                    date: *date,
                    found: found.location.clone(),
                    expected: wanted.location,
                });
            }
            Some(found) => plan.alter.extend(altered_partition(found, wanted)),
        }
    }
    // A lake in which nothing of the table is in sight may just be out of sight.
    if policy.prune && !lake.partitions.is_empty() {
        let empty = lake.empty.iter().filter_map(|date| known.get(date));
        let ours = empty.filter(|found| {
            is_same_location(&found.location, &table.partition_location(&found.date))
        });
        plan.drop = ours.map(|found| found.date).collect();
    }
}

/// A partition's columns follow its table's, also where late data reach an old date: engines read
/// a partition's files by what the partition declares.
fn altered_partition(
    found: &CatalogPartition,
    wanted: CatalogPartition,
) -> Option<CatalogPartition> {
    let types = |columns: &[DeclaredColumn]| -> Vec<(String, String)> {
        let pair = |column: &DeclaredColumn| (column.name.clone(), column.data_type.clone());
        columns.iter().map(pair).collect()
    };
    let is_same = types(&found.columns) == types(&wanted.columns)
        && (wanted.statistics.is_none() || found.statistics == wanted.statistics);
    (!is_same).then(|| CatalogPartition {
        location: found.location.clone(),
        statistics: wanted.statistics.or(found.statistics),
        ..wanted
    })
}

#[cfg(test)]
mod tests;
