use super::World;
use super::world::{V1, texts};

/// Database, table and partitions appear by `run` alone, with their statistics, and grow with the
/// lake.
#[tokio::test(flavor = "multi_thread")]
async fn what_lands_appears() {
    let world = World::new().await;
    world.produce(&[5, 5, 7]);
    world.run(V1, "");
    let table = world.table().await;
    assert_eq!(
        table.location,
        format!("s3://{}/golden/{}/flights", world.bucket, world.database)
    );
    assert_eq!(
        texts(&table.columns),
        [
            "id:int",
            "at:timestamp",
            "_kafka:struct<topic:string,partition:int,offset:bigint,timestamp:timestamp>"
        ]
    );
    let first = [
        ("dt=2013-01-01/hour=05".to_owned(), 2),
        ("dt=2013-01-01/hour=07".to_owned(), 1),
    ];
    assert_eq!(world.rows().await, first);

    world.produce(&[5, 9]);
    world.run(V1, "");
    let grown = world.rows().await;
    assert_eq!(grown.len(), 3);
    assert_eq!(grown.first().map(|(_, rows)| *rows), Some(3));
}

/// The plain layout's folders are registered one by one.
#[tokio::test(flavor = "multi_thread")]
async fn the_plain_layout_has_locations() {
    let world = World {
        lake: "layout: plain",
        ..World::new().await
    };
    world.produce(&[5]);
    world.run(V1, "");
    let partitions = world.partitions().await;
    let [partition] = partitions.as_slice() else {
        panic!("{partitions:?}");
    };
    let folder = format!(
        "s3://{}/golden/golden/{}/2013/01/01/05",
        world.bucket, world.topic
    );
    assert_eq!(partition.location, folder);
}
