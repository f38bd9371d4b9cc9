//! Repeats, through crashes and rebalances, against the rule told again in the plainest way.

use std::collections::BTreeSet;
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::producer::BaseRecord;
use serde_json::Value;
use sluicebox_tests::harness::{Row, eventually, kafka};

use super::oracle::{assert_once, number, rows_of};
use super::world::World;
use super::{dice, stopped};

/// 2026-01-01T00:00:00Z.
const FIRST_STAMP: i64 = 1_767_225_600_000;
/// The window, and how far one record may move the log's clock.
const WINDOW: i64 = 60_000;
const JUMP: i64 = 300_000;
const PARTITIONS: i32 = 3;
/// Records of each partition, and how many are written at a time.
const RECORDS: usize = 6_000;
const AT_A_TIME: usize = 30;
const PAUSE: Duration = Duration::from_millis(50);
/// The key that repeats for ever, and how often at least; it pauses in each second thousand.
const RESTLESS: i64 = 0;
const RESTLESS_EVERY: usize = 8;
const KEYS: i64 = 60;
/// After which a record is told again.
const PAUSES: [i64; 5] = [0, 59_000, 60_000, 60_001, 61_000];
/// Of a thousand, these are malformed.
const MALFORMED: std::ops::Range<u32> = 210..230;
const DAY: i64 = 86_400_000;

/// One record: its stamp, and its key unless it is malformed.
#[derive(Clone, Copy, Debug)]
struct Step {
    stamp: i64,
    key: Option<i64>,
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Golden,
    Duplicate,
    Bad,
}

/// What the logs must hold, at the window's very edge.
const CLOSE: [(Fate, Option<i64>); 4] = [
    (Fate::Duplicate, Some(59_000)),
    (Fate::Duplicate, Some(60_000)),
    (Fate::Golden, Some(60_001)),
    (Fate::Golden, Some(61_000)),
];

/// Random logs, with stamps out of order and from the future, repeats just inside and just outside
/// of the window, and a key that hardly ever rests: golden holds what the rule says, whoever reads
/// which part of them, and wherever it was killed.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_are_found_whatever_is_killed() {
    let mut world = World::on_disk(kafka(), "repeats", PARTITIONS).await;
    world.file = "{ max_rows: 150, max_age: 2s, max_idle: 1s }";
    let mut dice = dice();
    let logs: Vec<Vec<Step>> = (0..PARTITIONS).map(|_| log(&mut dice)).collect();
    let writing = spawn_writer(&world, &logs);
    let mut first = world.run();
    has_committed(&world, 3).await;
    first.kill();
    let mut second = world.run();
    has_committed(&world, 3).await;
    let third = world.run();
    has_committed(&world, 3).await;
    second.kill();
    has_committed(&world, 3).await;
    let last = world.run();
    has_committed(&world, 3).await;
    stopped(third);
    writing.join().expect("the logs are written");
    world.catches_up().await;
    stopped(last);

    let fates: Vec<_> = logs.iter().map(|log| fates(log)).collect();
    for close in CLOSE {
        assert!(
            fates.iter().flatten().any(|fate| *fate == close),
            "{close:?}"
        );
    }
    judge(&world, &fates);
}

/// The rule of the commit protocol, word by word: `c(o) = max(c(o-1), min(t(o), c(o-1) + J))`; o is a
/// duplicate if and only if an earlier occurrence o' of its key, kept or not, has
/// `c(o) - c(o') <= W`. Each record moves the clock; what is malformed is no occurrence.
///
/// Answers with each fate how long ago, by the clock, the record's key was last seen.
fn fates(log: &[Step]) -> Vec<(Fate, Option<i64>)> {
    let mut clock = None;
    let mut seen: Vec<(i64, i64)> = Vec::new();
    let mut fates = Vec::new();
    for step in log {
        let now = match clock {
            None => step.stamp,
            Some(before) => step.stamp.min(before + JUMP).max(before),
        };
        clock = Some(now);
        let Some(key) = step.key else {
            fates.push((Fate::Bad, None));
            continue;
        };
        let earlier = seen.iter().filter(|(earlier, _)| *earlier == key);
        let pauses: Vec<i64> = earlier.map(|(_, clock)| now - clock).collect();
        let fate = match pauses.iter().any(|pause| *pause <= WINDOW) {
            true => Fate::Duplicate,
            false => Fate::Golden,
        };
        fates.push((fate, pauses.last().copied()));
        seen.push((key, now));
    }
    fates
}

/// A partition's log. `time` is only what the stamps are made from; the clock of the log is the
/// judge's business.
fn log(dice: &mut fastrand::Rng) -> Vec<Step> {
    let mut time = FIRST_STAMP;
    let mut log: Vec<Step> = Vec::new();
    for number in 0..RECORDS {
        let roll = dice.u32(..1_000);
        if let (0..120, Some(last)) = (roll, log.last()) {
            time = time.max(last.stamp) + PAUSES[dice.usize(..PAUSES.len())];
            log.push(Step {
                stamp: time,
                ..*last
            });
            continue;
        }
        time += dice.i64(0..2_000);
        let restless = number % RESTLESS_EVERY == 0 && number / 1_000 % 2 == 0;
        let key = match restless {
            true => RESTLESS,
            false => dice.i64(1..=KEYS),
        };
        let stamp = match roll {
            120..200 => time - dice.i64(0..2 * WINDOW),
            200 => time + DAY,
            _ => time,
        };
        log.push(Step {
            stamp,
            key: (!MALFORMED.contains(&roll)).then_some(key),
        });
    }
    log
}

/// Writes the logs side by side, little by little.
fn spawn_writer(world: &World<'_>, logs: &[Vec<Step>]) -> JoinHandle<()> {
    let (topic, logs) = (world.topic.clone(), logs.to_vec());
    std::thread::spawn(move || {
        for first in (0..RECORDS).step_by(AT_A_TIME) {
            let steps = (0..).zip(&logs).flat_map(|(partition, log)| {
                let steps = log[first..first + AT_A_TIME].iter();
                steps.map(move |step| (partition, step.stamp, value(step)))
            });
            let steps: Vec<(i32, i64, String)> = steps.collect();
            kafka().produce(steps.iter().map(|(partition, stamp, value)| {
                BaseRecord::to(&topic)
                    .partition(*partition)
                    .timestamp(*stamp)
                    .key(b"".as_slice())
                    .payload(value.as_bytes())
            }));
            std::thread::sleep(PAUSE);
        }
    })
}

fn value(step: &Step) -> String {
    match step.key {
        Some(key) => format!(r#"{{"id":{key},"at":"2026-01-01T00:30:00Z"}}"#),
        None => "{".to_owned(),
    }
}

/// Waits for so many more commits in each partition, about.
async fn has_committed(world: &World<'_>, commits: usize) {
    let before = world.commits().await;
    let wanted = commits * usize::try_from(PARTITIONS).expect("small");
    eventually("records are committed", async || {
        (world.commits().await >= before + wanted).then_some(())
    })
    .await;
}

fn judge(world: &World<'_>, fates: &[Vec<(Fate, Option<i64>)>]) {
    let offsets = |wanted: Fate| -> BTreeSet<(i64, i64)> {
        let logs = (0..).zip(fates);
        let all = logs.flat_map(|(partition, log)| {
            let offsets = (0..).zip(log);
            offsets.map(move |(offset, (fate, _))| ((partition, offset), *fate))
        });
        let wanted = all.filter(|(_, fate)| *fate == wanted);
        wanted.map(|(place, _)| place).collect()
    };
    let copy = tempfile::tempdir().expect("a folder");
    let lake = world.golden(copy.path());
    let place = "_kafka.partition as \"partition\", _kafka.\"offset\" as \"offset\"";
    let place_of = |row: &Row| (number(row, "partition"), number(row, "offset"));
    for (table, fate) in [
        ("db/events", Fate::Golden),
        ("_quarantine/db/events", Fate::Bad),
    ] {
        let rows = rows_of(&lake, table, place);
        assert_once(&offsets(fate), rows.iter().map(place_of), table);
    }
    assert!(world.has_no_lag(), "the group has a lag");
    let (code, said) = world.verify();
    assert_eq!(code, Some(0), "verify: {said}");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let partitions = report["partitions"].as_array().expect("partitions");
    let duplicates = partitions.iter().map(|proof| &proof["counts"]["duplicate"]);
    let duplicates: i64 = duplicates.filter_map(Value::as_i64).sum();
    let expected = offsets(Fate::Duplicate).len();
    assert_eq!(duplicates, i64::try_from(expected).expect("few"));
}
