use sluicebox_parquet::Layout;

use super::*;
use crate::catalog::PartitionStatistics;
use crate::crawler::footers::{FileSchema, SchemaColumn};
use crate::crawler::lake_table::tests::flights;

fn policy() -> Policy {
    Policy {
        statistics: true,
        ..Policy::default()
    }
}

fn table() -> LakeTable {
    flights(Layout::Hive, Granularity::Hour)
}

fn date(hour: i64) -> PartitionDate {
    PartitionDate::of_micros(hour * 3_600_000_000, Granularity::Hour)
}

fn lake(hours: &[i64], columns: &[(&str, &str)]) -> LakeState {
    let statistics = PartitionStatistics {
        files: 1,
        rows: 10,
        bytes: 100,
    };
    let column = |&(name, data_type): &(&str, &str)| SchemaColumn {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
    };
    let schema = FileSchema {
        fingerprint: format!("xxh3:{}", columns.len()),
        columns: columns.iter().map(column).collect(),
    };
    let partition = |hour: &i64| LakePartition {
        date: date(*hour),
        statistics,
    };
    LakeState {
        partitions: hours.iter().map(partition).collect(),
        empty: Vec::new(),
        schemas: [(schema.into(), "air/flights/x.parquet".to_owned())].into(),
    }
}

const COLUMNS: &[(&str, &str)] = &[("a", "int"), ("b", "string")];

/// The catalog after a table was made for the hours 0 and 1.
fn catalog() -> CatalogState {
    let made = plan(
        &table(),
        &lake(&[0, 1], COLUMNS),
        &CatalogState::default(),
        &policy(),
    );
    CatalogState {
        table: made.target,
        partitions: made.add,
    }
}

fn planned(lake: &LakeState, catalog: &CatalogState) -> Plan {
    plan(&table(), lake, catalog, &policy())
}

/// A table is made external, marked as ours, with string keys, and with all that was seen.
#[test]
fn a_new_table_is_made() {
    let state = catalog();
    let made = state.table.as_ref().expect("a table");
    assert_eq!(made.kind, TableKind::External);
    assert_eq!(made.location, "memory://lake/air/flights");
    for (name, value) in [
        ("EXTERNAL", "TRUE"),
        ("classification", "parquet"),
        ("parquet.compression", "SNAPPY"),
        (FINGERPRINT, "xxh3:2"),
    ] {
        assert_eq!(
            made.parameters.get(name).map(String::as_str),
            Some(value),
            "{name}"
        );
    }
    let keys: Vec<_> = made
        .partition_keys
        .iter()
        .map(|key| key.name.as_str())
        .collect();
    assert_eq!(keys, ["dt", "hour"]);
    let first = state.partitions.first().expect("a partition");
    assert_eq!(
        first.location,
        "memory://lake/air/flights/dt=1970-01-01/hour=00"
    );
    assert_eq!(first.columns, made.columns);
    assert!(planned(&lake(&[0, 1], COLUMNS), &state).is_empty());
}

/// Nothing in the lake, nothing in the catalog: nothing to do.
#[test]
fn an_empty_lake_makes_no_table() {
    assert_eq!(
        planned(&LakeState::default(), &CatalogState::default()),
        Plan::default()
    );
}

/// New columns are appended without touching old partitions; the one that has the new files gets
/// them, however old its date.
#[test]
fn late_files_bring_columns_to_an_old_partition() {
    let wider = [("a", "int"), ("b", "string"), ("c", "date")];
    let plan = planned(&lake(&[0], &wider), &catalog());
    let Some(TableStep::Alter {
        appended,
        widened,
        parameters,
    }) = &plan.table
    else {
        panic!("{plan:?}");
    };
    assert_eq!(
        (appended.as_slice(), widened.len()),
        (&["c".to_owned()][..], 0)
    );
    assert_eq!(parameters, &[FINGERPRINT]);
    assert_eq!(plan.alter.len(), 1);
    assert_eq!(
        plan.alter.first().map(|partition| partition.columns.len()),
        Some(3)
    );
}

/// A widening names the column, so that it is applied with cascade.
#[test]
fn a_widening_is_told_apart() {
    let plan = planned(&lake(&[1], &[("a", "bigint"), ("b", "string")]), &catalog());
    let Some(TableStep::Alter { widened, .. }) = &plan.table else {
        panic!("{plan:?}");
    };
    assert_eq!(
        widened.first().map(|widening| widening.to.as_str()),
        Some("bigint")
    );
    assert!(
        plan.describe()
            .iter()
            .any(|line| line.contains("widen a from int to bigint"))
    );
}

/// Tables of others are refused with a sentence, whatever makes them so, and nothing is planned.
#[test]
fn tables_of_others_are_left_alone() {
    type Change = fn(&mut CatalogTable);
    let changes: [(&str, Change); 6] = [
        ("managed", |table| table.kind = TableKind::Managed),
        ("a view", |table| table.kind = TableKind::View),
        ("somebody else (ann)", |table| {
            table.parameters.clear();
            table.owner = Some("ann".to_owned());
        }),
        ("s3://elsewhere/x", |table| {
            table.location = "s3://elsewhere/x".to_owned();
        }),
        ("partition keys", |table| table.partition_keys.truncate(1)),
        ("TextInputFormat", |table| {
            table.input_format = "TextInputFormat".to_owned();
        }),
    ];
    for (words, change) in changes {
        let mut state = catalog();
        state.table.as_mut().into_iter().for_each(change);
        let plan = planned(&lake(&[0, 7], COLUMNS), &state);
        assert!(plan.is_empty() && plan.target.is_none(), "{plan:?}");
        let [refused] = plan.refused.as_slice() else {
            panic!("{words}: {plan:?}");
        };
        assert!(refused.to_string().contains(words), "{words}: {refused}");
    }
}

/// Files that do not fit leave the catalog as it was, partitions included.
#[test]
fn incompatible_files_change_nothing() {
    let plan = planned(&lake(&[0, 7], &[("a", "string")]), &catalog());
    assert!(plan.is_empty());
    assert_eq!(
        plan.refused.first().map(Refused::reason),
        Some("incompatible")
    );
}

/// A partition that somebody pointed elsewhere stays there; its neighbours go on.
#[test]
fn a_partition_elsewhere_stays_there() {
    let mut state = catalog();
    if let Some(first) = state.partitions.first_mut() {
        first.location = "memory://lake/compacted/x".to_owned();
    }
    let plan = planned(&lake(&[0, 7], COLUMNS), &state);
    assert_eq!((plan.add.len(), plan.alter.len()), (1, 0));
    assert_eq!(
        plan.refused.first().map(Refused::reason),
        Some("partition_location")
    );
}

/// Empty partitions are dropped when asked for, never a foreign one, and never when the whole table
/// is out of sight.
#[test]
fn dropping_is_asked_for() {
    let prune = Policy {
        prune: true,
        ..policy()
    };
    let empty = |seen: &[i64]| LakeState {
        empty: vec![date(0)],
        ..lake(seen, COLUMNS)
    };
    assert!(planned(&empty(&[1]), &catalog()).is_empty());
    let pruned = plan(&table(), &empty(&[1]), &catalog(), &prune);
    assert_eq!(pruned.drop, [date(0)]);
    assert!(plan(&table(), &empty(&[]), &catalog(), &prune).is_empty());
    let mut elsewhere = catalog();
    if let Some(first) = elsewhere.partitions.first_mut() {
        first.location = "memory://other".to_owned();
    }
    assert!(plan(&table(), &empty(&[1]), &elsewhere, &prune).is_empty());
}

/// Statistics are absolute, and may be turned off.
#[test]
fn statistics_follow_the_lake() {
    let mut state = catalog();
    if let Some(first) = state.partitions.first_mut() {
        first.statistics = None;
    }
    let seen = lake(&[0, 1], COLUMNS);
    let plan_with = planned(&seen, &state);
    let altered = plan_with
        .alter
        .first()
        .and_then(|partition| partition.statistics);
    assert_eq!(altered.map(|statistics| statistics.rows), Some(10));
    assert!(plan(&table(), &seen, &state, &Policy::default()).is_empty());
}

/// Projection's properties are set on a table that lacks them, and only in the layout that they fit.
#[test]
fn projection_is_for_the_hive_layout() {
    let policy = Policy {
        projection_since: Some("2013-01-01".to_owned()),
        ..policy()
    };
    let seen = lake(&[0], COLUMNS);
    let plan_hive = plan(&table(), &seen, &catalog(), &policy);
    let target = plan_hive.target.expect("a table");
    let range = target
        .parameters
        .get("projection.dt.range")
        .map(String::as_str);
    assert_eq!(range, Some("2013-01-01,NOW+1DAYS"));
    let plain = flights(Layout::Plain, Granularity::Day);
    let made = plan(&plain, &seen, &CatalogState::default(), &policy)
        .target
        .expect("a table");
    assert!(!made.parameters.contains_key("projection.enabled"));
}
