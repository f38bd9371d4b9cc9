mod interleaved;
mod lake;
mod service;

use proptest::prelude::*;
use sluicebox_parquet::Layout;

use self::interleaved::{Interleaved, run_interleaved};
use self::lake::{Lake, date};
use super::*;
use crate::catalog::{CatalogTable, TableKind};
use crate::memory::{Call, Fault, MemoryCatalog, Moment};

fn crawler(lake: &Lake, catalog: Arc<dyn Catalog>, prune: bool) -> Crawler {
    let policy = Policy {
        prune,
        statistics: true,
        projection_since: None,
    };
    let (store, map) = (Arc::new(lake.store.clone()), Arc::new(lake.clone()));
    Crawler::new(catalog, store, map, policy)
}

/// A crawler over an empty lake with the table `air.flights`.
pub(crate) fn any_crawler() -> Crawler {
    let catalog = Arc::new(MemoryCatalog::default());
    crawler(&Lake::new(Layout::Hive), catalog, false)
}

/// Its table.
pub(crate) fn flights_table() -> LakeTable {
    Lake::new(Layout::Hive).table()
}

async fn crawl_all(crawler: &Crawler) -> Vec<Plan> {
    let mut plans = Vec::new();
    for table in crawler.tables().await.expect("the lake answers") {
        let dates = crawler
            .dates(&table, Extent::All)
            .await
            .expect("the lake answers");
        plans.extend(
            crawler
                .crawl(&table, &dates)
                .await
                .expect("the catalog answers"),
        );
    }
    plans
}

async fn table(catalog: &dyn Catalog) -> CatalogTable {
    let table = catalog.table("air", "flights").await.expect("an answer");
    table.expect("the table")
}

async fn partitions(catalog: &dyn Catalog) -> Vec<crate::CatalogPartition> {
    let table = table(catalog).await;
    let dates = catalog.partition_dates(&table).await.expect("an answer");
    catalog.partitions(&table, &dates).await.expect("an answer")
}

/// The events may all be lost: table, partitions, columns and statistics come from the files alone,
/// in both layouts; markers, foreign and damaged files hide nothing. Then nothing is left to do.
#[tokio::test]
async fn the_catalog_is_made_from_the_files_alone() {
    for layout in [Layout::Hive, Layout::Plain] {
        let lake = Lake::new(layout);
        for (hour, columns) in [(0, "a:int"), (0, "a:int"), (5, "a:int,b:string")] {
            lake.write(hour, columns).await;
        }
        lake.put_foreign(0, "_SUCCESS", "").await;
        lake.put_foreign(0, "notes.txt", "hello").await;
        lake.put_foreign(0, "damaged.parquet", "PAR1 but not really PAR1")
            .await;
        let catalog = MemoryCatalog::default();
        let crawler = crawler(&lake, Arc::new(catalog.clone()), false);
        crawl_all(&crawler).await;
        let found = partitions(&catalog).await;
        let statistics: Vec<_> = found
            .iter()
            .map(|found| found.statistics.unwrap_or_default())
            .collect();
        assert_eq!(
            statistics
                .iter()
                .map(|s| (s.files, s.rows))
                .collect::<Vec<_>>(),
            [(2, 2), (1, 1)]
        );
        let folder = lake.table().partition_location(&date(5));
        assert_eq!(
            found.last().map(|found| found.location.as_str()),
            Some(folder.as_str())
        );
        assert_eq!(table(&catalog).await.columns.len(), 2);
        assert_eq!(crawl_all(&crawler).await, []);
    }
}

/// Appended columns, a widening and a late file of an old version, one after the other, each by a
/// crawler that knows only the partition that was touched.
#[tokio::test]
async fn a_table_evolves() {
    let lake = Lake::new(Layout::Hive);
    let catalog = MemoryCatalog::default();
    let crawler = crawler(&lake, Arc::new(catalog.clone()), false);
    for (hour, columns) in [
        (0, "a:int"),
        (1, "a:int,b:string"),
        (2, "a:bigint,b:string"),
        (0, "a:int"),
    ] {
        lake.write(hour, columns).await;
        crawler
            .crawl(&lake.table(), &[date(hour)])
            .await
            .expect("done");
    }
    let declared = table(&catalog).await.columns;
    let texts: Vec<_> = declared
        .iter()
        .map(|column| column.data_type.as_str())
        .collect();
    assert_eq!(texts, ["bigint", "string"]);
    for partition in partitions(&catalog).await {
        assert_eq!(partition.columns, declared, "{}", partition.date);
    }
}

/// The latest partitions are found wherever they lie in time, without all files being listed.
#[tokio::test]
async fn the_last_partitions_are_found() {
    let lake = Lake::new(Layout::Hive);
    for hour in [-500_000, 0, 7, 9, 400_000] {
        lake.write(hour, "a:int").await;
    }
    let crawler = crawler(&lake, Arc::new(MemoryCatalog::default()), false);
    let last = |extent| {
        let (crawler, table) = (&crawler, lake.table());
        async move {
            crawler
                .dates(&table, extent)
                .await
                .expect("the lake answers")
        }
    };
    assert_eq!(last(Extent::Last(1)).await, [date(400_000)]);
    assert_eq!(
        last(Extent::Last(3)).await,
        [date(7), date(9), date(400_000)]
    );
    assert_eq!(last(Extent::Last(100)).await.len(), 5);
    assert_eq!(last(Extent::Since(date(8))).await, [date(9), date(400_000)]);
}

/// A partition whose files are gone is dropped when that was asked for, and only then.
#[tokio::test]
async fn pruning_is_asked_for() {
    let lake = Lake::new(Layout::Hive);
    lake.write(1, "a:int").await;
    let catalog = MemoryCatalog::default();
    crawl_all(&crawler(&lake, Arc::new(catalog.clone()), false)).await;
    let gone = crate::CatalogPartition {
        date: date(0),
        location: lake.table().partition_location(&date(0)),
        columns: table(&catalog).await.columns,
        statistics: None,
    };
    assert!(catalog.put_partition("air", "flights", gone));
    crawl_all(&crawler(&lake, Arc::new(catalog.clone()), false)).await;
    assert_eq!(partitions(&catalog).await.len(), 2);
    crawl_all(&crawler(&lake, Arc::new(catalog.clone()), true)).await;
    let left: Vec<_> = partitions(&catalog)
        .await
        .iter()
        .map(|left| left.date)
        .collect();
    assert_eq!(left, [date(1)]);
}

/// Somebody makes a view under the table's name just before we would: it gets nothing from us.
#[tokio::test]
async fn a_table_made_meanwhile_by_somebody_else_is_left_alone() {
    let lake = Lake::new(Layout::Hive);
    lake.write(0, "a:int").await;
    let catalog = MemoryCatalog::default();
    let other = catalog.clone();
    let location = lake.table().location;
    let racing = catalog.with_faults(move |call: &Call<'_>| {
        if (call.operation, call.moment) == ("create_table", Moment::Before) {
            other.put_table(CatalogTable {
                database: "air".to_owned(),
                name: "flights".to_owned(),
                kind: TableKind::View,
                location: location.clone(),
                columns: Vec::new(),
                partition_keys: Vec::new(),
                input_format: String::new(),
                parameters: std::collections::BTreeMap::new(),
                owner: None,
                version: None,
            });
        }
        None
    });
    let crawler = crawler(&lake, Arc::new(racing.clone()), false);
    let dates = [date(0)];
    crawler
        .crawl(&lake.table(), &dates)
        .await
        .expect("refused, no error");
    assert_eq!(racing.calls().get("add_partitions"), None);
    let refused = crawler
        .plan(&lake.table(), &dates)
        .await
        .expect("a plan")
        .refused;
    assert_eq!(refused.len(), 1);
}

/// Lost replies and passing errors at any call: the crawl fails or not, and the next one ends where
/// an undisturbed one would.
#[tokio::test]
async fn a_fault_at_any_call_is_healed_by_the_next_crawl() {
    for moment in [Moment::Before, Moment::After] {
        for class in [Class::Retry, Class::Conflict] {
            for operation in ["table", "create_table", "partitions", "add_partitions"] {
                let lake = Lake::new(Layout::Hive);
                lake.write(0, "a:int").await;
                let catalog = MemoryCatalog::default();
                let failing = catalog.with_faults(move |call: &Call<'_>| {
                    (call.operation == operation && call.moment == moment)
                        .then_some(Fault::Error(class))
                });
                let disturbed = crawler(&lake, Arc::new(failing), false);
                if let Err(error) = disturbed.crawl(&lake.table(), &[date(0)]).await {
                    assert!(error.is_passing(), "{error}");
                }
                let healed = crawler(&lake, Arc::new(catalog.clone()), false);
                crawl_all(&healed).await;
                assert_eq!(partitions(&catalog).await.len(), 1);
                assert_eq!(crawl_all(&healed).await, []);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Two crawlers that see different partitions of one table at the same time, their calls in any
    /// order: no partition contradicts its table, nothing is lost that was there, and one more crawl
    /// leaves nothing to do.
    #[test]
    fn two_crawlers_do_no_harm(
        versions in prop::collection::vec(0usize..4, 2..6),
        schedule in prop::collection::vec(any::<bool>(), 0..64),
    ) {
        const VERSIONS: [&str; 4] = ["a:int", "a:int,b:string", "a:bigint", "a:int,c:float"];
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let lake = Lake::new(Layout::Hive);
            for (hour, version) in versions.iter().enumerate() {
                lake.write(i64::try_from(hour).expect("few"), VERSIONS[*version]).await;
            }
            let catalog = MemoryCatalog::default();
            let interleaved: Arc<dyn Catalog> = Arc::new(Interleaved(catalog.clone()));
            let crawlers = [0, 1].map(|_| crawler(&lake, Arc::clone(&interleaved), false));
            let hours: Vec<_> = (0..versions.len()).map(|hour| date(i64::try_from(hour).expect("few"))).collect();
            let (one, other) = hours.split_at(hours.len() / 2);
            let table_in_lake = lake.table();
            run_interleaved(
                &schedule,
                crawlers[0].crawl(&table_in_lake, one),
                crawlers[1].crawl(&table_in_lake, other),
            );
            let declared = table(&catalog).await.columns;
            for partition in partitions(&catalog).await {
                for column in &partition.columns {
                    prop_assert!(declared.contains(column), "{:?} {:?}", declared, partition);
                }
            }
            let undisturbed = crawler(&lake, Arc::new(catalog.clone()), true);
            crawl_all(&undisturbed).await;
            prop_assert_eq!(partitions(&catalog).await.len(), versions.len());
            prop_assert_eq!(crawl_all(&undisturbed).await, vec![]);
            Ok(())
        })?;
    }
}
