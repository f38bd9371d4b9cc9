//! The whole driver in a simulated world, where one seed decides everything: which worker turns,
//! how long a request takes and whether it is lost, done without an answer or done too late, who
//! dies, freezes or joins, what the clocks show. Nothing runs beside it, so a seed gives the same
//! history every time (after FoundationDB's simulation).
//!
//! `SLUICEBOX_SIMULATION_SEED=<n>` plays one history and tells it in words;
//! `SLUICEBOX_SIMULATION_HISTORIES=<n>` sets how many are played.

mod dice;
mod time;
mod trace;
mod process;
mod log;
mod group;
mod reader;
mod chains;
mod network;
mod seals;
mod listener;
mod client;
mod instance;
mod prover;
mod world;
mod members;
mod judge;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use self::world::{Options, play};

/// Histories of a usual run.
const HISTORIES: u64 = 20_000;

/// Whatever fails in whatever order: each record has the fate that the definitions give it, once,
/// and a glob reader sees nothing else at any moment.
#[test]
fn every_history_ends_well() {
    if let Some(seed) = setting("SLUICEBOX_SIMULATION_SEED") {
        let options = Options {
            in_words: true,
            ..Options::default()
        };
        let history = play(seed, options);
        println!("{}", history.text);
        assert_eq!(history.verdict, Ok(()), "seed {seed}");
        return;
    }
    let histories = setting("SLUICEBOX_SIMULATION_HISTORIES").unwrap_or(HISTORIES);
    let next = AtomicU64::new(0);
    let tally: Mutex<BTreeMap<&str, u64>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= histories {
                        return;
                    }
                    let history = play(seed, Options::default());
                    assert_eq!(
                        history.verdict,
                        Ok(()),
                        "SLUICEBOX_SIMULATION_SEED={seed} plays it again"
                    );
                    let mut tally = tally.lock();
                    for (what, times) in history.tally {
                        *tally.entry(what).or_default() += times;
                    }
                }
            });
        }
    });
    let tally = tally.into_inner();
    println!("{histories} histories: {tally:?}");
    // What a history is made of does happen, a lost race for a place in the chain included.
    for what in [
        "create_control",
        "publish",
        "abandon",
        "kill",
        "thaw",
        "evict",
        "verify",
        "sealed",
    ] {
        assert!(tally.contains_key(what), "no {what}");
    }
}

/// A seed that fails can be looked at: it gives the same history again.
#[test]
fn a_seed_gives_the_same_history() {
    for seed in 0..40 {
        let [one, other] = [(); 2].map(|()| play(seed, Options::default()));
        assert_eq!(one.fingerprint, other.fingerprint, "seed {seed}");
    }
}

/// The judge sees what goes wrong: without conditional create, rows are doubled or lost.
#[test]
fn a_store_that_lies_is_found_out() {
    let lying = Options {
        lying_store: true,
        ..Options::default()
    };
    let mut verdicts = (0..200).map(|seed| play(seed, lying).verdict);
    assert!(verdicts.any(|verdict| verdict.is_err()));
}

#[expect(clippy::disallowed_methods, reason = "a switch of this test")]
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}
