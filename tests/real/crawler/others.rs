use sluicebox_catalog::{Catalog, CatalogTable};

use super::World;

/// Tables that somebody else made under our name stay exactly as they are, and the command says why.
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_others_are_left_alone() {
    type Change = fn(&mut CatalogTable);
    let changes: [(&str, Change); 3] = [
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
