use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use parking_lot::Mutex;
use sluicebox_types::ManualClock;

use super::*;
use crate::memory::{Call, MemoryTree, Moment};

/// What was told to metrics, by name and labels.
#[derive(Default)]
struct Told(Arc<Mutex<BTreeMap<String, f64>>>);

/// One metric of it.
struct Cell(String, Arc<Mutex<BTreeMap<String, f64>>>);

impl Cell {
    fn add(&self, value: f64) {
        *self.1.lock().entry(self.0.clone()).or_default() += value;
    }
}

impl CounterFn for Cell {
    fn increment(&self, _value: u64) {
        self.add(1.0);
    }

    fn absolute(&self, _value: u64) {}
}

impl HistogramFn for Cell {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Told {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels = key
            .labels()
            .map(|label| format!(" {}={}", label.key(), label.value()));
        let name = key.name().to_owned() + &labels.collect::<String>();
        Arc::new(Cell(name, Arc::clone(&self.0)))
    }
}

impl Recorder for Told {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

/// Every call is counted under its operation and outcome and timed under its operation, a refused
/// one too; its error names operation and address.
#[test]
fn calls_are_counted_and_timed() {
    let clock = Arc::new(ManualClock::default());
    let turned = Arc::clone(&clock);
    let turning = move |call: &Call<'_>| {
        if call.moment == Moment::Before {
            turned.advance(Duration::from_millis(250));
        }
        None
    };
    let control = MemoryTree::new("memory://control").with_faults(Arc::new(turning));
    let store = Store::new(MemoryTree::new("memory://lake"), control, clock);
    let told = Told::default();
    let calls = async {
        let create = |path| store.create_control(path, "x".into());
        create("p/c/1").await.expect("it is free");
        create("p/c/1").await.expect_err("it is taken");
        let error = create("../p").await.expect_err("it leaves the tree");
        assert_eq!(
            error.to_string(),
            "create memory://control/../p: the path has a `.` or `..` segment"
        );
        store.read_file("t/a.parquet").await.expect("nothing");
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    metrics::with_local_recorder(&told, || runtime.block_on(calls));

    let told: Vec<_> = told.0.lock().clone().into_iter().collect();
    let (requests, seconds) = (
        "sluicebox_store_requests_total",
        "sluicebox_store_request_duration_seconds",
    );
    let expected = [
        (format!("{seconds} operation=create"), 0.5),
        (format!("{seconds} operation=get"), 0.0),
        (format!("{requests} operation=create status=fatal"), 1.0),
        (format!("{requests} operation=create status=ok"), 1.0),
        (format!("{requests} operation=create status=retry"), 1.0),
        (format!("{requests} operation=get status=ok"), 1.0),
    ];
    assert_eq!(told, expected);
}
