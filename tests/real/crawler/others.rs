use sluicebox_catalog::{Catalog, CatalogPartition, CatalogTable, TableKind};

use super::World;

/// Tables that somebody else made under our name stay exactly as they are, and the command says why.
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_others_are_left_alone() {
    type Change = fn(&mut CatalogTable);
    let changes: [(&str, Change); 5] = [
        ("a managed table", |table| {
            table.kind = TableKind::Managed;
            table.parameters.remove("EXTERNAL");
        }),
        ("a view", |table| table.kind = TableKind::View),
        ("made by somebody else", |table| {
            table
                .parameters
                .retain(|name, _| !name.starts_with("sluicebox."));
        }),
        ("its location is", |table| {
            table.location = table.location.replace("/golden/", "/other/");
        }),
        ("`id` is int", |table| {
            for column in &mut table.columns {
                if column.name == "id" {
                    column.data_type = "string".to_owned();
                }
            }
        }),
    ];
    let ours = World::new().await;
    ours.land(&[1]);
    assert_eq!(ours.crawler("crawl", "").0, Some(0));
    let made = ours.table().await;
    for (words, change) in changes {
        let world = World::new().await;
        world.land(&[1]);
        let mut theirs = CatalogTable {
            database: world.database.clone(),
            location: format!("s3://{}/golden/{}/flights", world.bucket, world.database),
            ..made.clone()
        };
        change(&mut theirs);
        world.catalog.create_table(&theirs).await.expect("made");
        let before = world.table().await;
        let (code, report) = world.crawler("crawl", "prune: true");
        let refused = report["refused"][0].as_str().unwrap_or_default();
        assert!(refused.contains(words), "{words}: {report}");
        assert_eq!((code, world.table().await), (Some(1), before), "{words}");
        assert_eq!(world.partitions().await, []);
    }
}

/// A partition that somebody pointed elsewhere stays there, and the command says so; its neighbours
/// are added.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_elsewhere_stays_there() {
    let world = World::new().await;
    world.land(&[1]);
    assert_eq!(world.crawler("crawl", "").0, Some(0));
    let table = world.table().await;
    let elsewhere = CatalogPartition {
        date: "dt=2013-01-01/hour=02".parse().expect("a date"),
        location: format!("s3://{}/compacted/02", world.bucket),
        columns: table.columns.clone(),
        statistics: None,
    };
    let added = world
        .catalog
        .add_partitions(&table, std::slice::from_ref(&elsewhere));
    added.await.expect("added");
    world.land(&[2, 3]);
    let (code, report) = world.crawler("crawl", "");
    let refused = report["refused"][0].as_str().unwrap_or_default();
    assert!(refused.contains(&elsewhere.location), "{report}");
    let partitions = world.partitions().await;
    let locations = partitions
        .iter()
        .map(|partition| partition.location.as_str());
    let ours = |hour| format!("{}/dt=2013-01-01/hour={hour}", table.location);
    let expected = [ours("01"), elsewhere.location, ours("03")];
    assert_eq!(
        (code, locations.collect::<Vec<_>>()),
        (Some(1), expected.iter().map(String::as_str).collect())
    );
}
