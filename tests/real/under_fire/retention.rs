//! Retention that overtakes a pipeline which does not run.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;

use serde_json::Value;
use sluicebox_tests::harness::{eventually, kafka};

use super::load::{Kind, Load, key, kind};
use super::oracle::{assert_once, number, rows_of, text};
use super::stopped;
use super::world::{Place, World};

const PARTITIONS: i32 = 2;
/// What retention leaves of each partition.
const RECORDS_LEFT: i64 = 300;

/// A pipeline is killed in the middle of its work, and what it has not read is deleted. With `halt` it
/// touches nothing and names the cure; with `skip_and_report` it reads what is left, through another
/// kill, and what is gone is on record, offset by offset, and in `verify`.
#[tokio::test(flavor = "multi_thread")]
async fn what_retention_took_from_a_stopped_pipeline_is_on_record() {
    let mut world = World::on_disk(kafka(), "overtaken", PARTITIONS).await;
    world.file = "{ max_rows: 100, max_age: 2s, max_idle: 1s }";
    let load = world.load().in_background(5_000);
    killed_after(&world, 6).await;
    let mut load = load.finish();
    let kept_from = overtake(&world).await;

    let before = world.commits().await;
    let halted = world.run();
    for partition in 0..PARTITIONS {
        let partition = format!("{}[{partition}]", world.topic);
        eventually("the partition halts", async || {
            let (status, said) = halted.console("/readyz")?;
            let cure = said.contains("kafka.retention_gap: skip_and_report");
            (status == 503 && cure && said.contains(&partition)).then_some(())
        })
        .await;
    }
    stopped(halted);
    assert_eq!(world.commits().await, before, "nothing is committed");

    let world = world.with_kafka("retention_gap: skip_and_report");
    killed_after(&world, 1).await;
    let last = world.run();
    load.write(1_000);
    world.catches_up().await;
    stopped(last);
    judge(&world, &load, &kept_from);
}

/// Kills an instance when it has made so many records of the chains.
async fn killed_after(world: &World<'_>, commits: usize) {
    let before = world.commits().await;
    let mut instance = world.run();
    eventually("something is committed", async || {
        (world.commits().await >= before + commits).then_some(())
    })
    .await;
    instance.kill();
}

/// Deletes all but the last records of each partition; answers where each begins now.
async fn overtake(world: &World<'_>) -> Vec<i64> {
    let ends = kafka().log_ends(&world.topic).into_iter().flatten();
    let lows: Vec<i64> = ends.map(|end| end - RECORDS_LEFT).collect();
    for (partition, low) in (0..).zip(&lows) {
        kafka().delete_records(&world.topic, partition, *low).await;
    }
    lows
}

/// What is in none of the gaps on record is where it belongs, once. A gap ends where the log begins.
fn judge(world: &World<'_>, load: &Load, kept_from: &[i64]) {
    let gaps = gaps(world);
    for (gap, kept_from) in gaps.iter().zip(kept_from) {
        assert_eq!(gap.end, *kept_from, "{gaps:?}");
    }
    let mut next = vec![0; gaps.len()];
    let (mut golden, mut bad) = (BTreeSet::new(), BTreeSet::new());
    for written in 0..load.written() {
        let id = match kind(written) {
            Kind::RepeatOf(first) => first,
            Kind::Good | Kind::Bad => written,
        };
        let (_, partition) = load.place_of(id);
        let partition = usize::try_from(*partition).expect("small");
        let offset = next[partition];
        next[partition] += 1;
        match kind(written) {
            _ if gaps[partition].contains(&offset) => {}
            Kind::Bad => drop(bad.insert(key(id))),
            Kind::Good | Kind::RepeatOf(_) => drop(golden.insert(id)),
        }
    }
    let copy = tempfile::tempdir().expect("a folder");
    let lake = world.golden(copy.path());
    let rows = rows_of(&lake, "db/events", "id");
    assert_once(&golden, rows.iter().map(|row| number(row, "id")), "golden");
    let rows = rows_of(&lake, "_quarantine/db/events", "decode(key) as key");
    assert_once(&bad, rows.iter().map(|row| text(row, "key")), "quarantine");
    assert!(world.has_no_lag(), "the group has a lag");
    verify_tells_of(world, &gaps);
}

/// The one gap in each partition's chain.
fn gaps(world: &World<'_>) -> Vec<Range<i64>> {
    let Place::Disk(folder) = &world.place else {
        panic!("not on disk");
    };
    let gap_of = |partition| {
        let topic = &world.topic;
        let chain = format!("{folder}/_sluicebox/{topic}/{topic}/p{partition:05}/c");
        let records = fs::read_dir(format!("{chain}/{:017}", 0)).expect("a chain's first folder");
        let gaps = records.flat_map(|record| {
            let record = fs::read(record.expect("an entry").path()).expect("a record");
            let record: Value = serde_json::from_slice(&record).expect("JSON");
            record["gaps"].as_array().cloned().unwrap_or_default()
        });
        let gaps: Vec<_> = gaps.collect();
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        let offset = |name: &str| gaps[0][name].as_i64().expect("an offset");
        offset("start")..offset("end")
    };
    (0..PARTITIONS).map(gap_of).collect()
}

/// To people and to machines.
fn verify_tells_of(world: &World<'_>, gaps: &[Range<i64>]) {
    let (code, said) = world.verify();
    assert_eq!(code, Some(0), "verify: {said}");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let (code, said) = world.verify_for_people();
    assert_eq!(code, Some(0), "verify: {said}");
    for (partition, gap) in gaps.iter().enumerate() {
        let lost = gap.end - gap.start;
        assert!(lost > 0, "{gaps:?}");
        assert_eq!(report["partitions"][partition]["lost"], lost);
        let sentence = format!("{lost} offsets lost to retention");
        assert!(said.contains(&sentence), "{sentence}: not in {said}");
    }
}
