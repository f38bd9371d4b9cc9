//! A group that never rests.

use sluicebox_tests::harness::{Sluicebox, kafka};

use super::oracle::judge;
use super::world::World;
use super::{END, dice, length, stopped};

const PARTITIONS: i32 = 8;
const MEMBERS_MAX: usize = 4;
/// Changes of the group, and what is written between two of them: about five seconds' worth.
const CHANGES: u32 = 7;
const RECORDS_BETWEEN: i64 = 4_000;

#[derive(Clone, Copy, Debug)]
enum Change {
    Join,
    /// By SIGTERM.
    Leave,
    /// By SIGKILL.
    Die,
}

/// An instance joins, leaves or dies every five seconds, in an order that is the same each time.
async fn a_storm_of_rebalances(world: World<'_>) {
    let mut dice = dice();
    let load = world.load().in_background(i64::MAX);
    let mut members = vec![world.run(), world.run()];
    let mut leaving = Vec::new();
    for _ in 0..CHANGES * length() {
        load.goes_on(RECORDS_BETWEEN).await;
        match next(&mut dice, members.len()) {
            Change::Join => members.push(world.run()),
            Change::Leave => {
                let member = picked(&mut dice, &mut members);
                member.terminate();
                leaving.push(member);
            }
            Change::Die => picked(&mut dice, &mut members).kill(),
        }
    }
    let load = load.stop();
    for mut member in leaving {
        assert_eq!(member.wait(END), 0, "{}", member.log());
    }
    world.catches_up().await;
    members.into_iter().for_each(stopped);
    judge(&world, &load);
}

/// One member stays at least.
fn next(dice: &mut fastrand::Rng, members: usize) -> Change {
    let changes = [Change::Join, Change::Leave, Change::Die];
    let possible = match members {
        1 => &changes[..1],
        MEMBERS_MAX => &changes[1..],
        _ => &changes,
    };
    possible[dice.usize(..possible.len())]
}

fn picked(dice: &mut fastrand::Rng, members: &mut Vec<Sluicebox>) -> Sluicebox {
    members.swap_remove(dice.usize(..members.len()))
}

/// See [`a_storm_of_rebalances`]: cooperative-sticky, the members assign. They hear of a change when
/// they beat next.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_rebalances_classic() {
    let world = World::on_disk(kafka(), "storm-classic", PARTITIONS).await;
    let world = world.with_protocol("classic");
    a_storm_of_rebalances(world).await;
}

/// See [`a_storm_of_rebalances`]: KIP-848, the broker assigns.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_rebalances_consumer() {
    let world = World::on_disk(kafka(), "storm-consumer", PARTITIONS).await;
    a_storm_of_rebalances(world.with_protocol("consumer")).await;
}
