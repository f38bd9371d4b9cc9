use bytes::Bytes;
use sluicebox_pipeline::ports::{Class, LakeStore, Published, StoreError};
use sluicebox_types::Staged;

use super::{CHAIN, RECORD, Subject, assert_no_files, names, publish};

/// Staged bytes are nowhere to be seen; published, they are there.
pub async fn a_staged_file_is_invisible_until_published(lake: &dyn Subject) {
    let store = lake.open();
    let path = "air/flights/dt=2019-09-01/hour=01/a.parquet";
    let staged = store
        .stage(RECORD, path, "rows".into())
        .await
        .expect("stage");
    assert_eq!(store.read_file(path).await.expect("read"), None);
    assert_no_files(&*store).await;

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
        .stage(RECORD, "t/a.parquet", "rows".into())
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
        .stage(RECORD, "t/a.parquet", "rows".into())
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
        .stage(RECORD, "t/a.parquet", "rows".into())
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
    let staged = publish(&*store, "t/a.parquet").await.expect("publish");
    store
        .abandon("t/a.parquet", &staged)
        .await
        .expect("abandon");
    assert_eq!(
        store.read_file("t/a.parquet").await.expect("read"),
        Some("rows".into())
    );
}

/// Whoever sweeps takes nothing that a later record, or one of another chain, may still name, and
/// nothing that is visible.
pub async fn a_sweep_spares_what_a_record_may_name(lake: &dyn Subject) {
    let (one, other) = (lake.open(), lake.open());
    let published = publish(&*one, "t/published.parquet").await;
    published.expect("publish");
    let mut pending = Vec::new();
    for (record, path) in [
        (record(0, 2), "t/next.parquet"),
        (record(0, 1_000), "t/later.parquet"),
        (record(1, 1), "t/of-another-chain.parquet"),
    ] {
        let staged = one.stage(&record, path, "rows".into()).await;
        pending.push((path, staged.expect("stage")));
    }
    other.sweep(CHAIN, RECORD).await.expect("sweep");
    for (path, staged) in pending {
        let published = one.publish(path, 4, &staged).await.expect("publish");
        assert_eq!(published, Published::Done, "{path}");
    }
    let file = one.read_file("t/published.parquet").await.expect("read");
    assert_eq!(file, Some("rows".into()));
}

/// What a crash left behind goes once the record is there that it was staged for.
pub async fn a_sweep_takes_what_no_record_can_name(lake: &dyn Subject) {
    let store = lake.open();
    store.sweep(CHAIN, RECORD).await.expect("nothing to sweep");
    let mut left = Vec::new();
    for seq in [1, 999, 1_000, 2_000] {
        let staged = store
            .stage(&record(0, seq), "t/a.parquet", "rows".into())
            .await;
        left.push(staged.expect("stage"));
    }
    for _ in 0..2 {
        store.sweep(CHAIN, &record(0, 2_000)).await.expect("sweep");
    }
    for staged in left {
        let published = store.publish("t/a.parquet", 4, &staged).await;
        assert_eq!(published.expect("publish"), Published::StagedDataGone);
    }
}

/// What is staged for the records of one chain is listed by the names that records give it, until
/// it is published; or the store says that it cannot.
pub async fn what_is_staged_is_listed_where_it_can_be(lake: &dyn Subject) {
    let store = lake.open();
    let mut staged = Vec::new();
    for (record, path) in [
        (record(0, 1), "t/a.parquet"),
        (record(0, 2), "t/b.parquet"),
        (record(1, 1), "t/of-another-chain.parquet"),
    ] {
        let data = store.stage(&record, path, "rows".into()).await;
        staged.push(data.expect("stage"));
    }
    let list = async |after: Option<&str>, limit| {
        let listed = store.list_staged(CHAIN, after, limit).await.expect("list");
        listed.map(|files| files.into_iter().map(|file| file.path).collect::<Vec<_>>())
    };
    let Some(listed) = list(None, 10).await else {
        return;
    };
    let names: Vec<_> = staged.iter().filter_map(name_of).collect();
    assert_eq!(listed, names[..2]);
    assert_eq!(list(None, 1).await.as_deref(), Some(&listed[..1]));
    let rest = list(Some(listed[0].as_str()), 10).await;
    assert_eq!(rest.as_deref(), Some(&listed[1..]));
    let published = store.publish("t/a.parquet", 4, &staged[0]).await;
    assert_eq!(published.expect("publish"), Published::Done);
    assert_eq!(list(None, 10).await.as_deref(), Some(&listed[1..]));
}

fn name_of(staged: &Staged) -> Option<&str> {
    match staged {
        Staged::File { path } => Some(path),
        Staged::Multipart { .. } => None,
    }
}

/// The path of a chain's record.
fn record(partition: i32, seq: u64) -> String {
    let folder = seq / 1_000;
    format!("p/t/p{partition:05}/c/{folder:017}/{seq:020}.json")
}

/// A file of another size where a published one should be is an error with both sizes.
pub async fn a_stranger_in_a_files_place_is_not_ours(lake: &dyn Subject) {
    let store = lake.open();
    let stranger = store
        .stage(RECORD, "t/a.parquet", "something".into())
        .await
        .expect("stage");
    store
        .publish("t/a.parquet", 9, &stranger)
        .await
        .expect("publish");
    let lost = store
        .stage(RECORD, "t/a.parquet", "rows".into())
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
        let staged = store
            .stage(RECORD, &path, bytes.clone().into())
            .await
            .expect("stage");
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

async fn files(store: &dyn LakeStore, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let files = store.list_files(prefix, None, 100).await?;
    Ok(files
        .into_iter()
        .map(|file| (file.path, file.bytes))
        .collect())
}

/// A part of a file is read alone; a part that the file does not have is an error, not fewer bytes.
pub async fn a_part_of_a_file_is_those_bytes(lake: &dyn Subject) {
    let store = lake.open();
    publish(&*store, "t/a.parquet").await.expect("publish");
    for (range, part) in [(0..4, "rows"), (1..3, "ow"), (3..4, "s"), (2..2, "")] {
        let read = store.read_range("t/a.parquet", range.clone()).await;
        assert_eq!(read.expect("read"), Some(part.into()), "{range:?}");
    }
    store
        .read_range("t/a.parquet", 2..5)
        .await
        .expect_err("the file is shorter");
    assert_eq!(
        store.read_range("t/b.parquet", 0..1).await.expect("read"),
        None
    );
}
