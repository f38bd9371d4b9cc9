//! The control tree is replaced by an older copy of itself: what that does, and what it takes for it
//! to be found out.

use crate::check::{assert_found, assert_kept};
use crate::model::{ChainModel, Restore};
use crate::promises::{BEHIND, ONCE};
use crate::rule::Broken;
use crate::world::Faults;

fn restored(hints: u8) -> ChainModel {
    ChainModel::new(
        2,
        1,
        2,
        Faults {
            crashes: 2,
            requests: 1,
            hints,
            restores: 1,
            ..Faults::default()
        },
    )
}

/// Who takes over a chain that the hint is ahead of halts.
#[test]
fn an_older_control_tree_halts_who_takes_over() {
    assert_kept(restored(1));
}

/// It is the hint that shows it.
#[test]
fn without_the_hint_an_older_control_tree_is_believed() {
    for promise in [BEHIND, ONCE] {
        let broken = Some(Broken::IgnoresHint);
        assert_found(
            ChainModel {
                broken,
                ..restored(0)
            },
            promise,
        );
    }
}

/// A limit: what was published after the last offset commit that reached Kafka is known to the chain
/// only.
#[test]
fn a_copy_that_is_younger_than_the_hint_is_not_found_out() {
    let restore = Restore {
        behind_hint: false,
        ..restored(1).restore
    };
    assert_found(
        ChainModel {
            restore,
            ..restored(1)
        },
        ONCE,
    );
}

/// A limit: whoever is at work does not look at the hint, and finds places free that were taken.
#[test]
fn a_copy_that_is_put_back_under_running_writers_is_not_found_out() {
    let restore = Restore {
        stopped: false,
        ..restored(0).restore
    };
    assert_found(
        ChainModel {
            restore,
            ..restored(0)
        },
        ONCE,
    );
}
