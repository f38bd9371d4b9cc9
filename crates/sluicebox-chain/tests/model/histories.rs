//! Every history of a few writers: the promises are kept.

use crate::check::{assert_kept, goes_in_circles};
use crate::model::ChainModel;
use crate::world::Faults;

/// Whatever two writers with two files a record do, die and miss, and whatever is cleaned up behind
/// them: each offset is visible once, and in the end all are.
#[test]
fn two_writers_with_two_files_a_record() {
    assert_kept(ChainModel::new(
        2,
        2,
        2,
        Faults {
            crashes: 1,
            requests: 1,
            hints: 1,
            prunes: 2,
            merges: 1,
            ..Faults::default()
        },
    ));
}

/// The same with a longer chain, whose places are pruned while a zombie looks for its successor.
#[test]
fn a_longer_chain() {
    assert_kept(ChainModel::new(
        2,
        1,
        3,
        Faults {
            requests: 1,
            prunes: 3,
            merges: 1,
            seals: 1,
            ..Faults::default()
        },
    ));
}

/// The same where more fails.
#[test]
fn two_crashes_and_two_failed_requests() {
    assert_kept(ChainModel::new(
        2,
        1,
        2,
        Faults {
            crashes: 2,
            requests: 2,
            ..Faults::default()
        },
    ));
}

/// The same with three writers, of whom one dies.
#[test]
fn three_writers_and_a_crash() {
    assert_kept(ChainModel::new(
        3,
        1,
        2,
        Faults {
            crashes: 1,
            requests: 1,
            ..Faults::default()
        },
    ));
}

/// The same with three writers and cleaning up.
#[test]
fn three_writers_and_cleaning_up() {
    assert_kept(ChainModel::new(
        3,
        1,
        2,
        Faults {
            requests: 1,
            prunes: 2,
            merges: 1,
            ..Faults::default()
        },
    ));
}

/// A topic that grows at one end and is cut by retention at the other halts nobody, as long as the
/// chain covers what goes.
#[test]
fn a_topic_that_grows_and_is_cut() {
    assert_kept(ChainModel::new(
        3,
        1,
        3,
        Faults {
            retentions: 1,
            produced: 2,
            ..Faults::default()
        },
    ));
    assert_kept(ChainModel::new(
        2,
        1,
        3,
        Faults {
            crashes: 1,
            retentions: 2,
            produced: 2,
            prunes: 2,
            ..Faults::default()
        },
    ));
}

/// No history goes on for ever without an end: so what the checker finds at the end of every one
/// comes true.
#[test]
fn no_history_goes_in_circles() {
    let faults = Faults {
        crashes: 1,
        requests: 1,
        prunes: 1,
        ..Faults::default()
    };
    assert!(!goes_in_circles(&ChainModel::new(2, 1, 2, faults)));
}

/// Two writers, three offsets, two files a record.
#[test]
#[ignore = "takes minutes: cargo test -p sluicebox-chain --test model -- --ignored --nocapture"]
fn soak_with_two_files_a_record() {
    assert_kept(ChainModel::new(
        2,
        2,
        3,
        Faults {
            crashes: 1,
            requests: 1,
            prunes: 2,
            merges: 1,
            ..Faults::default()
        },
    ));
}

/// Three writers with a crash, a failed request and cleaning up.
#[test]
#[ignore = "takes minutes: cargo test -p sluicebox-chain --test model -- --ignored --nocapture"]
fn soak_with_three_writers() {
    assert_kept(ChainModel::new(
        3,
        1,
        2,
        Faults {
            crashes: 1,
            requests: 1,
            prunes: 2,
            merges: 1,
            ..Faults::default()
        },
    ));
}
