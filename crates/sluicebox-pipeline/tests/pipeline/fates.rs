use sluicebox_types::FileKind;

use crate::scenario::{NOON, Scenario, event, partition, wait_until};

/// Runs until `/readyz` says no for this reason.
fn run_until_told(scenario: &Scenario, reason: &str) {
    let running = scenario.start();
    scenario.broker.assign_all(running.handler.as_ref());
    wait_until("the reason is told", || {
        let mut reasons = running.readiness.reasons().into_iter();
        reasons.any(|(_, why)| why.contains(reason))
    });
    scenario.broker.revoke_all(running.handler.as_ref(), false);
    running.driver.stop();
}

/// Every record has exactly one fate, and the proof from the lake says the same.
#[test]
fn every_record_has_one_fate() {
    let scenario = Scenario::new();
    let broker = &scenario.broker;
    for id in 0..100 {
        broker.append(&partition(0), NOON + id * 10, None, Some(&event(id)));
    }
    broker.append(&partition(0), NOON + 2_000, None, Some(&event(7)));
    broker.append(&partition(0), NOON + 2_001, None, Some("{"));
    broker.append(&partition(0), NOON + 2_002, None, None);
    broker.append(&partition(0), NOON + 70_000, None, Some(&event(7)));
    scenario.drain();

    let report = scenario.verify();
    assert!(report.holds(), "{report:#?}");
    let counts = report.partitions[0].counts;
    assert_eq!((counts.read, counts.golden), (104, 101));
    assert_eq!(
        (counts.duplicate, counts.rejected, counts.skipped),
        (1, 1, 1)
    );
    let golden: Vec<i64> = (0..100).chain([103]).collect();
    assert_eq!(scenario.visible(FileKind::Golden), golden);
    assert_eq!(scenario.visible(FileKind::Quarantine), [101]);
    assert_eq!(*scenario.letters.0.lock(), [(101, "invalid_json")]);
    assert_eq!(
        broker
            .committed(&partition(0))
            .expect("a test has it")
            .offset,
        104
    );
}

/// Dead letters come in the order of the log, whichever step rejected them.
#[test]
fn dead_letters_keep_the_order_of_the_log() {
    let scenario = Scenario::new();
    let ancient = r#"{"id":1,"at":"1804-01-01T00:00:00Z"}"#;
    for (value, stamp) in [ancient, "{", ancient].into_iter().zip(NOON..) {
        scenario
            .broker
            .append(&partition(0), stamp, None, Some(value));
    }
    scenario.drain();
    let expected = [
        (0, "event_time_out_of_range"),
        (1, "invalid_json"),
        (2, "event_time_out_of_range"),
    ];
    assert_eq!(*scenario.letters.0.lock(), expected);
}

/// A tail of only bad records advances the commit, and a restart sends none of them again.
#[test]
fn a_tail_of_bad_records_is_committed_once() {
    let scenario = Scenario::new();
    for id in 0..50 {
        scenario
            .broker
            .append(&partition(0), NOON + id, None, Some(&event(id)));
    }
    for index in 0..1_000 {
        scenario
            .broker
            .append(&partition(0), NOON + 100 + index, None, Some("nonsense"));
    }
    scenario.drain();
    scenario.drain();
    assert_eq!(
        scenario
            .broker
            .committed(&partition(0))
            .expect("a test has it")
            .offset,
        1_050
    );
    assert_eq!(scenario.letters.0.lock().len(), 1_000);
    assert!(scenario.verify().holds());
}

/// A control tree that lost its newest record stops the partition instead of doubling rows.
#[test]
fn a_control_tree_that_went_back_halts_the_partition() {
    let scenario = Scenario::new();
    for id in 0..100 {
        scenario
            .broker
            .append(&partition(0), NOON + id, None, Some(&event(id)));
    }
    scenario.drain();
    let newest = scenario
        .store
        .control_objects()
        .into_keys()
        .next_back()
        .expect("a test has it");
    assert!(scenario.store.remove_control(&newest));

    run_until_told(&scenario, "went back in time");
}

/// With hardly any memory reading waits again and again, and everything is committed all the same.
#[test]
fn a_tiny_memory_limit_is_slow_not_stuck() {
    let mut scenario = Scenario::new();
    scenario.memory_bytes = 40 << 10;
    scenario.roll.max_rows = u64::MAX;
    for id in 0..300 {
        let partition = partition(i32::from(id % 2 == 0));
        scenario
            .broker
            .append(&partition, NOON + id, None, Some(&event(id)));
    }
    scenario.drain();
    let report = scenario.verify();
    assert!(report.holds(), "{report:#?}");
    let commits: u64 = report
        .partitions
        .iter()
        .map(|proof| proof.records - 1)
        .sum();
    assert!(
        commits > 2,
        "the limit was never reached: {commits} commits"
    );
    assert_eq!(scenario.visible(FileKind::Golden).len(), 300);
}

/// Windows that fill the limit by themselves, as the log's time stands still, stop reading, and
/// `/readyz` says what helps.
#[test]
fn windows_that_fill_the_limit_are_told() {
    let mut scenario = Scenario::new();
    scenario.memory_bytes = 40 << 10;
    for id in 0..2_000 {
        scenario
            .broker
            .append(&partition(0), NOON, None, Some(&event(id)));
    }
    run_until_told(&scenario, "shorten `dedup.window`");
    let read = scenario.verify().partitions[0].counts.read;
    assert!((1..2_000).contains(&read), "{read}");
}

/// Records behind a damaged batch are not taken while those in it are missing: the partition halts,
/// and nothing at or behind the damage is committed.
#[test]
fn a_damaged_batch_halts_the_partition() {
    let scenario = Scenario::new();
    for id in 0..100 {
        scenario
            .broker
            .append(&partition(0), NOON + id, None, Some(&event(id)));
    }
    scenario.broker.damage(&partition(0), 50);
    let running = scenario.start();
    scenario.broker.assign_all(running.handler.as_ref());
    wait_until("the halt", || running.status.is_halted(&partition(0)));
    scenario.broker.revoke_all(running.handler.as_ref(), false);
    assert!(running.status.left_behind().contains_key(&partition(0)));
    running.driver.stop();
    assert!(scenario.verify().holds());
    assert!(
        scenario
            .visible(FileKind::Golden)
            .iter()
            .all(|offset| *offset < 50)
    );
}
