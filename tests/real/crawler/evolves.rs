use super::World;
use super::world::{V1, V2, texts};

/// A new column and a wider one: the wider one reaches every partition, the new one those that have
/// it, also where late rows bring it to an old date.
#[tokio::test(flavor = "multi_thread")]
async fn columns_come_and_widen() {
    let world = World::new().await;
    world.produce(&[5, 6]);
    world.run(V1, "");
    world.produce(&[5, 8]);
    world.run(V2, "");
    let declared = texts(&world.table().await.columns);
    assert_eq!(declared.first().map(String::as_str), Some("id:bigint"));
    assert_eq!(declared.last().map(String::as_str), Some("carrier:string"));
    for partition in world.partitions().await {
        let columns = texts(&partition.columns);
        assert_eq!(columns.first(), declared.first(), "{}", partition.date);
        let is_new = partition.date.to_string() != "dt=2013-01-01/hour=06";
        assert!(
            columns == declared || !is_new,
            "{}: {columns:?}",
            partition.date
        );
    }
    assert_eq!(
        world.crawler("plan", "").1["changes"],
        serde_json::json!([])
    );
}
