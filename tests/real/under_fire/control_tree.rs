//! Control trees that are older than the lake, or not this pipeline's alone.

use std::path::Path;
use std::process::Command;

use sluicebox_tests::harness::kafka;

use super::oracle::judge;
use super::world::{Place, World};
use super::{END, stopped};
use crate::bad_dependency::{assert_says, waits_and_says};

const PARTITIONS: i32 = 2;
const RECORDS: i64 = 1_000;
/// The exit code of a config that somebody must change.
const WRONG_CONFIG: i32 = 78;

/// A control tree from an old backup, which knows nothing of the newest files, is not gone on from:
/// their offsets would be read again. With the newest one back, work goes on.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_backup_of_the_control_tree_is_refused() {
    let world = World::on_disk(kafka(), "old-backup", PARTITIONS).await;
    let mut load = world.load();
    let [backup, newest] = ["backup", "newest"].map(|name| control(&world) + name);
    for copy in [&backup, &newest] {
        load.write(RECORDS);
        let instance = world.run();
        world.catches_up().await;
        stopped(instance);
        copy_folder(&control(&world), copy);
    }
    load.write(RECORDS);
    copy_folder(&backup, &control(&world));
    let (committed, commits) = (world.committed(), world.commits().await);
    let instance = world.run();
    let cure = "restore the newest state of the control tree";
    waits_and_says(&instance, &["went back in time", cure]).await;
    stopped(instance);
    assert_eq!(world.committed(), committed, "it was gone on from");
    assert_eq!(world.commits().await, commits, "it was gone on from");

    copy_folder(&newest, &control(&world));
    let _instance = world.run();
    world.catches_up().await;
    judge(&world, &load);
}

/// Two pipelines of one name, each with a lake of its own, would share one chain: the second is
/// refused, and may go on where the lake has moved with all its files.
#[tokio::test(flavor = "multi_thread")]
async fn two_pipelines_do_not_share_a_control_path() {
    let mut world = World::on_disk(kafka(), "shared-control", PARTITIONS).await;
    let mut load = world.load();
    load.write(RECORDS);
    let instance = world.run();
    world.catches_up().await;
    stopped(instance);
    load.write(RECORDS);

    world.lake = "silver";
    let cure = ["/golden", "/silver", "change `name` or `lake.control`"];
    let mut refused = world.run();
    assert_eq!(refused.wait(END), WRONG_CONFIG, "{}", refused.log());
    assert_says(&refused.log(), &cure);
    let (code, said) = world.told(&["validate", "-c", "{config}", "--connect"]);
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &cure);

    world.lake = "golden";
    let _instance = world.run();
    world.catches_up().await;
    judge(&world, &load);
}

fn control(world: &World<'_>) -> String {
    match &world.place {
        Place::Disk(folder) => format!("{folder}/_sluicebox"),
        Place::Bucket(_) => panic!("on local disk"),
    }
}

/// In place of whatever is there.
fn copy_folder(from: &str, to: &str) {
    if Path::new(to).exists() {
        std::fs::remove_dir_all(to).expect("removed");
    }
    let copied = Command::new("cp").args(["-R", from, to]).status();
    assert!(copied.expect("cp").success(), "{from} to {to}");
}
