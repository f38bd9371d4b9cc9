use sluicebox_types::PartitionDate;

use super::{Plan, TableStep};

/// Partitions that are named one by one; of more only the first and the last are.
const NAMED_MAX: usize = 3;

impl Plan {
    /// What is done, a line each, for people.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let columns = self.target.as_ref().map_or(0, |table| table.columns.len());
        match &self.table {
            Some(TableStep::Create) => lines.push(format!("create the table, {columns} columns")),
            Some(TableStep::Alter {
                appended,
                widened,
                parameters,
            }) => {
                if !appended.is_empty() {
                    lines.push(format!("append columns: {}", appended.join(", ")));
                }
                lines.extend(widened.iter().map(|widening| {
                    let (column, from, to) = (&widening.column, &widening.from, &widening.to);
                    format!("widen {column} from {from} to {to}, in all partitions")
                }));
                if !parameters.is_empty() {
                    lines.push(format!("set {}", parameters.join(", ")));
                }
            }
            None => {}
        }
        let dates = |partitions: &[crate::CatalogPartition]| -> Vec<PartitionDate> {
            partitions.iter().map(|partition| partition.date).collect()
        };
        lines.extend(named("add", &dates(&self.add)));
        lines.extend(named("update", &dates(&self.alter)));
        lines.extend(named("drop", &self.drop));
        lines
    }
}

fn named(action: &str, dates: &[PartitionDate]) -> Option<String> {
    let (first, last) = (dates.first()?, dates.last()?);
    let names = match dates.len() {
        0..=NAMED_MAX => {
            let names: Vec<String> = dates.iter().map(ToString::to_string).collect();
            names.join(", ")
        }
        _ => format!("{first} to {last}"),
    };
    let noun = if dates.len() == 1 {
        "partition"
    } else {
        "partitions"
    };
    Some(format!("{action} {} {noun}: {names}", dates.len()))
}
