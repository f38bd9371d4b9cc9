use sluicebox_catalog::Catalog as _;
use sluicebox_catalog::glue::{GlueCatalog, GlueCredentials, GlueSettings};
use sluicebox_tests::harness::moto;

use super::World;
use super::world::{V1, V2, texts};

/// On Glue, as moto imitates it, tables appear and grow by `run` as they do on a Hive metastore.
#[tokio::test(flavor = "multi_thread")]
async fn what_lands_appears_in_glue() {
    let endpoint = tokio::task::block_in_place(|| moto().endpoint.clone());
    let world = World {
        section: format!(
            "{{ glue: {{ region: us-east-1, endpoint: \"{endpoint}\", allow_http: true, \
             access_key_id: id, secret_access_key: secret }} }}"
        ),
        ..World::new().await
    };
    world.produce(&[5, 5, 7]);
    world.run(V1, "");
    world.produce(&[9]);
    world.run(V2, "");

    let settings = GlueSettings {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint),
        allow_http: true,
        credentials: Some(GlueCredentials {
            access_key_id: "id".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        }),
        ..GlueSettings::default()
    };
    let glue = GlueCatalog::open(&settings).await.expect("settings");
    let found = glue.table(&world.database, "flights").await;
    let table = found.expect("an answer").expect("the table");
    let kafka = "_kafka:struct<topic:string,partition:int,offset:bigint,timestamp:timestamp>";
    let columns = ["id:bigint", "at:timestamp", kafka, "carrier:string"];
    assert_eq!(texts(&table.columns), columns);
    let dates = glue.partition_dates(&table).await.expect("dates");
    let partitions = glue.partitions(&table, &dates).await.expect("partitions");
    let rows = partitions.iter().map(|partition| {
        let statistics = partition.statistics.expect("statistics");
        assert_eq!(partition.columns.first(), table.columns.first(), "cascade");
        (partition.date.to_string(), statistics.rows)
    });
    let expected = [("05", 2), ("07", 1), ("09", 1)]
        .map(|(hour, rows)| (format!("dt=2013-01-01/hour={hour}"), rows));
    assert_eq!(rows.collect::<Vec<_>>(), expected);
}
