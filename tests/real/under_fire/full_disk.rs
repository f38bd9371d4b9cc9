//! A disk without room.

use sluicebox_tests::harness::{SmallDisk, kafka};

use super::is_ready;
use super::oracle::{judge, nothing_is_torn_or_twice};
use super::world::{Place, World};
use crate::bad_dependency::waits_and_says;

/// What a person is told to do.
const CURE: &str = "free space on that disk";
const PARTITIONS: i32 = 2;
const RECORDS: i64 = 5_000;
const DISK_BYTES: u64 = 32 * 1024 * 1024;

/// A disk that is full, under an instance at work and under one that starts: both wait, say so, and
/// go on by themselves once there is room. What a reader finds meanwhile is whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_waited_for() {
    let disk = SmallDisk::mount(DISK_BYTES);
    let mut world = World::on_disk(kafka(), "full-disk", PARTITIONS).await;
    world.place = Place::Disk(disk.path().join("lake").display().to_string());
    let mut load = world.load();
    load.write(RECORDS);
    let mut instance = world.run();
    world.catches_up().await;

    disk.fill();
    load.write(RECORDS);
    waits_and_says(&instance, &[CURE]).await;
    let before = world.committed();
    instance.kill();
    let instance = world.run();
    waits_and_says(&instance, &[CURE]).await;
    assert_eq!(world.committed(), before, "committed on a full disk");
    nothing_is_torn_or_twice(&world);

    disk.make_room();
    world.catches_up().await;
    judge(&world, &load);
    is_ready(&instance).await;
}
