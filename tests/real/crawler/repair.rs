use serde_json::json;
use sluicebox_catalog::{Catalog, CatalogPartition};
use sluicebox_tests::harness::eventually;
use sluicebox_types::{Clock, SystemClock};

use super::World;
use super::world::V1;

/// 2013-01-01T02:30:00Z.
const IN_HOUR_2_MILLIS: i64 = 1_357_007_400_000;

/// Nobody was told of anything: `plan` says what is missing and changes nothing, `crawl` does it,
/// and then there is nothing left to do.
#[tokio::test(flavor = "multi_thread")]
async fn the_lake_alone_suffices() {
    let world = World::new().await;
    world.land(&[1, 2, 3]);
    let (code, planned) = world.crawler("plan", "");
    assert_eq!((code, planned["refused"].clone()), (Some(0), json!([])));
    assert_eq!(
        planned["changes"].as_array().map(Vec::len),
        Some(2),
        "{planned}"
    );
    assert_eq!(world.find().await, None);
    let (code, _) = world.crawler("crawl", "");
    assert_eq!((code, world.rows().await.len()), (Some(0), 3));
    let (code, planned) = world.crawler("plan", "");
    assert_eq!((code, planned["changes"].clone()), (Some(0), json!([])));
}

/// A part of the lake can be asked for: one table, the latest partitions. A table that is not there is
/// answered with those that are.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_can_be_asked_for() {
    let world = World::new().await;
    world.land(&[1, 2, 3]);
    let table = format!("{}.flights", world.database);
    let output = world.crawler_output(&["crawl", "--table", "air.ships"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    let words = format!("no files of a configured table air.ships; it has {table}");
    assert!(!output.status.success() && said.contains(&words), "{said}");

    let age_millis = SystemClock::new().now_millis() - IN_HOUR_2_MILLIS;
    let since = format!("{}s", age_millis / 1_000);
    for (more, partitions) in [(vec!["--since", &since], 2), (vec![], 3)] {
        let arguments = [vec!["crawl", "--table", &table], more].concat();
        let output = world.crawler_output(&arguments, "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert_eq!(world.partitions().await.len(), partitions, "{arguments:?}");
    }
}

/// The service finds by itself what nobody told it of.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_looks_by_itself() {
    let world = World::new().await;
    world.land(&[1]);
    let mut service = world.start(
        &["crawler", "run", "-c", "{config}"],
        V1,
        "scan: { every: 1s }",
    );
    eventually("the table is there", async || world.find().await).await;
    world.land(&[2]);
    eventually("the second partition is there", async || {
        (world.partitions().await.len() == 2).then_some(())
    })
    .await;
    service.terminate();
    assert_eq!(
        service.wait(std::time::Duration::from_secs(60)),
        0,
        "{}",
        service.log()
    );
}

/// A partition whose files are gone stays until somebody asks for it to be dropped.
#[tokio::test(flavor = "multi_thread")]
async fn empty_partitions_go_when_asked() {
    let world = World::new().await;
    world.land(&[1, 2]);
    assert_eq!(world.crawler("crawl", "").0, Some(0));
    let table = world.table().await;
    let gone = CatalogPartition {
        date: "dt=2013-01-01/hour=00".parse().expect("a date"),
        location: format!("{}/dt=2013-01-01/hour=00", table.location),
        columns: table.columns.clone(),
        statistics: None,
    };
    world
        .catalog
        .add_partitions(&table, &[gone])
        .await
        .expect("added");
    assert_eq!(world.crawler("crawl", "").0, Some(0));
    assert_eq!(world.partitions().await.len(), 3);
    assert_eq!(world.crawler("crawl", "prune: true").0, Some(0));
    assert_eq!(world.rows().await.len(), 2);
}
