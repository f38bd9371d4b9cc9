//! What every implementation of [`LakeStore`] must keep, as tests: the one suite for all
//! stores. [`conformance_tests!`](crate::conformance_tests) makes a test of each rule.

mod control;
mod files;

use std::sync::Arc;

use sluicebox_pipeline::ports::{Class, LakeObject, LakeStore, Published, StoreError};
use sluicebox_types::Staged;

pub use control::*;
pub use files::*;

/// An empty lake that several handles can be opened on, as several processes do.
pub trait Subject: Sync {
    /// A handle of its own on the lake.
    fn open(&self) -> Arc<dyn LakeStore>;
}

/// The folder of a chain's records.
pub const CHAIN: &str = "p/t/p00000/c/";

/// The record that staged files are for, where it does not matter which.
pub const RECORD: &str = "p/t/p00000/c/00000000000000000/00000000000000000001.json";

/// Makes a test of each rule of the port, or of those that are named. `$subject` is an expression
/// for a future of a [`Subject`]: a new lake for each test.
///
/// Three rules stand apart. `files_are_listed_in_byte_order_of_their_paths`: S3 promises it, and
/// servers that keep folders (SeaweedFS) list folder by folder; nothing rests on it but the reports
/// of `verify`. `a_sweep_takes_what_no_record_can_name`: in buckets a lifecycle rule does.
/// `abandoned_data_is_gone`: Azure keeps it for a week; nobody publishes what lost.
#[macro_export]
macro_rules! conformance_tests {
    ($subject:expr) => {
        $crate::conformance_tests! { $subject;
            a_path_is_created_once
            one_of_racing_creates_wins
            a_missing_object_is_none
            a_replaced_object_is_the_last_one
            a_listing_is_ascending_after_and_limited
            a_long_listing_is_whole
            a_listing_stays_below_its_prefix
            a_staged_file_is_invisible_until_published
            publishing_again_changes_nothing
            another_handle_publishes_after_a_crash
            abandoning_spares_what_is_published
            a_sweep_spares_what_a_record_may_name
            what_is_staged_is_listed_where_it_can_be
            a_stranger_in_a_files_place_is_not_ours
            files_of_any_size_come_back_whole
            a_part_of_a_file_is_those_bytes
            paging_misses_nothing
            control_objects_are_no_files
            odd_names_are_kept
            paths_out_of_the_tree_are_refused
            a_good_store_passes_the_probe
        }
    };
    ($subject:expr; $($rule:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                $crate::conformance::$rule(&$subject.await).await;
            }
        )+
    };
}

/// The two trees do not mix.
pub async fn control_objects_are_no_files(lake: &dyn Subject) {
    let store = lake.open();
    store
        .create_control("p/c/1", "x".into())
        .await
        .expect("create");
    publish(&*store, "t/a.parquet").await.expect("publish");
    store
        .stage(RECORD, "t/b.parquet", "rows".into())
        .await
        .expect("stage");
    assert_eq!(names(store.list_files("", None, 10).await), ["t/a.parquet"]);
    assert_eq!(
        store.list_control("p/", None, 10).await.expect("list"),
        ["p/c/1"]
    );
    assert_eq!(store.get_control("t/a.parquet").await.expect("get"), None);
}

/// `=`, spaces, `+`, `%`, `~` and Unicode are part of a name, not syntax.
pub async fn odd_names_are_kept(lake: &dyn Subject) {
    let store = lake.open();
    let mut paths = [
        "t/k=a b+c/x.parquet",
        "t/k=50%25~/x.parquet",
        "t/flüge 日本/x.parquet",
    ];
    for path in paths {
        publish(&*store, path).await.expect("publish");
        assert_eq!(
            store.read_file(path).await.expect("read"),
            Some("rows".into()),
            "{path}"
        );
    }
    paths.sort_unstable();
    assert_eq!(names(store.list_files("", None, 10).await), paths);
}

/// Nothing is written outside of the tree or into its staging folder.
pub async fn paths_out_of_the_tree_are_refused(lake: &dyn Subject) {
    let store = lake.open();
    for path in [
        "",
        "/a",
        "../a",
        "a/../../b",
        "a//b",
        "a/",
        "a\nb",
        "_staging/a",
    ] {
        let error = store
            .stage(RECORD, path, "rows".into())
            .await
            .expect_err(path);
        assert_eq!(error.class, Class::Fatal, "{error}");
        store
            .create_control(path, "x".into())
            .await
            .expect_err(path);
    }
}

/// The probe neither refuses a good store nor leaves anything in it.
pub async fn a_good_store_passes_the_probe(lake: &dyn Subject) {
    let store = lake.open();
    store
        .probe()
        .await
        .expect("a store that keeps its promises");
    let left = store.list_control("_probe/", None, 10).await;
    assert_eq!(left.expect("list"), [""; 0]);
    assert_no_files(&*store).await;
}

/// No reader of the lake finds a file.
pub async fn assert_no_files(store: &dyn LakeStore) {
    assert_eq!(names(store.list_files("", None, 10).await), [""; 0]);
}

/// Makes a small file visible at `path`, and gives what was staged for it.
///
/// # Errors
/// Those of the store.
pub async fn publish(store: &dyn LakeStore, path: &str) -> Result<Staged, StoreError> {
    let staged = store.stage(RECORD, path, "rows".into()).await?;
    assert_eq!(store.publish(path, 4, &staged).await?, Published::Done);
    Ok(staged)
}

fn names(files: Result<Vec<LakeObject>, StoreError>) -> Vec<String> {
    files
        .expect("list")
        .into_iter()
        .map(|file| file.path)
        .collect()
}
