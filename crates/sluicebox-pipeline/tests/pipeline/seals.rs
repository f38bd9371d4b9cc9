//! A partition is sealed once, when every Kafka partition has passed it, and what comes later is
//! told as late.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sluicebox_events::{Event, EventData};
use sluicebox_pipeline::NotifyStart;
use sluicebox_pipeline::ports::LakeStore;

use crate::notify::{Ear, told_by};
use crate::scenario::{NOON, Scenario, partition, wait_until};

/// Rows at these times of one day, committed.
fn commit(scenario: &Scenario, rows: &[(i32, &str)]) {
    for (index, time) in rows {
        let id = NOON + i64::from(time.replace(':', "").parse::<i32>().expect("a time"));
        let value = format!(r#"{{"id":{id},"at":"2026-01-01T{time}:00Z"}}"#);
        scenario
            .broker
            .append(&partition(*index), id, None, Some(&value));
    }
    scenario.silent().drain();
}

fn state(scenario: &Scenario) -> Value {
    let objects = scenario.store.control_objects();
    let state = objects.get("test/events/seals/state.json");
    state.map_or(Value::Null, |bytes| {
        serde_json::from_slice(bytes).expect("JSON")
    })
}

/// Runs until the sealer has seen this many records of each chain and the ear has heard so many
/// seals, repeats included.
fn run_until(scenario: &Scenario, ear: &Ear, records: [u64; 2], seals: usize) {
    let running = scenario.start();
    scenario.broker.assign_all(running.handler.as_ref());
    wait_until("everything is sealed and told", || {
        let state = state(scenario);
        let seen = [0, 1].map(|index| state["chains"][index.to_string()]["next"].as_u64());
        let told = running.relay.backlogs()["ear"] == 0 && sealed(ear).len() >= seals;
        seen == records.map(Some) && told
    });
    scenario.broker.revoke_all(running.handler.as_ref(), false);
    running.driver.stop();
    scenario.runtime.block_on(running.relay.finish());
}

fn sealed(ear: &Ear) -> Vec<Event> {
    let events = ear.events().into_iter();
    events
        .filter(|event| matches!(event.data, EventData::Sealed(_)))
        .collect()
}

fn hours(ear: &Ear) -> Vec<String> {
    let subjects = sealed(ear)
        .into_iter()
        .map(|event| event.attributes.subject);
    subjects
        .map(|subject| subject.rsplit('=').next().unwrap_or_default().to_owned())
        .collect()
}

/// A slow Kafka partition holds the seal back; partitions are sealed in order, those without rows
/// never, each once; rows behind a seal are late. A cursor or a state that is lost makes no other
/// seals, only the same ones again. Each sealed folder is marked, and the proof takes it well.
#[test]
fn partitions_are_sealed_when_all_have_passed() {
    let ear = Ear::new(|_, _| Ok(()));
    let scenario = Scenario {
        success_file: true,
        ..told_by(&ear, NotifyStart::Earliest)
    };
    commit(
        &scenario,
        &[(0, "10:00"), (0, "11:30"), (0, "13:30"), (1, "10:15")],
    );
    run_until(&scenario, &ear, [2, 2], 0);
    assert!(hours(&ear).is_empty());

    // Past 12:00 by less than the minute that is allowed.
    commit(&scenario, &[(1, "12:00")]);
    run_until(&scenario, &ear, [2, 3], 1);
    assert_eq!(hours(&ear), ["10"]);

    commit(&scenario, &[(1, "13:10")]);
    run_until(&scenario, &ear, [2, 4], 3);
    assert_eq!(hours(&ear), ["10", "11", "12"]);
    assert!(ear.told().iter().all(|(_, data)| !data.late));

    commit(&scenario, &[(1, "09:30"), (1, "10:30"), (1, "13:20")]);
    run_until(&scenario, &ear, [2, 5], 3);
    let late: Vec<_> = ear
        .told()
        .into_iter()
        .filter(|(_, data)| data.late)
        .collect();
    let late = late.iter().map(|(event, _)| &event.attributes.subject);
    let late: Vec<_> = late
        .filter_map(|subject| subject.rsplit('=').next())
        .collect();
    assert_eq!(late, ["09", "10"]);
    let first = sealed(&ear);
    assert_eq!(first.len(), 3);

    for lost in ["seals/notify/ear.json", "seals/state.json"] {
        assert!(
            scenario
                .store
                .remove_control(&format!("test/events/{lost}")),
            "{lost}"
        );
    }
    run_until(&scenario, &ear, [2, 5], 6);
    assert_eq!(sealed(&ear)[3..], first[..]);
    assert_eq!(state(&scenario)["seals"], 3, "what came late is not sealed");
    for hour in 10..14 {
        let path = format!("db/events/dt=2026-01-01/hour={hour}/_SUCCESS");
        let marked = scenario.runtime.block_on(scenario.store.read_file(&path));
        assert_eq!(marked.expect("read").is_some(), hour < 13, "{hour}");
    }
    let report = scenario.verify();
    assert!(report.holds(), "{report:#?}");
}

/// A Kafka partition of which nothing comes holds seals back only until it counts as quiet; its
/// records without offsets leave every promise as it was, and rows behind the seal are late.
#[test]
fn quiet_partitions_do_not_hold_seals_back() {
    let ear = Ear::new(|_, _| Ok(()));
    let scenario = Scenario {
        quiet_after: Some(Duration::from_millis(20)),
        ..told_by(&ear, NotifyStart::Earliest)
    };
    let run_until_sealed = |seals: usize| {
        let running = scenario.start();
        scenario.broker.assign_all(running.handler.as_ref());
        wait_until("it is sealed", || sealed(&ear).len() >= seals);
        scenario.broker.revoke_all(running.handler.as_ref(), false);
        running.driver.stop();
        scenario.runtime.block_on(running.relay.finish());
    };
    commit(&scenario, &[(0, "10:00"), (0, "11:30"), (1, "09:00")]);
    run_until_sealed(3);
    assert_eq!(hours(&ear), ["09", "10", "11"]);

    commit(&scenario, &[(1, "10:30")]);
    let tell = told_by(&ear, NotifyStart::Earliest);
    let tell = Scenario {
        broker: Arc::clone(&scenario.broker),
        store: scenario.store.clone(),
        attempts: Arc::clone(&scenario.attempts),
        ..tell
    };
    let running = tell.start();
    tell.broker.assign_all(running.handler.as_ref());
    wait_until("the late row is told", || ear.told().len() >= 4);
    tell.broker.revoke_all(running.handler.as_ref(), false);
    running.driver.stop();
    let last = ear
        .told()
        .into_iter()
        .find(|(_, data)| data.files[0].kafka.start == 1);
    assert!(last.is_some_and(|(_, data)| data.late));
    let report = scenario.verify();
    assert!(report.holds(), "{report:#?}");
}
