use sluicebox_tests::harness::eventually;

use super::World;
use super::world::V1;

/// Days of a month, hour by hour: as many partitions as files in each of two rounds.
const DAYS: u8 = 25;
const PARTITIONS: usize = DAYS as usize * 24;
const FILES: usize = 2 * PARTITIONS;

/// The metastore is asked by batches of partitions, not by files: a thousand of them cost it some
/// dozens of requests, whatever the cuts.
#[tokio::test(flavor = "multi_thread")]
async fn the_metastore_is_asked_by_batches() {
    let world = World::new().await;
    let hours = || (1..=DAYS).flat_map(|day| (0..24).map(move |hour| (day, hour)));
    let process = world.start(&["run", "-c", "{config}"], V1, "");
    for round in 1..=2 {
        world.produce_at(hours());
        eventually("all partitions tell their rows", async || {
            (world.catalog_answers().await? == PARTITIONS).then_some(())?;
            let rows: u64 = world.rows().await.iter().map(|(_, rows)| rows).sum();
            (rows == round * PARTITIONS as u64).then_some(())
        })
        .await;
    }
    let requests = process.metric("sluicebox_catalog_operations_total", &[]);
    println!("{requests} requests to the metastore for {FILES} files");
    assert!(requests * 1_000 / FILES as u64 <= 100, "{requests}");
}
