use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use sluicebox_pipeline::ports::Class;
use sluicebox_storage::Operation;
use sluicebox_storage::memory::{Call, Fault, Moment};
use sluicebox_types::FileKind;

use crate::scenario::{NOON, Scenario, event, partition, wait_until};

const RECORDS: i64 = 200;

fn fill(scenario: &Scenario) {
    for index in 0..2 {
        for id in 0..RECORDS {
            // Every tenth repeats the one nine before it, inside the window.
            let id = if id % 10 == 9 { id - 9 } else { id };
            let at = NOON + i64::from(index) + id * 20;
            scenario
                .broker
                .append(&partition(index), at, None, Some(&event(id)));
        }
    }
}

fn assert_exactly_once(scenario: &Scenario) {
    let report = scenario.verify();
    assert!(report.holds(), "{report:#?}");
    let mut expected: Vec<i64> = (0..RECORDS).filter(|id| id % 10 != 9).collect();
    expected.extend_from_within(..);
    expected.sort_unstable();
    assert_eq!(scenario.visible(FileKind::Golden), expected);
}

/// Whatever was staged and came to nothing is gone once each partition has gone on.
fn assert_nothing_is_left(scenario: &Scenario) {
    for index in 0..2 {
        let value = event(RECORDS);
        let at = NOON + RECORDS * 20;
        scenario
            .broker
            .append(&partition(index), at, None, Some(&value));
    }
    scenario.drain();
    assert_eq!(scenario.store.staged_count(), 0);
}

/// A process that dies between its last record and the group's offset leaves a lag behind, which the
/// next owner clears, though nothing more comes.
#[test]
fn an_offset_that_was_not_told_is_told_by_the_next_owner() {
    let scenario = Scenario::new();
    fill(&scenario);
    scenario.drain();
    let told = || (0..2).map(|index| scenario.broker.committed(&partition(index)));
    let before: Vec<_> = told().collect();
    assert!(before.iter().all(Option::is_some));
    scenario.broker.forget_commits();
    let running = scenario.start();
    scenario.broker.assign_all(running.handler.as_ref());
    assert_eq!(told().collect::<Vec<_>>(), before);
    scenario.broker.revoke_all(running.handler.as_ref(), true);
    running.driver.stop();
}

/// The watermarks are read before somebody commits beyond them, and read once more after retention
/// has followed that commit: what lies between the two is no gap.
#[test]
fn a_tail_that_is_outrun_during_a_look_up_is_no_retention_gap() {
    let scenario = Scenario::new();
    let append = |ids: std::ops::Range<i64>| {
        for id in ids {
            let value = event(id);
            scenario
                .broker
                .append(&partition(0), NOON + id, None, Some(&value));
        }
    };
    append(0..RECORDS);
    scenario.drain();
    append(RECORDS..RECORDS + 10);
    let (before, after) = ((0, RECORDS - 1), (RECORDS + 5, RECORDS + 10));
    scenario.broker.tell_watermarks([before, after]);
    let running = scenario.start();
    scenario.broker.assign_all(running.handler.as_ref());
    assert_eq!(running.readiness.reasons(), []);
    wait_until("everything is read", || running.status.all_caught_up());
    scenario.broker.revoke_all(running.handler.as_ref(), false);
    running.driver.stop();
    assert!(scenario.verify().holds());
    let all: Vec<_> = (0..RECORDS + 10).collect();
    assert_eq!(scenario.visible(FileKind::Golden), all);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Partitions torn away at any point, again and again: each record is in golden exactly once,
    /// and the rebuilt window drops exactly what the uninterrupted one would have.
    #[test]
    fn lost_assignments_change_nothing(cuts in prop::collection::vec(1usize..150, 1..6)) {
        let scenario = Scenario::new();
        fill(&scenario);
        for records in cuts {
            scenario.broker.fall_silent_after(Some(records));
            let running = scenario.start();
            scenario.broker.assign_all(running.handler.as_ref());
            wait_until("the crash", || {
                scenario.broker.is_silent() || running.status.all_caught_up()
            });
            scenario.broker.revoke_all(running.handler.as_ref(), true);
            running.driver.stop();
        }
        scenario.broker.fall_silent_after(None);
        scenario.drain();
        assert_exactly_once(&scenario);
        assert_nothing_is_left(&scenario);
    }

    /// A store that fails before or after doing the work, at random calls, delays and changes
    /// nothing.
    #[test]
    fn lost_replies_change_nothing(seed in any::<u64>()) {
        let scenario = Scenario::new();
        fill(&scenario);
        let state = Arc::new(AtomicU64::new(seed | 1));
        let faulty = scenario.store.with_faults(move |call| strike(&state, call));
        let running = scenario.start_on(Arc::new(faulty));
        scenario.broker.assign_all(running.handler.as_ref());
        wait_until("everything is read", || running.status.all_caught_up());
        scenario.broker.revoke_all(running.handler.as_ref(), false);
        running.driver.stop();
        assert_exactly_once(&scenario);
        scenario.drain();
        assert_exactly_once(&scenario);
        assert_nothing_is_left(&scenario);
    }
}

/// About one call in eight fails. A fixed sequence for a seed (xorshift).
fn strike(state: &AtomicU64, call: &Call<'_>) -> Option<Fault> {
    let mut x = state.load(Ordering::SeqCst);
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    state.store(x, Ordering::SeqCst);
    let strikes = matches!(
        call.operation,
        Operation::Create | Operation::Publish | Operation::Stage
    ) || call.moment == Moment::Before;
    (strikes && x.is_multiple_of(8)).then_some(Fault::Error(Class::Retry))
}
