//! Brokers that die, of three that stand in for one another.

use sluicebox_tests::harness::{Kafka, eventually};

use super::oracle::judge;
use super::world::World;
use super::{spawn, stopped};

const PARTITIONS: i32 = 6;
/// Commits that must come while a broker is dead: one in each partition at least.
const COMMITS: usize = 2 * PARTITIONS as usize;

/// Under load the broker that leads a partition is killed, and when it is back the one that is the
/// active controller: the pipeline goes on without either, and every record is where it belongs.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_of_three_and_then_the_controller_are_killed() {
    let kafka = spawn(Kafka::start_cluster).await;
    let world = World::on_disk(&kafka, "brokers", PARTITIONS).await;
    let load = world.load().in_background(i64::MAX);
    let instances = [world.run(), world.run()];
    goes_on(&world).await;

    let leader = eventually("a leader", async || kafka.leader(&world.topic, 0)).await;
    kafka.kill_node(leader);
    goes_on(&world).await;
    kafka.restart_node(leader);
    is_in_sync(&kafka, &world).await;

    let controller = kafka.controller().expect("there is a controller");
    kafka.kill_node(controller);
    eventually("there is another controller", async || {
        kafka.controller().filter(|another| *another != controller)
    })
    .await;
    goes_on(&world).await;
    kafka.restart_node(controller);
    is_in_sync(&kafka, &world).await;

    let load = load.stop();
    world.catches_up().await;
    instances.into_iter().for_each(stopped);
    judge(&world, &load);
}

async fn goes_on(world: &World<'_>) {
    let before = world.commits().await;
    eventually("commits go on", async || {
        (world.commits().await >= before + COMMITS).then_some(())
    })
    .await;
}

async fn is_in_sync(kafka: &Kafka, world: &World<'_>) {
    eventually("all brokers are in sync", async || {
        kafka.is_in_sync(&world.topic).then_some(())
    })
    .await;
}
