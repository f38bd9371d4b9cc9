use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sluicebox_pipeline::Readiness;
use sluicebox_types::SystemClock;
use tokio::sync::{Notify, mpsc};

use super::*;

/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(60);

/// Several tables of one lake.
#[derive(Clone, Debug)]
struct Tables([Lake; 4]);

impl TableMap for Tables {
    fn parents(&self) -> Vec<String> {
        vec!["air".to_owned()]
    }

    fn table(&self, folder: &str) -> Option<LakeTable> {
        self.0.iter().find_map(|lake| TableMap::table(lake, folder))
    }
}

impl Tables {
    /// Each with one file.
    async fn new(names: [&'static str; 4]) -> Self {
        let lake = Lake::new(Layout::Hive);
        let tables = names.map(|name| lake.with(name));
        for table in &tables {
            table.write(0, "a:int").await;
        }
        Self(tables)
    }

    fn touches(&self) -> mpsc::Receiver<Touch> {
        let (touches, inbox) = mpsc::channel(self.0.len());
        for table in &self.0 {
            let touch = Touch {
                folder: table.table().folder,
                date: date(0),
                committed_millis: None,
                receipt: None,
            };
            touches.try_send(touch).expect("room");
        }
        inbox
    }

    fn service(&self, catalog: MemoryCatalog, readiness: &Arc<Readiness>) -> CrawlerService {
        let store = Arc::new(self.0[0].store.clone());
        let map = Arc::new(self.clone());
        CrawlerService {
            crawler: Arc::new(Crawler::new(
                Arc::new(catalog),
                store,
                map,
                Policy::default(),
            )),
            settings: ServiceSettings {
                coalesce: Duration::ZERO,
                scan_every: None,
                scan_last: 0,
            },
            clock: Arc::new(SystemClock::new()),
            jitter: Arc::new(|| 0.0),
            readiness: Arc::clone(readiness),
        }
    }
}

/// A catalog that gives no answer about one table, refuses another, and does a third only at the
/// third try, keeps nobody from the fourth. The one that waits for a person is named; the third is
/// done without being told of again.
#[tokio::test]
async fn a_bad_table_holds_up_no_other() {
    let tables = Tables::new(["asleep", "refused", "flaky", "flights"]).await;
    let added = Arc::new((Mutex::new(Vec::new()), Notify::new()));
    let (told, asked) = (Arc::clone(&added), AtomicU32::new(0));
    let catalog = MemoryCatalog::default().with_faults(move |call: &Call<'_>| {
        match (call.table, call.operation, call.moment) {
            ("asleep", ..) => Some(Fault::Hang),
            ("refused", ..) => Some(Fault::Error(Class::Fatal)),
            ("flaky", "table", Moment::Before) if asked.fetch_add(1, Ordering::Relaxed) < 2 => {
                Some(Fault::Error(Class::Retry))
            }
            (table, "add_partitions", Moment::After) => {
                told.0.lock().push(table.to_owned());
                told.1.notify_one();
                None
            }
            _ => None,
        }
    });
    let readiness = Arc::new(Readiness::default());
    let service = tables.service(catalog, &readiness);
    let both_are_added = async {
        while added.0.lock().len() < 2 {
            added.1.notified().await;
        }
    };
    let working = async {
        tokio::select! {
            () = service.run(tables.touches(), std::future::pending()) => {}
            () = both_are_added => {}
        }
    };
    let worked = tokio::time::timeout(END, working).await;
    worked.expect("the good and the flaky table within a minute");
    assert_eq!(*added.0.lock(), ["flights", "flaky"]);
    let waiting = readiness.reasons();
    let is_named = |name: &str| waiting.iter().any(|(waiting, _)| waiting == name);
    assert!(is_named("catalog air.refused"), "{waiting:?}");
    assert!(!is_named("catalog air.flights"), "{waiting:?}");
}
