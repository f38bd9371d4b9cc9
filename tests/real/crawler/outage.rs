use sluicebox_tests::harness::{Metastore, MetastoreVersion, eventually, s3};

use super::World;
use super::world::V1;

/// A metastore that is away, or takes connections and answers nothing, keeps no record from the lake;
/// when it is back, the catalog follows by itself.
#[tokio::test(flavor = "multi_thread")]
async fn ingestion_does_not_wait_for_the_metastore() {
    let mut metastore = Metastore::start(MetastoreVersion::V3, s3());
    let world = World::on(metastore.uri()).await;
    metastore.kill();
    world.produce(&[1, 2]);
    let run = world.start(&["run", "-c", "{config}"], V1, "scan: { every: 1s }");
    eventually(
        "both records are committed while the metastore is away",
        async || {
            let (_, status) = run.console("/api/v1/status")?;
            status.contains(r#""golden":2"#).then_some(())
        },
    )
    .await;
    let (code, reasons) = run.console("/readyz").expect("an answer");
    assert_eq!(code, 200, "{reasons}");
    let service = world.start(
        &["crawler", "run", "-c", "{config}"],
        V1,
        "scan: { every: 1s }",
    );
    eventually("the service says what it waits for", async || {
        let (_, reasons) = service.console("/readyz")?;
        reasons.contains("catalog ").then_some(())
    })
    .await;
    metastore.restart();
    eventually("the catalog follows", async || {
        let found = world.catalog_answers().await?;
        (found == 2).then_some(())
    })
    .await;
    eventually("the service is ready", async || {
        service.console("/readyz").filter(|(code, _)| *code == 200)
    })
    .await;

    metastore.freeze();
    world.produce(&[3]);
    eventually(
        "a record is committed while nothing is answered",
        async || {
            let (_, status) = run.console("/api/v1/status")?;
            status.contains(r#""golden":3"#).then_some(())
        },
    )
    .await;
    metastore.thaw();
    eventually("the catalog follows again", async || {
        let found = world.catalog_answers().await?;
        (found == 3).then_some(())
    })
    .await;
}
