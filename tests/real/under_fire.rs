//! Real faults on real servers, with one oracle: whatever breaks, every record has exactly one fate.
//!
//! A [`World`](world::World) is a pipeline with its topics and its lake, a [`Load`](load::Load) is
//! what is written into it, and [`oracle::judge`] says whether all of it ended where it belongs.

mod load;
mod world;
mod oracle;
mod zombies;
mod stops;
mod unclear_answers;
mod outages;
mod full_disk;
mod control_tree;
mod lost_uploads;
mod brokers;
mod rebalances;
mod topics;
mod gaps;
mod retention;
mod dead_letters;
mod repeats;
mod backlog;

use std::time::Duration;

use sluicebox_tests::harness::{Sluicebox, eventually};

/// Only ends a test that hangs.
const END: Duration = Duration::from_secs(240);

/// What an instance logs whose partitions were given away without it.
const LOST: &str = r#""lost":true"#;
/// A line of the section `kafka`: what is read comes piece by piece, so that a short log has many
/// commits.
const SMALL_FETCHES: &str = "fetch: { queue_bytes: 1MiB, max_partition_bytes: 16KiB }";

/// Ends an instance with SIGTERM; it must end well.
fn stopped(mut instance: Sluicebox) {
    instance.terminate();
    assert_eq!(instance.wait(END), 0, "{}", instance.log());
}

/// Waits until nothing is waited for any more.
async fn is_ready(instance: &Sluicebox) {
    eventually("it is ready", async || {
        let (status, _) = instance.console("/readyz")?;
        (status == 200).then_some(())
    })
    .await;
}

/// Does what blocks where it may.
async fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| panic!("{error}"))
}

/// Where chance begins; `SLUICEBOX_TEST_SEED` sets another.
fn dice() -> fastrand::Rng {
    let seed = number("SLUICEBOX_TEST_SEED").unwrap_or(5);
    tell(&format!("SLUICEBOX_TEST_SEED={seed}"));
    fastrand::Rng::with_seed(seed)
}

/// A figure of a run, which a failing test shows, and others with `--nocapture`.
#[expect(clippy::print_stdout, reason = "the test's own output")]
fn tell(figure: &str) {
    println!("{figure}");
}

/// How many times as long, or as often, as in an ordinary run: `SLUICEBOX_TEST_FIRE`.
fn length() -> u32 {
    let length = number("SLUICEBOX_TEST_FIRE").unwrap_or(1);
    u32::try_from(length).expect("small")
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var_os(variable)?;
    let value = value.to_str().and_then(|value| value.parse().ok());
    Some(value.unwrap_or_else(|| panic!("{variable} is not a number")))
}
