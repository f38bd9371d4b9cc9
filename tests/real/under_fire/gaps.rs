//! Offsets without a record: compacted away, aborted, or a transaction's marker.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rdkafka::Message;
use rdkafka::producer::BaseRecord;
use serde_json::Value;
use sluicebox_tests::harness::Outcome::{Abort, Commit};
use sluicebox_tests::harness::{Outcome, eventually, kafka};
use sluicebox_types::{Clock, SystemClock};

use super::oracle::{assert_once, number, rows_of};
use super::world::World;
use super::{END, SMALL_FETCHES, spawn, stopped};

/// A segment of the log spans ten minutes, so that a stamp of half an hour later begins another. The
/// markers of transactions have the broker's own time.
const SEGMENT_MILLIS: &str = "600000";
const LATER_MILLIS: i64 = 1_800_000;
const VALUE_BYTES: usize = 4_096;
const KEYS: i64 = 1_000;
/// Steps of its first commit at which an instance crashes, one after the other.
const CRASHES: [&str; 3] = ["before_create:1", "after_create:1", "before_offset:1"];
const SIGABRT: i32 = 128 + 6;

/// Some consecutive ids of the log.
struct Piece {
    segment: i64,
    ids: Range<i64>,
    /// How their transaction ends, if they are in one.
    transaction: Option<Outcome>,
}

/// The first segment is compacted; the last entry of all is the marker of an aborted transaction.
const LOG: [Piece; 8] = [
    piece(0, 0..4_000, None),
    piece(0, 4_000..5_000, Some(Commit)),
    piece(0, 5_000..6_000, Some(Abort)),
    piece(0, 6_000..7_000, None),
    piece(0, 7_000..7_300, Some(Commit)),
    piece(1, 7_300..8_000, None),
    piece(1, 8_000..8_500, Some(Commit)),
    piece(1, 8_500..8_700, Some(Abort)),
];

/// What is written while an instance runs, at the end of the log.
const LATE: [Piece; 2] = [
    piece(1, 8_700..9_000, Some(Commit)),
    piece(1, 9_000..9_100, Some(Abort)),
];

const fn piece(segment: i64, ids: Range<i64>, transaction: Option<Outcome>) -> Piece {
    Piece {
        segment,
        ids,
        transaction,
    }
}

/// A log with every kind of gap is read through three crashes: what a plain consumer finds in it is in
/// golden once, the gaps are known as such, and there is no lag though nothing is at the log's end.
#[tokio::test(flavor = "multi_thread")]
async fn offsets_without_a_record_are_passed() {
    let name = "gaps-under-fire";
    let compacted = [
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("segment.ms", SEGMENT_MILLIS),
    ];
    kafka().create_topic_with(name, 1, &compacted).await;
    let mut world = World::of_topic(kafka(), name, 1).await;
    world = world.with_kafka(SMALL_FETCHES);
    world.file = "{ max_rows: 100, max_age: 2s, max_idle: 1s }";
    LOG.iter().for_each(|piece| write(name, piece));
    let left = left_by_compaction();
    eventually("the log is compacted", async || {
        (seen(name) == left).then_some(())
    })
    .await;

    for step in CRASHES {
        let mut instance = world.run_with(&[("SLUICEBOX_CRASH_AT", step)]);
        let ended = spawn(move || (instance.wait(END), instance.log())).await;
        assert_eq!(ended.0, SIGABRT, "{step}: {}", ended.1);
    }
    let last = world.run();
    world.catches_up().await;
    all_is_there(&world, &left);
    LATE.iter().for_each(|piece| write(name, piece));
    let left: BTreeSet<_> = left.into_iter().chain(8_700..9_000).collect();
    world.catches_up().await;
    stopped(last);
    all_is_there(&world, &left);
}

/// A plain consumer's view of the log, without us: the ids that it is given.
fn seen(topic: &str) -> BTreeSet<i64> {
    let records = kafka().records(topic);
    let id = |value: &[u8]| serde_json::from_slice::<Value>(value).ok()?["id"].as_i64();
    let ids = records.iter().filter_map(|record| id(record.payload()?));
    ids.collect()
}

/// Of what was not aborted: of the first segment the last of each key, of the other one all.
fn left_by_compaction() -> BTreeSet<i64> {
    let visible = LOG.iter().filter(|piece| piece.transaction != Some(Abort));
    let (compacted, active): (Vec<_>, Vec<_>) = visible.partition(|piece| piece.segment == 0);
    let ids = compacted.into_iter().flat_map(|piece| piece.ids.clone());
    let last_of_key: BTreeMap<_, _> = ids.map(|id| (id % KEYS, id)).collect();
    let active = active.into_iter().flat_map(|piece| piece.ids.clone());
    last_of_key.into_values().chain(active).collect()
}

fn write(topic: &str, piece: &Piece) {
    let values: Vec<_> = piece.ids.clone().map(|id| (key(id), value(id))).collect();
    let stamp = SystemClock::new().now_millis() + piece.segment * LATER_MILLIS;
    let records = values.iter().map(|(key, value)| {
        BaseRecord::to(topic)
            .partition(0)
            .timestamp(stamp)
            .key(key.as_bytes())
            .payload(value.as_bytes())
    });
    match piece.transaction {
        None => kafka().produce(records),
        Some(outcome) => {
            let id = format!("{topic}-{}", piece.ids.start);
            kafka().begin(&id, records).end(outcome);
        }
    }
}

fn key(id: i64) -> String {
    format!("key-{}", id % KEYS)
}

/// Much of nothing, so that few are fetched at a time.
fn value(id: i64) -> String {
    let (hour, nothing) = (id % 3, " ".repeat(VALUE_BYTES));
    format!(r#"{{"id":{id},"at":"2026-01-01T{hour:02}:30:00Z"{nothing}}}"#)
}

/// Each of `ids` is in golden once, and each offset of the log either is one of theirs or is known
/// to hold none.
fn all_is_there(world: &World<'_>, ids: &BTreeSet<i64>) {
    let copy = tempfile::tempdir().expect("a folder");
    let rows = rows_of(&world.golden(copy.path()), "db/events", "id");
    assert_once(ids, rows.iter().map(|row| number(row, "id")), "golden");
    let (code, said) = world.verify();
    assert_eq!(code, Some(0), "verify: {said}");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let proof = &report["partitions"][0];
    let (read, absent) = (proof["counts"]["read"].as_i64(), proof["absent"].as_i64());
    assert_eq!(read, i64::try_from(ids.len()).ok());
    assert_eq!(vec![proof["end"].as_i64()], kafka().log_ends(&world.topic));
    let offsets = read.zip(absent).map(|(read, absent)| read + absent);
    assert_eq!(offsets, proof["end"].as_i64(), "{proof}");
    assert_eq!(proof["lost"], 0);
}
