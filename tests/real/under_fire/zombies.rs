//! A process that freezes in the middle of a commit, is given up for dead, and wakes up.

use std::time::Duration;

use futures::stream::{self, StreamExt};
use sluicebox_tests::harness::{Fault, S3Operation, S3Request, Sluicebox, eventually, kafka};
use sluicebox_types::{Clock, SystemClock};

use super::oracle::judge;
use super::world::World;
use super::{LOST, stopped, tell};

/// Every named step between the first staged file and the committed offset, and its pass in the first
/// commit: two Kafka partitions are taken over before it, which lists and creates as well.
const STEPS: [(&str, u8); 11] = [
    ("between_stages", 1),
    ("after_stage", 1),
    ("after_dead_letters", 1),
    ("before_create", 3),
    ("after_create", 3),
    ("after_list", 3),
    ("before_publish", 1),
    ("between_publishes", 1),
    ("after_publish", 1),
    ("before_offset", 1),
    ("after_offset", 1),
];
/// Cases that run at the same time: most of a case is waiting for the group.
const CONCURRENCY: usize = 6;
const PARTITIONS: i32 = 2;
const RECORDS: i64 = 2_000;
/// The shortest that there is, and its place in the config.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(10);
const MAX_POLL_LINE: &str = "max_poll_interval: 10s";

/// A process that freezes at any step of a commit, and wakes up after another has taken over and
/// gone on, changes nothing any more: on local disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_of_any_step_loses_on_local_disk() {
    stream::iter(STEPS.map(async |(step, pass)| {
        let world = World::on_disk(kafka(), &name(step), PARTITIONS).await;
        frozen_at(&world.with_kafka(MAX_POLL_LINE), step, pass).await;
    }))
    .buffer_unordered(CONCURRENCY)
    .collect::<()>()
    .await;
}

/// The same on S3.
#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_of_any_step_loses_on_s3() {
    stream::iter(STEPS.map(async |(step, pass)| {
        let world = World::on_s3(kafka(), &name(step), PARTITIONS).await;
        frozen_at(&world.with_kafka(MAX_POLL_LINE), step, pass).await;
    }))
    .buffer_unordered(CONCURRENCY)
    .collect::<()>()
    .await;
}

/// What a zombie has asked for may reach the store after it was given up: a part of an upload, a
/// record of the chain, the completion of an upload.
#[tokio::test(flavor = "multi_thread")]
async fn requests_of_a_zombie_come_too_late() {
    let operations = [
        S3Operation::Part,
        S3Operation::Create,
        S3Operation::Complete,
    ];
    stream::iter(operations.map(frozen_during))
        .buffer_unordered(CONCURRENCY)
        .collect::<()>()
        .await;
}

async fn frozen_at(world: &World<'_>, step: &str, pass: u8) {
    let mut load = world.load();
    load.write(RECORDS);
    let at = format!("{step}:{pass}");
    let zombie = world.run_with(&[("SLUICEBOX_STOP_AT", &at)]);
    eventually(&format!("frozen at {step}"), async || {
        zombie.is_frozen().then_some(())
    })
    .await;
    let heir = take_over(world).await;
    zombie.thaw();
    finds_out(&zombie).await;
    world.catches_up().await;
    // Both are alive and well to the end.
    stopped(zombie);
    stopped(heir);
    judge(world, &load);
}

async fn frozen_during(operation: S3Operation) {
    let name = format!("late-{operation:?}").to_lowercase();
    let mut world = World::on_s3(kafka(), &name, PARTITIONS)
        .await
        .with_kafka(MAX_POLL_LINE);
    let proxy = world.behind_a_proxy().await;
    proxy.plan(move |request| match is_a_commits(request, operation) {
        true => Fault::Hold,
        false => Fault::None,
    });
    let mut load = world.load();
    load.write(RECORDS);
    let zombie = world.run();
    eventually("a request is held", async || {
        (!proxy.faults(Fault::Hold).is_empty()).then_some(())
    })
    .await;
    zombie.freeze();
    proxy.heal();
    let heir = take_over(&world).await;
    proxy.release();
    eventually("the late requests are answered", async || {
        let held = proxy.faults(Fault::Hold).values().sum::<usize>();
        (proxy.late_answers().len() == held).then_some(())
    })
    .await;
    tell(&format!("{operation:?}: late, {:?}", proxy.late_answers()));
    zombie.thaw();
    finds_out(&zombie).await;
    world.catches_up().await;
    // Both are alive and well to the end.
    stopped(zombie);
    stopped(heir);
    judge(&world, &load);
}

/// The first record of a chain belongs to no commit, nor does what a process tries a store with, or
/// writes there before it reads a record.
fn is_a_commits(request: &S3Request, operation: S3Operation) -> bool {
    let (_, key) = request.path.split_once('/').unwrap_or_default();
    let first = key.ends_with("/00000000000000000000.json");
    let early = key.contains("_probe") || key.ends_with("/lake.url");
    request.operation == operation && !early && !first
}

/// Another instance commits everything while the first is frozen, for longer than it may be.
async fn take_over(world: &World<'_>) -> Sluicebox {
    let clock = SystemClock::new();
    let heir = world.run();
    world.catches_up().await;
    eventually("max.poll.interval is over", async || {
        (clock.monotonic() > MAX_POLL_INTERVAL).then_some(())
    })
    .await;
    heir
}

async fn finds_out(zombie: &Sluicebox) {
    eventually("the zombie finds out that it was given up", async || {
        zombie.log().contains(LOST).then_some(())
    })
    .await;
}

fn name(step: &str) -> String {
    format!("zombie-{}", step.replace('_', "-"))
}
