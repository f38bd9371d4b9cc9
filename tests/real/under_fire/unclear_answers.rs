//! A store that does what it is asked to, and says that it did not, or nothing at all.

use sluicebox_tests::harness::{Fault, FaultProxy, S3Operation, S3Request, kafka};

use super::oracle::judge;
use super::world::World;
use super::{dice, tell};

const PARTITIONS: i32 = 2;
const RECORDS: i64 = 8_000;
/// Of a hundred requests, so many meet a fault: often enough that all tries of the client meet one.
const PERCENT: u8 = 60;
/// The same where every request may.
const PERCENT_OF_ALL: u8 = 20;

/// A part of an upload is there, and the answer is an error.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_a_part_doubles_nothing() {
    only("error-part", S3Operation::Part, Fault::ErrorAfter).await;
}

/// A part of an upload is there, and there is no answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_part_doubles_nothing() {
    only("cut-part", S3Operation::Part, Fault::CutAfter).await;
}

/// A record of the chain is made, and the answer is an error: the next try finds it there.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_a_record_doubles_nothing() {
    only("error-create", S3Operation::Create, Fault::ErrorAfter).await;
}

/// A record of the chain is made, and there is no answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_record_doubles_nothing() {
    only("cut-create", S3Operation::Create, Fault::CutAfter).await;
}

/// An upload is completed, and the answer is an error.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_a_completion_doubles_nothing() {
    only("error-complete", S3Operation::Complete, Fault::ErrorAfter).await;
}

/// An upload is completed, and there is no answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_completion_doubles_nothing() {
    only("cut-complete", S3Operation::Complete, Fault::CutAfter).await;
}

/// Any request may fail before or after it is done, at random, with two instances.
#[tokio::test(flavor = "multi_thread")]
async fn unclear_answers_at_random_double_nothing() {
    let world = World::on_s3(kafka(), "unclear", PARTITIONS).await;
    let mut dice = dice();
    let faults = [
        Fault::ErrorAfter,
        Fault::CutAfter,
        Fault::SlowDown,
        Fault::Down,
    ];
    let plan = move |_: &S3Request| match dice.u8(0..100) < PERCENT_OF_ALL {
        true => faults[dice.usize(0..faults.len())],
        false => Fault::None,
    };
    let proxy = survives(world, 2, plan).await;
    for fault in faults {
        assert!(!proxy.faults(fault).is_empty(), "{fault:?} never happened");
    }
}

async fn only(name: &str, operation: S3Operation, fault: Fault) {
    let world = World::on_s3(kafka(), name, PARTITIONS).await;
    let mut dice = dice();
    let plan = move |request: &S3Request| {
        let meets = request.operation == operation && !request.path.contains("/_probe/");
        match meets && dice.u8(0..100) < PERCENT {
            true => fault,
            false => Fault::None,
        }
    };
    let proxy = survives(world, 1, plan).await;
    let faults = proxy.faults(fault);
    tell(&format!("{fault:?}: {faults:?}"));
    assert!(faults[&operation] > 1, "hardly a fault happened");
}

/// Everything is committed while requests meet the faults of `plan`.
async fn survives(
    mut world: World<'_>,
    instances: usize,
    plan: impl FnMut(&S3Request) -> Fault + Send + 'static,
) -> FaultProxy {
    let proxy = world.behind_a_proxy().await;
    proxy.plan(plan);
    let _instances: Vec<_> = (0..instances).map(|_| world.run()).collect();
    let load = world.load().in_background(RECORDS).finish();
    world.catches_up().await;
    judge(&world, &load);
    proxy
}
