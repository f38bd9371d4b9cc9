//! Every committed file is told of in exactly one event, whatever fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::Value;
use sluicebox_events::{Event, EventData, EventType, FilesCommitted, parse_structured};
use sluicebox_pipeline::ports::{Class, LakeStore, NotifyError, NotifyTarget};
use sluicebox_pipeline::{NotifyStart, NotifyTo};
use sluicebox_storage::memory::Fault;

use crate::scenario::{NOON, Scenario, event, partition, wait_until};

const RECORDS: i64 = 120;

/// Hears events, and says what its script says to the n-th.
#[derive(Clone)]
pub(crate) struct Ear {
    heard: Arc<Mutex<Vec<Bytes>>>,
    asked: Arc<AtomicU64>,
    says: Arc<Says>,
}

type Says = dyn Fn(u64, &Event) -> Result<(), NotifyError> + Send + Sync;

impl std::fmt::Debug for Ear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ear")
    }
}

#[async_trait]
impl NotifyTarget for Ear {
    async fn send(&self, event: &Event) -> Result<(), NotifyError> {
        tokio::task::yield_now().await;
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        (self.says)(asked, event)?;
        let bytes = event.to_json().expect("serialised");
        self.heard.lock().push(bytes.into());
        Ok(())
    }
}

impl Ear {
    pub(crate) fn new(
        says: impl Fn(u64, &Event) -> Result<(), NotifyError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            heard: Arc::default(),
            asked: Arc::default(),
            says: Arc::new(says),
        }
    }

    fn to(&self, name: &str, start: NotifyStart) -> NotifyTo {
        NotifyTo {
            name: name.to_owned(),
            target: Arc::new(self.clone()),
            events: EventType::ALL.into(),
            start,
        }
    }

    /// Everything in the order in which it was heard, repeats included.
    pub(crate) fn events(&self) -> Vec<Event> {
        let heard = self.heard.lock();
        let events = heard.iter().map(|bytes| parse_structured(bytes));
        events.map(|event| event.expect("an event")).collect()
    }

    fn count(&self) -> usize {
        self.heard.lock().len()
    }

    /// What was heard, without repeats, in the order of the first time; a repeat must be equal to
    /// the byte.
    pub(crate) fn told(&self) -> Vec<(Event, FilesCommitted)> {
        let mut seen = BTreeMap::new();
        let mut told = Vec::new();
        for bytes in self.heard.lock().iter() {
            let event = parse_structured(bytes).expect("an event");
            let EventData::FilesCommitted(data) = event.data.clone() else {
                continue;
            };
            if let Some(before) = seen.insert(event.id.clone(), bytes.clone()) {
                assert_eq!(&before, bytes, "a repeat differs");
                continue;
            }
            told.push((event, data));
        }
        told
    }
}

fn append(scenario: &Scenario, ids: std::ops::Range<i64>) {
    for index in 0..2 {
        for id in ids.clone() {
            let at = NOON + id * 20;
            let value = event(id);
            scenario
                .broker
                .append(&partition(index), at, None, Some(&value));
        }
    }
}

pub(crate) fn told_by(ear: &Ear, start: NotifyStart) -> Scenario {
    let ear = ear.clone();
    Scenario {
        targets: Box::new(move || vec![ear.to("ear", start)]),
        ..Scenario::new()
    }
}

/// Runs until everything is read and told.
fn tell_all(scenario: &Scenario) {
    let running = scenario.start();
    scenario.broker.assign_all(running.handler.as_ref());
    wait_until("everything is read", || running.status.all_caught_up());
    scenario.broker.revoke_all(running.handler.as_ref(), false);
    running.driver.stop();
    scenario.runtime.block_on(running.relay.finish());
}

/// Every golden file is in exactly one event, and each Kafka partition's are in the order of their
/// offsets.
fn assert_told_once(scenario: &Scenario, ear: &Ear) {
    let list = scenario.store.list_files("db/", None, usize::MAX);
    let files = scenario.runtime.block_on(list).expect("listed");
    let url = scenario.store.lake_url();
    let mut expected: Vec<_> = files
        .iter()
        .map(|file| format!("{}/{}", url.trim_end_matches('/'), file.path))
        .collect();
    let told = ear.told();
    let mut uris = Vec::new();
    let mut ends = BTreeMap::new();
    for (_, data) in &told {
        for file in &data.files {
            uris.push(file.uri.clone());
            let end = ends
                .insert(file.kafka.partition, file.kafka.end)
                .unwrap_or(0);
            assert!(file.kafka.end >= end, "out of order");
        }
    }
    uris.sort_unstable();
    expected.sort_unstable();
    assert_eq!(uris, expected);
    assert!(!uris.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Processes that die at any event, targets that fail at any, stores that fail at any call:
    /// nothing is lost, repeats are equal to the byte.
    #[test]
    fn nothing_is_lost(crashes in prop::collection::vec(1u64..20, 0..5), seed in any::<u64>()) {
        let state = Arc::new(AtomicU64::new(seed | 1));
        let strikes = move || {
            let mut x = state.load(Ordering::SeqCst);
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            state.store(x, Ordering::SeqCst);
            x.is_multiple_of(6)
        };
        let target_strikes = strikes.clone();
        let ear = Ear::new(move |_, _| match target_strikes() {
            true => Err(NotifyError::retry("away")),
            false => Ok(()),
        });
        let scenario = told_by(&ear, NotifyStart::Earliest);
        append(&scenario, 0..RECORDS);
        for events in crashes {
            let strikes = strikes.clone();
            let faulty = scenario.store.with_faults(move |call| {
                let of_ours = call.path.contains("/notify/");
                (of_ours && strikes()).then_some(Fault::Error(Class::Retry))
            });
            let heard = ear.asked.load(Ordering::SeqCst);
            let running = scenario.start_on(Arc::new(faulty));
            scenario.broker.assign_all(running.handler.as_ref());
            wait_until("the crash", || {
                let more = ear.asked.load(Ordering::SeqCst) >= heard + events;
                more || running.status.all_caught_up()
            });
            scenario.broker.revoke_all(running.handler.as_ref(), true);
            running.driver.stop();
            drop(running.relay);
        }
        tell_all(&scenario);
        assert_told_once(&scenario, &ear);
    }
}

/// A target that is down holds nobody up: everything is committed, the service is ready, another
/// target hears everything, and the backlog is told. When it is up again it hears everything in
/// order.
#[test]
fn a_target_that_is_down_delays_nothing_else() {
    let up = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_up = Arc::clone(&up);
    let down = Ear::new(move |_, _| match is_up.load(Ordering::SeqCst) {
        true => Ok(()),
        false => Err(NotifyError::retry("connection refused")),
    });
    let well = Ear::new(|_, _| Ok(()));
    let targets = (down.clone(), well.clone());
    let scenario = Scenario {
        targets: Box::new(move || {
            let (down, well) = &targets;
            vec![
                down.to("down", NotifyStart::Earliest),
                well.to("well", NotifyStart::Earliest),
            ]
        }),
        ..Scenario::new()
    };
    append(&scenario, 0..RECORDS);
    let running = scenario.start();
    scenario.broker.assign_all(running.handler.as_ref());
    wait_until("the other target has heard all", || {
        let backlogs = running.relay.backlogs();
        running.status.all_caught_up() && backlogs["well"] == 0 && backlogs["down"] >= 4
    });
    assert_eq!(running.readiness.reasons(), []);
    assert_eq!(down.count(), 0);
    up.store(true, Ordering::SeqCst);
    wait_until("the target has caught up", || {
        running.relay.backlogs()["down"] == 0
    });
    scenario.broker.revoke_all(running.handler.as_ref(), false);
    running.driver.stop();
    scenario.runtime.block_on(running.relay.finish());
    assert_told_once(&scenario, &down);
    assert_told_once(&scenario, &well);
}

/// What a target refuses for good is passed over after three tries and remembered in the cursor;
/// what comes after it is told.
#[test]
fn refused_events_are_passed_over_and_remembered() {
    let refused = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
    let refusals = Arc::clone(&refused);
    let ear = Ear::new(move |_, event| {
        let first = event.attributes.sequence.ends_with('1');
        if first {
            *refusals.lock().entry(event.id.clone()).or_default() += 1;
            return Err(NotifyError::permanent("answered 400"));
        }
        Ok(())
    });
    let scenario = told_by(&ear, NotifyStart::Earliest);
    append(&scenario, 0..RECORDS);
    tell_all(&scenario);
    let refused = refused.lock().clone();
    assert!(
        refused.len() >= 2 && refused.values().all(|tries| *tries == 3),
        "{refused:?}"
    );
    let objects = scenario.store.control_objects();
    for index in 0..2 {
        let cursor = &objects[&format!("test/events/p{index:05}/notify/ear.json")];
        let cursor: Value = serde_json::from_slice(cursor).expect("JSON");
        assert_eq!(cursor["skipped"][0]["message"], "answered 400");
        assert_eq!(cursor["skipped"][0]["seq"], 1);
        assert!(refused.contains_key(cursor["skipped"][0]["id"].as_str().expect("a text")));
    }
    let told: BTreeSet<_> = ear
        .told()
        .into_iter()
        .map(|(event, _)| event.attributes.sequence)
        .collect();
    assert!(told.contains(&format!("{:020}", 2)) && !told.contains(&format!("{:020}", 1)));
}

/// A target without a cursor begins where it is told to; from then on its cursor counts.
#[test]
fn latest_begins_behind_the_tail() {
    let ear = Ear::new(|_, _| Ok(()));
    let scenario = told_by(&ear, NotifyStart::Latest);
    let silent = scenario.silent();
    append(&scenario, 0..40);
    silent.drain();
    tell_all(&scenario);
    assert_eq!(ear.count(), 0);
    append(&scenario, 40..RECORDS);
    silent.drain();
    tell_all(&scenario);
    let first = ear
        .told()
        .iter()
        .map(|(_, data)| data.files[0].kafka.start)
        .min();
    assert_eq!(first, Some(40));
}

/// A cursor that is damaged, or of a chain that is no more, makes the target hear the whole chain:
/// rather twice than never.
#[test]
fn cursors_that_do_not_fit_start_over() {
    let ear = Ear::new(|_, _| Ok(()));
    let scenario = told_by(&ear, NotifyStart::Latest);
    append(&scenario, 0..40);
    let silent = scenario.silent();
    silent.drain();
    let ahead = br#"{"v":1,"next":99,"id":null,"watermark":null,"skipped_total":0,"skipped":[]}"#;
    let other = format!(
        r#"{{"v":1,"next":1,"id":"{}","watermark":null,"skipped_total":0,"skipped":[]}}"#,
        uuid::Uuid::max()
    );
    for cursor in [&b"{"[..], ahead, other.as_bytes()] {
        for index in 0..2 {
            let path = format!("test/events/p{index:05}/notify/ear.json");
            let put = scenario
                .store
                .put_control(&path, Bytes::copy_from_slice(cursor));
            scenario.runtime.block_on(put).expect("put");
        }
        ear.heard.lock().clear();
        tell_all(&scenario);
        assert_told_once(&scenario, &ear);
    }
}

/// Columns are those of the files, also where the table has others by now; rows behind the
/// watermark are called late.
#[test]
fn events_say_what_the_files_hold() {
    let ear = Ear::new(|_, _| Ok(()));
    let scenario = told_by(&ear, NotifyStart::Earliest);
    append(&scenario, 0..20);
    scenario.silent().drain();
    let late = |at: &str, id: i64| format!(r#"{{"id":{id},"at":"{at}"}}"#);
    for (at, id) in [("2026-01-01T14:00:30Z", 500), ("2026-01-01T12:59:00Z", 501)] {
        let at_millis = NOON + id * 20;
        scenario
            .broker
            .append(&partition(0), at_millis, None, Some(&late(at, id)));
        scenario.silent().drain();
    }
    let narrower = Scenario {
        kafka_column: false,
        ..scenario
    };
    append(&narrower, 600..620);
    tell_all(&narrower);
    tell_all(&narrower);
    let told = ear.told();
    let with_kafka = |data: &FilesCommitted| {
        let columns = data.schema.columns.as_ref().expect("columns");
        columns.iter().any(|column| column.name == "_kafka")
    };
    let of = |start: i64, end: i64| {
        let found = told.iter().find(|(_, data)| {
            let kafka = &data.files[0].kafka;
            kafka.partition == 0 && kafka.start <= start && end <= kafka.end
        });
        found.map(|(event, data)| {
            (
                event.attributes.subject.as_str(),
                with_kafka(data),
                data.late,
            )
        })
    };
    assert_eq!(
        of(0, 20),
        Some(("db.events/dt=2026-01-01/hour=12", true, false))
    );
    assert_eq!(
        of(20, 21),
        Some(("db.events/dt=2026-01-01/hour=14", true, false))
    );
    assert_eq!(
        of(21, 22),
        Some(("db.events/dt=2026-01-01/hour=12", true, true))
    );
    assert_eq!(
        of(22, 42),
        Some(("db.events/dt=2026-01-01/hour=12", false, true))
    );
}

/// Records that were pruned before the target heard of them do not hold it up.
#[test]
fn removed_records_are_passed_over() {
    let ear = Ear::new(|_, _| Ok(()));
    let scenario = told_by(&ear, NotifyStart::Earliest);
    for ids in [0..20, 20..40, 40..60] {
        append(&scenario, ids);
        scenario.silent().drain();
    }
    for seq in 0..3 {
        assert!(scenario.store.remove_control(&format!(
            "test/events/p00000/c/00000000000000000/{seq:020}.json"
        )));
    }
    tell_all(&scenario);
    let of_first = ear
        .told()
        .iter()
        .filter(|(_, data)| data.files[0].kafka.partition == 0)
        .map(|(event, _)| event.attributes.sequence.clone())
        .min();
    assert_eq!(of_first, Some(format!("{:020}", 3)));
}
