//! What every implementation of [`LakeStore`] must keep, as tests: the one suite for local disk,
//! S3 and memory. [`conformance_tests!`](crate::conformance_tests) makes a test of each rule.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use sluicebox_pipeline::ports::{Class, LakeStore, Published, StoreError};
use sluicebox_types::Staged;

/// An empty lake that several handles can be opened on, as several processes do.
pub trait Subject: Sync {
    /// A handle of its own on the lake.
    fn open(&self) -> Arc<dyn LakeStore>;
}

/// Makes a test of each rule of the port, or of those that are named. `$subject` is an expression
/// for a future of a [`Subject`]: a new lake for each test.
///
/// `files_are_listed_in_byte_order_of_their_paths` stands apart: S3 promises it, and servers that
/// keep folders (SeaweedFS) list folder by folder. Nothing rests on it but the reports of `verify`.
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
            abandoned_data_is_gone
            abandoning_spares_what_is_published
            a_stranger_in_a_files_place_is_not_ours
            files_of_any_size_come_back_whole
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

/// `Ok` of a create means that the path was free; the loser leaves the object as it is.
pub async fn a_path_is_created_once(lake: &dyn Subject) {
    let (one, other) = (lake.open(), lake.open());
    one.create_control("p/c/1", "one".into())
        .await
        .expect("the path is free");
    let error = other
        .create_control("p/c/1", "other".into())
        .await
        .expect_err("it is taken");
    assert_eq!(
        error.class,
        Class::Retry,
        "losing is no fault of the store: {error}"
    );
    assert_eq!(
        one.get_control("p/c/1").await.expect("get"),
        Some("one".into())
    );
}

/// Of 8 creates at once exactly one wins, and its bytes are what is read.
pub async fn one_of_racing_creates_wins(lake: &dyn Subject) {
    let racers: Vec<_> = (0..8)
        .map(|racer| (lake.open(), Bytes::from(racer.to_string())))
        .collect();
    for round in 0..10 {
        let path = format!("race/{round}");
        let creates = racers
            .iter()
            .map(|(store, bytes)| store.create_control(&path, bytes.clone()));
        let answers = join_all(creates).await;
        let winners: Vec<_> = racers
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| answer.is_ok())
            .collect();
        assert_eq!(winners.len(), 1, "round {round}: {answers:?}");
        let object = lake.open().get_control(&path).await.expect("get");
        assert_eq!(
            object.as_ref(),
            winners.first().map(|((_, bytes), _)| bytes)
        );
    }
}

/// Nothing is `None` or an empty list, not an error, even where no folder exists yet.
pub async fn a_missing_object_is_none(lake: &dyn Subject) {
    let store = lake.open();
    assert_eq!(
        store.get_control("no/such/object").await.expect("get"),
        None
    );
    assert_eq!(
        store.read_file("no/such/file.parquet").await.expect("read"),
        None
    );
    assert!(
        store
            .list_control("no/such/", None, 10)
            .await
            .expect("list")
            .is_empty()
    );
    assert!(
        store
            .list_files("", None, 10)
            .await
            .expect("list")
            .is_empty()
    );
}

/// A cursor is what its owner wrote last.
pub async fn a_replaced_object_is_the_last_one(lake: &dyn Subject) {
    let store = lake.open();
    for text in ["a long first text", "second"] {
        store
            .put_control("notify/cursor", text.into())
            .await
            .expect("put");
        assert_eq!(
            store.get_control("notify/cursor").await.expect("get"),
            Some(text.into())
        );
    }
    assert_eq!(
        store.list_control("notify/", None, 10).await.expect("list"),
        ["notify/cursor"]
    );
}

/// The chain is found by `after` and `limit`: strictly after, in order, the first ones.
pub async fn a_listing_is_ascending_after_and_limited(lake: &dyn Subject) {
    let store = lake.open();
    for name in ["10", "02", "01", "2", "11"] {
        store
            .create_control(&format!("t/c/{name}"), "x".into())
            .await
            .expect("create");
    }
    let list = async |after, limit| {
        store
            .list_control("t/c/", after, limit)
            .await
            .expect("list")
    };
    assert_eq!(
        list(None, 10).await,
        ["t/c/01", "t/c/02", "t/c/10", "t/c/11", "t/c/2"]
    );
    assert_eq!(
        list(Some("t/c/02"), 10).await,
        ["t/c/10", "t/c/11", "t/c/2"]
    );
    assert_eq!(
        list(Some("t/c/05"), 2).await[..2],
        ["t/c/10", "t/c/11"],
        "after a missing name"
    );
    assert!(list(Some("t/c/2"), 10).await.is_empty());
    assert_eq!(
        list(None, 1).await.first().map(String::as_str),
        Some("t/c/01")
    );
}

/// More names than a store gives per page.
pub async fn a_long_listing_is_whole(lake: &dyn Subject) {
    let store = lake.open();
    let names: Vec<String> = (0..1_100)
        .map(|name| format!("long/c/{name:020}"))
        .collect();
    for batch in names.chunks(50) {
        let creates = batch
            .iter()
            .map(|name| store.create_control(name, "x".into()));
        for answer in join_all(creates).await {
            answer.expect("create");
        }
    }
    assert_eq!(
        store
            .list_control("long/c/", None, 2_000)
            .await
            .expect("list"),
        names
    );
    let rest = store
        .list_control("long/c/", names.get(49).map(String::as_str), 2_000)
        .await;
    assert_eq!(rest.expect("list"), names.get(50..).expect("1,050 names"));
}

/// `p/` is not the beginning of `p2/`.
pub async fn a_listing_stays_below_its_prefix(lake: &dyn Subject) {
    let store = lake.open();
    for path in ["p/c/1", "p2/c/1", "p/d/1", "p/c/sub/1"] {
        store
            .create_control(path, "x".into())
            .await
            .expect("create");
    }
    assert_eq!(
        store.list_control("p/c/", None, 10).await.expect("list"),
        ["p/c/1", "p/c/sub/1"]
    );
    assert_eq!(
        store.list_control("p/", None, 10).await.expect("list"),
        ["p/c/1", "p/c/sub/1", "p/d/1"]
    );
}

/// Staged bytes are nowhere to be seen; published, they are there.
pub async fn a_staged_file_is_invisible_until_published(lake: &dyn Subject) {
    let store = lake.open();
    let path = "air/flights/dt=2019-09-01/hour=01/a.parquet";
    let staged = store.stage(path, "rows".into()).await.expect("stage");
    assert_eq!(store.read_file(path).await.expect("read"), None);
    assert!(
        store
            .list_files("", None, 10)
            .await
            .expect("list")
            .is_empty()
    );

    assert_eq!(
        store.publish(path, 4, &staged).await.expect("publish"),
        Published::Done
    );
    assert_eq!(
        store.read_file(path).await.expect("read"),
        Some("rows".into())
    );
    assert_eq!(
        files(&*store, "").await.expect("list"),
        [(path.to_owned(), 4)]
    );
}

/// Recovery publishes what may be published already.
pub async fn publishing_again_changes_nothing(lake: &dyn Subject) {
    let (one, other) = (lake.open(), lake.open());
    let staged = one
        .stage("t/a.parquet", "rows".into())
        .await
        .expect("stage");
    for store in [&one, &other, &one] {
        let published = store
            .publish("t/a.parquet", 4, &staged)
            .await
            .expect("publish");
        assert_eq!(published, Published::Done);
    }
    assert_eq!(
        one.read_file("t/a.parquet").await.expect("read"),
        Some("rows".into())
    );
    assert_eq!(
        files(&*one, "").await.expect("list"),
        [("t/a.parquet".to_owned(), 4)]
    );
}

/// A writer that died between stage and publish leaves all that another one needs.
pub async fn another_handle_publishes_after_a_crash(lake: &dyn Subject) {
    let staged = lake
        .open()
        .stage("t/a.parquet", "rows".into())
        .await
        .expect("stage");
    let heir = lake.open();
    let published = heir
        .publish("t/a.parquet", 4, &staged)
        .await
        .expect("publish");
    assert_eq!(published, Published::Done);
    assert_eq!(
        heir.read_file("t/a.parquet").await.expect("read"),
        Some("rows".into())
    );
}

/// After abandoning there is nothing to publish, and that is said, not hidden.
pub async fn abandoned_data_is_gone(lake: &dyn Subject) {
    let store = lake.open();
    let staged = store
        .stage("t/a.parquet", "rows".into())
        .await
        .expect("stage");
    for _ in 0..2 {
        store
            .abandon("t/a.parquet", &staged)
            .await
            .expect("abandon");
    }
    let published = store
        .publish("t/a.parquet", 4, &staged)
        .await
        .expect("publish");
    assert_eq!(published, Published::StagedDataGone);
    assert_eq!(store.read_file("t/a.parquet").await.expect("read"), None);
}

/// A late abandon of a published attempt takes no file away.
pub async fn abandoning_spares_what_is_published(lake: &dyn Subject) {
    let store = lake.open();
    let staged = store
        .stage("t/a.parquet", "rows".into())
        .await
        .expect("stage");
    store
        .publish("t/a.parquet", 4, &staged)
        .await
        .expect("publish");
    store
        .abandon("t/a.parquet", &staged)
        .await
        .expect("abandon");
    assert_eq!(
        store.read_file("t/a.parquet").await.expect("read"),
        Some("rows".into())
    );
}

/// A file of another size where a published one should be is an error with both sizes.
pub async fn a_stranger_in_a_files_place_is_not_ours(lake: &dyn Subject) {
    let store = lake.open();
    let stranger = store
        .stage("t/a.parquet", "something".into())
        .await
        .expect("stage");
    store
        .publish("t/a.parquet", 9, &stranger)
        .await
        .expect("publish");
    let lost = store
        .stage("t/a.parquet", "rows".into())
        .await
        .expect("stage");
    store.abandon("t/a.parquet", &lost).await.expect("abandon");
    let error = store
        .publish("t/a.parquet", 4, &lost)
        .await
        .expect_err("another file is there");
    assert_eq!(error.class, Class::Fatal);
    assert!(
        error.message.contains('9') && error.message.contains('4'),
        "{error}"
    );
}

/// Empty, small, and larger than one part of an upload.
pub async fn files_of_any_size_come_back_whole(lake: &dyn Subject) {
    let store = lake.open();
    for size in [0_usize, 1, 17 * 1024 * 1024] {
        let bytes: Bytes = (0..size)
            .map(|i| u8::try_from(i % 251).unwrap_or(0))
            .collect();
        let path = format!("t/{size}.parquet");
        let staged = store.stage(&path, bytes.clone()).await.expect("stage");
        store
            .publish(&path, size as u64, &staged)
            .await
            .expect("publish");
        let read = store.read_file(&path).await.expect("read");
        assert!(
            read == Some(bytes),
            "{size} bytes came back as {:?}",
            read.map(|read| read.len())
        );
    }
}

/// `a-b/` stands before `a/`, as their bytes do.
pub async fn files_are_listed_in_byte_order_of_their_paths(lake: &dyn Subject) {
    let store = lake.open();
    let mut paths = UNEVEN;
    for path in paths {
        publish(&*store, path).await.expect("publish");
    }
    paths.sort_unstable();
    assert_eq!(names(store.list_files("", None, 10).await), paths);
    assert_eq!(
        names(store.list_files("a/", None, 10).await),
        ["a/b/x.parquet", "a/x.parquet"]
    );
}

/// Whoever goes on after the last path of a page sees each file once.
pub async fn paging_misses_nothing(lake: &dyn Subject) {
    let store = lake.open();
    for path in UNEVEN {
        publish(&*store, path).await.expect("publish");
    }
    let mut paged: Vec<String> = Vec::new();
    loop {
        let page = names(
            store
                .list_files("", paged.last().map(String::as_str), 2)
                .await,
        );
        assert!(page.len() <= 2, "a page of {page:?}");
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    let mut paths = UNEVEN;
    paths.sort_unstable();
    paged.sort_unstable();
    assert_eq!(paged, paths);
}

/// Paths whose order by folder is not the order of their bytes.
const UNEVEN: [&str; 5] = [
    "a/x.parquet",
    "a-b/x.parquet",
    "a/b/x.parquet",
    "a.parquet",
    "b/x.parquet",
];

/// The two trees do not mix.
pub async fn control_objects_are_no_files(lake: &dyn Subject) {
    let store = lake.open();
    store
        .create_control("p/c/1", "x".into())
        .await
        .expect("create");
    publish(&*store, "t/a.parquet").await.expect("publish");
    store
        .stage("t/b.parquet", "rows".into())
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
        let error = store.stage(path, "rows".into()).await.expect_err(path);
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
    assert!(
        store
            .list_control("_probe/", None, 10)
            .await
            .expect("list")
            .is_empty()
    );
    assert!(
        store
            .list_files("", None, 10)
            .await
            .expect("list")
            .is_empty()
    );
}

async fn publish(store: &dyn LakeStore, path: &str) -> Result<Staged, StoreError> {
    let staged = store.stage(path, "rows".into()).await?;
    assert_eq!(store.publish(path, 4, &staged).await?, Published::Done);
    Ok(staged)
}

async fn files(store: &dyn LakeStore, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let files = store.list_files(prefix, None, 100).await?;
    Ok(files
        .into_iter()
        .map(|file| (file.path, file.bytes))
        .collect())
}

fn names(files: Result<Vec<sluicebox_pipeline::ports::LakeObject>, StoreError>) -> Vec<String> {
    files
        .expect("list")
        .into_iter()
        .map(|file| file.path)
        .collect()
}
