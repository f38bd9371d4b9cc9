//! Staged files that somebody removes before they are published: a life-cycle rule that aborts
//! uploads, a clean-up of the staging tree.

use serde_json::Value;
use sluicebox_pipeline::ports::{LakeStore, Published};
use sluicebox_tests::harness::kafka;
use sluicebox_types::DataFile;

use super::oracle::judge;
use super::world::World;
use super::{END, stopped};
use crate::bad_dependency::waits_and_says;

const RECORDS: i64 = 1_500;
/// How an aborted process ends.
const SIGABRT: i32 = 128 + 6;

/// A crash after the record, before its files: an upload that is aborted then is missed and told,
/// and what is told to do heals it.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_a_rule_aborted_is_missed() {
    let world = World::on_s3(kafka(), "aborted", 1).await;
    heals(&world, 0).await;
}

/// The same where some files of the record are visible already.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_a_rule_aborted_is_missed_beside_its_like() {
    let world = World::on_s3(kafka(), "half-aborted", 1).await;
    heals(&world, 1).await;
}

/// A staged file on local disk that is removed.
#[tokio::test(flavor = "multi_thread")]
async fn a_staged_file_that_was_cleaned_up_is_missed() {
    let world = World::on_disk(kafka(), "cleaned-up", 1).await;
    heals(&world, 0).await;
}

/// The same where some files of the record are visible already.
#[tokio::test(flavor = "multi_thread")]
async fn a_staged_file_that_was_cleaned_up_is_missed_beside_its_like() {
    let world = World::on_disk(kafka(), "half-cleaned-up", 1).await;
    heals(&world, 1).await;
}

/// `visible` files of the record were published before it crashed.
async fn heals(world: &World<'_>, visible: usize) {
    let mut load = world.load();
    load.write(RECORDS);
    let mut crashed = world.run_with(&[("SLUICEBOX_CRASH_AT", "before_publish:1")]);
    assert_eq!(crashed.wait(END), SIGABRT, "{}", crashed.log());
    let newest = Newest::of(world).await;
    let gone = newest.publish_and_remove(world, visible).await;

    let instance = world.run();
    let words = ["life-cycle rule", "delete every file", &newest.path];
    waits_and_says(&instance, &words).await;
    let said = instance.log();
    assert!(gone.iter().any(|path| said.contains(path)), "{gone:?}");
    // A restart changes nothing.
    stopped(instance);
    let instance = world.run();
    waits_and_says(&instance, &words).await;
    stopped(instance);
    newest.delete(world).await;
    let _instance = world.run();
    world.catches_up().await;
    judge(world, &load);
}

/// The newest record of the only chain.
struct Newest {
    path: String,
    files: Vec<DataFile>,
}

impl Newest {
    async fn of(world: &World<'_>) -> Self {
        let (store, chain) = (world.store(), format!("{0}/{0}/p00000/c/", world.topic));
        let paths = store.list_control(&chain, None, usize::MAX).await;
        let path = paths.expect("a listing").pop().expect("a record");
        let record = store.get_control(&path).await.expect("a record");
        let record: Value = serde_json::from_slice(&record.expect("a record")).expect("JSON");
        let files = serde_json::from_value(record["files"].clone()).expect("files");
        Self { path, files }
    }

    /// Publishes the first files and throws the others away, whose paths it gives.
    async fn publish_and_remove(&self, world: &World<'_>, visible: usize) -> Vec<String> {
        let store = world.store();
        let (published, gone) = self.files.split_at(visible);
        for file in published {
            let done = store.publish(&file.path, file.bytes, &file.stage).await;
            assert_eq!(done.expect("published"), Published::Done);
        }
        for file in gone {
            let removed = store.abandon(&file.path, &file.stage).await;
            removed.expect("removed");
        }
        gone.iter().map(|file| file.path.clone()).collect()
    }

    /// Deletes its visible files, then itself: as a person who does what is told.
    async fn delete(&self, world: &World<'_>) {
        let store = world.store();
        for file in &self.files {
            if is_visible(store.as_ref(), &file.path).await {
                world.delete(&format!("golden/{}", file.path));
            }
        }
        world.delete(&format!("_sluicebox/{}", self.path));
    }
}

async fn is_visible(store: &dyn LakeStore, path: &str) -> bool {
    store.read_file(path).await.expect("an answer").is_some()
}
