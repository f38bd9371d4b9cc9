//! Instances that end under load, by force or as they are asked to.

use fastrand::Rng;
use sluicebox_tests::harness::{Sluicebox, eventually, kafka};

use super::oracle::judge;
use super::world::World;
use super::{dice, length, stopped, tell};

const PARTITIONS: i32 = 6;
const INSTANCES: usize = 3;
/// How often an instance is killed with SIGKILL.
const KILLS: usize = 12;
/// How often all instances are replaced, one after the other.
const ROLLS: usize = 2;
/// The most records that are written meanwhile: more than there is time for.
const RECORDS: i64 = 400_000;

/// Three instances under load, of which one, two or all are killed again and again: on local disk.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_under_load_loses_nothing_on_local_disk() {
    killed_again_and_again(&World::on_disk(kafka(), "kills-disk", PARTITIONS).await).await;
}

/// The same on S3.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_under_load_loses_nothing_on_s3() {
    killed_again_and_again(&World::on_s3(kafka(), "kills-s3", PARTITIONS).await).await;
}

/// Instances are stopped by SIGTERM and replaced under load, one after the other: each ends well.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_loses_nothing() {
    let world = World::on_s3(kafka(), "rolling", PARTITIONS).await;
    let mut instances = start(&world);
    let load = world.load().in_background(RECORDS * i64::from(length()));
    for _ in 0..ROLLS * length() as usize * INSTANCES {
        progress(&world, 2).await;
        stopped(instances.remove(0));
        instances.push(world.run());
    }
    let load = load.stop();
    world.catches_up().await;
    judge(&world, &load);
}

async fn killed_again_and_again(world: &World<'_>) {
    let (mut dice, wanted) = (dice(), KILLS * length() as usize);
    let mut instances = start(world);
    let load = world.load().in_background(RECORDS * i64::from(length()));
    let mut kills = 0;
    while kills < wanted {
        // A different number of commits each time, so that kills fall on different steps.
        progress(world, dice.usize(1..5)).await;
        for victim in victims(&mut dice, &instances).await {
            instances[victim].kill();
            instances[victim] = world.run();
            kills += 1;
        }
    }
    let load = load.stop();
    let written = load.written();
    tell(&format!(
        "killed {kills} times while {written} records were written"
    ));
    world.catches_up().await;
    judge(world, &load);
}

fn start(world: &World<'_>) -> Vec<Sluicebox> {
    (0..INSTANCES).map(|_| world.run()).collect()
}

/// Mostly one, sometimes more, of those that have begun to work.
async fn victims(dice: &mut Rng, instances: &[Sluicebox]) -> Vec<usize> {
    let mut victims = eventually("an instance has partitions", async || {
        let working = |index: &usize| instances[*index].log().contains(r#""assigned""#);
        let working: Vec<_> = (0..INSTANCES).filter(working).collect();
        (!working.is_empty()).then_some(working)
    })
    .await;
    dice.shuffle(&mut victims);
    let most = if dice.u8(0..3) == 0 { INSTANCES } else { 1 };
    victims.truncate(dice.usize(1..=most));
    victims
}

async fn progress(world: &World<'_>, commits: usize) {
    let before = world.commits().await;
    eventually("instances commit", async || {
        (world.commits().await >= before + commits).then_some(())
    })
    .await;
}
