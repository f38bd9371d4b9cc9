use std::sync::Arc;

use sluicebox_pipeline::ports::{Class, LakeStore};
use sluicebox_types::ManualClock;

use super::*;
use crate::Store;
use crate::conformance::{CHAIN, RECORD, Subject};
use crate::relative_path::STAGING;

struct Lake(tempfile::TempDir);

impl Lake {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    fn store(&self) -> Store<LocalTree> {
        let (lake, control) = (
            self.0.path().join("lake"),
            self.0.path().join("lake/_sluicebox"),
        );
        Store::new(
            LocalTree::new(&lake, &control),
            LocalTree::new(&control, &lake),
            Arc::new(ManualClock::default()),
        )
    }
}

impl Subject for Lake {
    fn open(&self) -> Arc<dyn LakeStore> {
        Arc::new(self.store())
    }
}

mod conformance {
    crate::conformance_tests!(async { super::Lake::new() });
    crate::conformance_tests! {
        async { super::Lake::new() };
        abandoned_data_is_gone
        files_are_listed_in_byte_order_of_their_paths
        a_sweep_takes_what_no_record_can_name
    }
}

/// A crash before the link leaves a file that nobody sees and that is in nobody's way, until the
/// record that it was for is there: then it goes.
#[tokio::test]
async fn leftovers_of_a_crash_are_never_listed_and_swept() {
    let lake = Lake::new();
    let store = lake.store();
    store
        .create_control(RECORD, "x".into())
        .await
        .expect("create");
    let leftovers = [&store.lake, &store.control].map(|tree| {
        let (_, leftover) = tree.staging.name(RECORD);
        durable::write(&leftover, &["ha".into()]).expect("leftover");
        leftover
    });
    let names = store.list_control("", None, 10).await.expect("list");
    assert_eq!(names, [RECORD]);
    let files = store.list_files("", None, 10).await.expect("list");
    assert!(files.is_empty(), "{files:?}");

    store.sweep(CHAIN, RECORD).await.expect("sweep");
    assert!(!leftovers.iter().any(|leftover| leftover.exists()));
}

/// What lies in `_staging` and was not staged for a record of that folder is not ours to remove.
#[tokio::test]
async fn a_sweep_spares_what_it_does_not_know() {
    let lake = Lake::new();
    let folder = lake
        .0
        .path()
        .join("lake")
        .join(STAGING)
        .join("p/t/p00000/c");
    std::fs::create_dir_all(folder.join("sub")).expect("folder");
    let notes = folder.join("notes");
    std::fs::write(&notes, "by hand").expect("file");
    lake.store().sweep(CHAIN, RECORD).await.expect("sweep");
    assert!(notes.exists() && folder.join("sub").exists());
}

/// However long a chain gets, a sweep looks into the folders of its newest records only: those that
/// are passed are gone when they are empty.
#[tokio::test]
async fn a_sweep_leaves_no_empty_folders_behind() {
    let lake = Lake::new();
    let store = lake.store();
    let chain = lake.0.path().join("lake").join(STAGING).join(CHAIN);
    for folder in 0..3 {
        let record = format!("{CHAIN}{folder:017}/{:020}.json", folder * 1_000);
        let staged = store.stage(&record, "t/a.parquet", "rows".into()).await;
        staged.expect("stage");
        if folder == 1 {
            std::fs::write(chain.join(format!("{folder:017}/notes")), "by hand").expect("file");
        }
        store.sweep(CHAIN, &record).await.expect("sweep");
    }
    let mut left: Vec<_> = std::fs::read_dir(&chain)
        .expect("the chain's folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    left.sort_unstable();
    assert_eq!(left, ["00000000000000001", "00000000000000002"]);
}

/// A file where a folder should be is a person's to move, not a reason to panic or spin.
#[tokio::test]
async fn something_in_the_lakes_way_is_fatal() {
    let lake = Lake::new();
    std::fs::write(lake.0.path().join("lake"), "a file").expect("file");
    let error = lake
        .store()
        .stage(RECORD, "t/a.parquet", "rows".into())
        .await
        .expect_err("no folder");
    assert_eq!(error.class, Class::Fatal, "{error}");
    assert!(error.message.contains("move it aside"), "{error}");
}

/// A record of another kind of store is refused, not misread.
#[tokio::test]
async fn an_upload_cannot_be_published_on_a_disk() {
    let staged = Staged::Multipart {
        upload: "u".to_owned(),
        parts: Vec::new(),
    };
    let lake = Lake::new();
    let published = lake.store().publish("t/a.parquet", 4, &staged).await;
    let error = published.expect_err("another kind");
    assert_eq!(error.class, Class::Fatal, "{error}");
}

/// A page is filled from a folder with more names than the page has, and past folders in which
/// nothing is.
#[tokio::test]
async fn pages_are_filled_past_empty_folders() {
    let lake = Lake::new();
    let root = lake.0.path().join("lake/t");
    for folder in ["a", "b/c", "d", "x"] {
        std::fs::create_dir_all(root.join(folder)).expect("folder");
    }
    let names = ["x/1", "x/2", "x/3", "y", "z"].map(|name| format!("t/{name}"));
    for name in &names {
        std::fs::write(lake.0.path().join("lake").join(name), "rows").expect("file");
    }
    for page_names in [1, 2, 3, 5, 9] {
        let mut listed: Vec<String> = Vec::new();
        loop {
            let after = listed.last().map(String::as_str);
            let page = lake.store().list_files("", after, page_names).await;
            let page = page.expect("list");
            assert!(page.len() == page_names || listed.len() + page.len() == names.len());
            if page.is_empty() {
                break;
            }
            listed.extend(page.into_iter().map(|file| file.path));
        }
        assert_eq!(listed, names, "{page_names} names a page");
    }
}
