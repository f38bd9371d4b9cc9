//! What must be true of every record, whatever was broken on its way. Files are read by DuckDB and
//! copied by pyarrow, offsets are Kafka's own: nothing of what is judged is asked.

use std::collections::{BTreeMap, BTreeSet};

use rdkafka::Message;
use serde_json::Value;
use sluicebox_tests::harness::{Row, duckdb};

use super::load::{Kind, Load, hour, key, kind};
use super::world::World;

/// Good records are golden exactly once, in the folder of their hour, and repeats nowhere; bad ones
/// are in quarantine exactly once and told at least once; nothing else is visible; the group has no
/// lag, and the lake proves all of it from itself.
pub(super) fn judge(world: &World<'_>, load: &Load) {
    let copy = tempfile::tempdir().expect("a folder");
    let lake = world.golden(copy.path());
    golden(&lake, load);
    quarantine(&lake, load);
    dead_letters(world, load);
    assert!(world.has_no_lag(), "the group has a lag");
    proof(world, load);
}

/// What a reader finds in the middle of it all: whole files, and no good record twice.
pub(super) fn nothing_is_torn_or_twice(world: &World<'_>) {
    let copy = tempfile::tempdir().expect("a folder");
    let rows = golden_rows(&world.golden(copy.path()));
    let found: BTreeSet<_> = rows.iter().map(|row| number(row, "id")).collect();
    assert_eq!(found.len(), rows.len(), "rows that are there twice");
}

fn golden(lake: &str, load: &Load) {
    let rows = golden_rows(lake);
    let good: BTreeSet<_> = load.numbers(Kind::Good).collect();
    assert_once(&good, rows.iter().map(|row| number(row, "id")), "golden");
    for row in rows {
        let (id, hour) = (number(&row, "id"), hour(number(&row, "id")));
        assert_eq!(row["event_hour"], hour.as_str(), "event time of {id}");
        assert_eq!(row["folder"], hour.as_str(), "partition date of {id}");
    }
}

fn golden_rows(lake: &str) -> Vec<Row> {
    rows_of(
        lake,
        "db/events",
        "id, strftime(timezone('UTC', \"at\"), '%Y-%m-%dT%H') as event_hour, dt || 'T' || hour as folder",
    )
}

fn quarantine(lake: &str, load: &Load) {
    let rows = rows_of(lake, "_quarantine/db/events", "decode(key) as key");
    let bad: BTreeSet<_> = bad_keys(load);
    let found = rows.iter().map(|row| text(row, "key"));
    assert_once(&bad, found, "quarantine");
}

fn dead_letters(world: &World<'_>, load: &Load) {
    let letters = world.kafka().records(&world.dead_letters);
    let told: BTreeSet<_> = letters
        .iter()
        .map(|letter| String::from_utf8_lossy(letter.key().unwrap_or_default()).into_owned())
        .collect();
    assert_eq!(told, bad_keys(load), "dead letters");
}

/// By the lake's own account as well, each record has exactly one fate.
fn proof(world: &World<'_>, load: &Load) {
    let (code, said) = world.verify();
    assert_eq!(code, Some(0), "verify: {said}");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let partitions = report["partitions"].as_array().expect("partitions");
    let sum = |fate: &str| {
        let counts = partitions.iter().map(|proof| &proof["counts"][fate]);
        counts.filter_map(Value::as_i64).sum::<i64>()
    };
    let repeats = (0..load.written()).filter(|n| matches!(kind(*n), Kind::RepeatOf(_)));
    assert_eq!(sum("read"), load.written(), "read");
    assert_eq!(
        sum("duplicate"),
        i64::try_from(repeats.count()).expect("few"),
        "duplicates"
    );
}

/// Rows of all files below a folder, with the folders' values as text; DuckDB would say if one of
/// them was no Parquet.
pub(super) fn rows_of(lake: &str, table: &str, columns: &str) -> Vec<Row> {
    duckdb(&format!(
        "select {columns} from read_parquet('{lake}/{table}/**/*', hive_partitioning=true, \
         hive_types_autocast=false)"
    ))
}

fn bad_keys(load: &Load) -> BTreeSet<String> {
    load.numbers(Kind::Bad).map(key).collect()
}

/// Each of `wanted` is found exactly once, and nothing else.
pub(super) fn assert_once<T: Ord + std::fmt::Debug>(
    wanted: &BTreeSet<T>,
    found: impl Iterator<Item = T>,
    place: &str,
) {
    let mut times: BTreeMap<T, usize> = BTreeMap::new();
    for one in found {
        *times.entry(one).or_default() += 1;
    }
    let missing: Vec<_> = wanted
        .iter()
        .filter(|one| !times.contains_key(one))
        .collect();
    let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    let strange: Vec<_> = times.keys().filter(|one| !wanted.contains(one)).collect();
    assert!(
        missing.is_empty() && twice.is_empty() && strange.is_empty(),
        "{place}: {} missing {:?}, {} more than once {:?}, {} that do not belong there {:?}",
        missing.len(),
        first(&missing),
        twice.len(),
        first(&twice),
        strange.len(),
        first(&strange),
    );
}

fn first<T>(all: &[T]) -> &[T] {
    &all[..all.len().min(10)]
}

pub(super) fn number(row: &Row, column: &str) -> i64 {
    row[column].as_i64().expect("a number")
}

pub(super) fn text(row: &Row, column: &str) -> String {
    row[column].as_str().expect("a text").to_owned()
}
