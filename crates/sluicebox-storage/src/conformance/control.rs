use bytes::Bytes;
use futures::future::join_all;
use sluicebox_pipeline::ports::Class;

use super::{Subject, assert_no_files};

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
    join_all((0..10).map(|round| race(lake, format!("race/{round}")))).await;
}

async fn race(lake: &dyn Subject, path: String) {
    let racers: Vec<_> = (0..8)
        .map(|racer| (lake.open(), Bytes::from(racer.to_string())))
        .collect();
    let creates = racers
        .iter()
        .map(|(store, bytes)| store.create_control(&path, bytes.clone()));
    let answers = join_all(creates).await;
    let winners: Vec<_> = racers
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.is_ok())
        .map(|((_, bytes), _)| bytes)
        .collect();
    assert_eq!(winners.len(), 1, "{path}: {answers:?}");
    let object = lake.open().get_control(&path).await.expect("get");
    assert_eq!(object.as_ref(), winners.first().copied(), "{path}");
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
    let found = store.list_control("no/such/", None, 10).await;
    assert_eq!(found.expect("list"), [""; 0]);
    assert_no_files(&*store).await;
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
