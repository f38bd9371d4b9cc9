//! Every rule is needed: where somebody does not keep it, a history breaks a promise. The same
//! histories are clean where it is kept, so it is the rule that makes the difference.

use crate::check::{assert_found, assert_kept};
use crate::model::ChainModel;
use crate::promises::{CAUSE, ONCE, SHOWN};
use crate::rule::Broken;
use crate::world::Faults;

fn assert_needed(faults: Faults, rules: &[(Broken, &'static str)]) {
    let model = || ChainModel::new(2, 1, 2, faults);
    assert_kept(model());
    for (rule, promise) in rules {
        let broken = Some(*rule);
        assert_found(ChainModel { broken, ..model() }, promise);
    }
}

/// A request of each kind may fail, get lost or come late.
fn a_failed_request() -> Faults {
    Faults {
        requests: 1,
        ..Faults::default()
    }
}

fn a_crash() -> Faults {
    Faults {
        crashes: 1,
        ..Faults::default()
    }
}

fn pruning() -> Faults {
    Faults {
        requests: 1,
        prunes: 2,
        ..Faults::default()
    }
}

/// Read back after an unknown outcome; never guess. Neither guess will do.
#[test]
fn read_back_after_an_unknown_outcome() {
    assert_needed(
        a_failed_request(),
        &[
            (Broken::ErrorMeansNotMade, CAUSE),
            (Broken::ErrorMeansMade, ONCE),
        ],
    );
}

/// Never abandon staged data while the outcome of its create is unknown.
#[test]
fn never_abandon_while_the_outcome_is_unknown() {
    assert_needed(a_crash(), &[(Broken::GivesUpAndAbandons, CAUSE)]);
}

/// Publish a record before the next one is created, be it one's own or the tail that was found.
#[test]
fn publish_before_the_next_create() {
    assert_needed(
        a_crash(),
        &[
            (Broken::DoesNotWaitForPublication, SHOWN),
            (Broken::TakesOverWithoutPublishing, SHOWN),
        ],
    );
}

/// Never prune the newest record.
#[test]
fn never_prune_the_newest_record() {
    assert_needed(pruning(), &[(Broken::PrunesNewest, ONCE)]);
}

/// List once after winning a place: it may be that of a pruned record.
#[test]
fn list_once_after_winning_a_place() {
    assert_needed(pruning(), &[(Broken::DoesNotListAfterWinning, ONCE)]);
}

/// List once after reading the tail: its place may have been pruned and filled by a zombie since it
/// was listed.
#[test]
fn list_once_after_reading_the_tail() {
    assert_needed(
        pruning(),
        &[
            (Broken::DoesNotListAfterReading, ONCE),
            (Broken::DoesNotListAfterReading, CAUSE),
        ],
    );
}

/// Nobody removes a golden file before its record has a successor.
#[test]
fn nobody_removes_a_file_before_its_record_has_a_successor() {
    let faults = Faults {
        merges: 1,
        ..Faults::default()
    };
    assert_needed(faults, &[(Broken::MergesNewest, CAUSE)]);
}

/// A hint proves publication, so it is given only then.
#[test]
fn a_hint_proves_publication() {
    assert_needed(a_crash(), &[(Broken::HintsBeforePublishing, SHOWN)]);
}

/// What was staged for a place is swept only once its record is published.
#[test]
fn sweep_only_after_publication() {
    assert_needed(a_crash(), &[(Broken::SweepsBeforePublishing, CAUSE)]);
}

/// A store must not let a create replace what is there.
#[test]
fn a_create_must_be_conditional() {
    assert_needed(a_crash(), &[(Broken::CreatesOverOthers, ONCE)]);
}
