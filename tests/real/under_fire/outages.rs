//! A store that is away, or busy.

use std::time::Duration;

use sluicebox_tests::harness::{Fault, S3Operation, eventually, kafka};

use super::oracle::judge;
use super::world::World;
use super::{LOST, dice, is_ready, length};
use crate::bad_dependency::waits_and_says;

const PARTITIONS: i32 = 4;
const INSTANCES: usize = 2;
/// How long S3 is away.
const OUTAGE: Duration = Duration::from_secs(20);
/// The most records that are written meanwhile.
const RECORDS: i64 = 40_000;
/// Of a hundred requests to a busy store, so many are refused.
const REFUSED: u8 = 30;

/// S3 is away while records come: instances wait, say so, keep their partitions, and go on by
/// themselves.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_s3_is_waited_for() {
    let mut world = World::on_s3(kafka(), "s3-away", PARTITIONS).await;
    let proxy = world.behind_a_proxy().await;
    let instances: Vec<_> = (0..INSTANCES).map(|_| world.run()).collect();
    let load = world.load().in_background(RECORDS * i64::from(length()));
    eventually("instances commit", async || {
        (world.committed() > 0).then_some(())
    })
    .await;

    proxy.plan(|_| Fault::Down);
    for instance in &instances {
        waits_and_says(instance, &["S3 broke off"]).await;
    }
    tokio::time::sleep(OUTAGE * length()).await;
    proxy.heal();
    let load = load.stop();
    world.catches_up().await;
    for instance in &instances {
        assert!(!instance.log().contains(LOST), "{}", instance.log());
        is_ready(instance).await;
    }
    judge(&world, &load);
}

/// S3 refuses 30 % of requests with 503 SlowDown: everything is committed all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_store_is_waited_for() {
    let mut world = World::on_s3(kafka(), "s3-busy", PARTITIONS).await;
    let proxy = world.behind_a_proxy().await;
    let mut dice = dice();
    proxy.plan(move |_| match dice.u8(0..100) < REFUSED {
        true => Fault::SlowDown,
        false => Fault::None,
    });
    let _instances: Vec<_> = (0..INSTANCES).map(|_| world.run()).collect();
    let load = world.load().in_background(RECORDS / 4);
    let load = load.finish();
    world.catches_up().await;
    assert!(!proxy.faults(Fault::SlowDown).is_empty());
    judge(&world, &load);
}

/// S3 takes files and refuses records of the chain: that is said too, and waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_records_is_waited_for() {
    let mut world = World::on_s3(kafka(), "no-records", PARTITIONS).await;
    let proxy = world.behind_a_proxy().await;
    let instance = world.run();
    let mut load = world.load();
    load.write(RECORDS / 40);
    world.catches_up().await;
    proxy.plan(|request| match request.operation {
        S3Operation::Create => Fault::SlowDown,
        _ => Fault::None,
    });
    load.write(RECORDS / 40);
    waits_and_says(&instance, &["503 SlowDown"]).await;
    proxy.heal();
    world.catches_up().await;
    judge(&world, &load);
    is_ready(&instance).await;
}
