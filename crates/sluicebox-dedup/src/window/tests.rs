use std::collections::HashMap;

use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::*;
use crate::LogClock;

const MINUTE: i64 = 60_000;

fn spec(mode: WindowMode) -> WindowSpec {
    WindowSpec {
        length_millis: MINUTE,
        mode,
        jump_millis: None,
    }
}

/// Occurrences (key, log clock), and which of them are duplicates.
type Case<'a> = (&'a [(u128, i64)], &'a [bool]);

fn decide(spec: WindowSpec, occurrences: &[(u128, i64)]) -> Vec<bool> {
    let mut window = Window::new(spec);
    occurrences
        .iter()
        .map(|(key, clock)| window.is_duplicate(*key, *clock))
        .collect()
}

/// A key well spread over the segments.
fn key(number: u64) -> u128 {
    xxh3_128(&number.to_le_bytes())
}

/// The window's edge: exactly its length ago still counts, a millisecond more does not; a key that
/// never pauses passes once.
#[test]
fn sliding_reaches_back_by_its_length_from_the_last_occurrence() {
    let cases: [Case<'_>; 6] = [
        (&[(1, 0), (1, 59_000)], &[false, true]),
        (&[(1, 0), (1, 60_000)], &[false, true]),
        (&[(1, 0), (1, 60_001)], &[false, false]),
        (&[(1, 0), (1, 61_000)], &[false, false]),
        (
            &[(1, 0), (1, 59_000), (1, 118_000), (1, 178_001)],
            &[false, true, true, false],
        ),
        (
            &[(1, 0), (2, 0), (1, 0), (2, 70_000), (1, 60_000)],
            &[false, false, true, false, false],
        ),
    ];
    for (occurrences, expected) in cases {
        assert_eq!(
            decide(spec(WindowMode::Sliding), occurrences),
            expected,
            "{occurrences:?}"
        );
    }
}

/// A tumbling window lets a key pass once per fixed interval, before 1970 too.
#[test]
fn tumbling_passes_a_key_once_per_interval() {
    let cases: [Case<'_>; 4] = [
        (
            &[(1, 0), (1, 59_999), (1, 60_000), (1, 119_999)],
            &[false, true, false, true],
        ),
        (&[(1, 59_000), (1, 61_000)], &[false, false]),
        (&[(1, -60_000), (1, -1), (1, 0)], &[false, true, false]),
        (&[(1, 1_000), (1, 2_000), (1, 3_000)], &[false, true, true]),
    ];
    for (occurrences, expected) in cases {
        assert_eq!(
            decide(spec(WindowMode::Tumbling), occurrences),
            expected,
            "{occurrences:?}"
        );
    }
}

/// Clocks at the ends of their range, and lengths that no config should hold, neither panic nor
/// lose a repeat.
#[test]
fn extreme_clocks_and_lengths_are_harmless() {
    for mode in [WindowMode::Sliding, WindowMode::Tumbling] {
        for length_millis in [i64::MIN, 0, 1, MINUTE, i64::MAX] {
            let spec = WindowSpec {
                length_millis,
                ..spec(mode)
            };
            for clock in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX] {
                assert_eq!(decide(spec, &[(0, clock), (0, clock)]), [false, true]);
            }
        }
    }
}

/// Thousands of quiet partitions are affordable: a window with few keys stays small.
#[test]
fn a_small_window_costs_little() {
    let mut window = Window::new(WindowSpec::default());
    assert!(window.memory_bytes() < 256, "{}", window.memory_bytes());
    for number in 0..1_000 {
        window.is_duplicate(key(number), 0);
    }
    assert!(
        window.memory_bytes() < 48 * 1024,
        "{}",
        window.memory_bytes()
    );
}

/// The documented figure: 34 bytes for a key, give or take, at any size; and `memory_bytes`
/// tells what is allocated.
#[test]
fn a_key_costs_thirty_four_bytes() {
    let mut window = Window::new(WindowSpec::default());
    for number in 0..200_000 {
        window.is_duplicate(key(number), 0);
        if number > 20_000 && number % 9_973 == 0 {
            let bytes = window.memory_bytes() / window.entries();
            assert!(
                (28..=37).contains(&bytes),
                "{bytes} bytes per key at {number}"
            );
        }
    }
    assert_eq!(window.entries(), 200_000);
    let allocated: usize = window
        .segments
        .iter()
        .map(|s| s.slots() * Segment::SLOT_BYTES)
        .sum();
    let headers = window.segments.capacity() * size_of::<Segment>();
    assert_eq!(
        window.memory_bytes(),
        size_of::<Window>() + headers + allocated
    );
}

/// No step touches more than a few segments, so no record waits for the whole window: segments
/// stay small while the window grows a thousandfold.
#[test]
fn segments_stay_small() {
    let mut window = Window::new(WindowSpec::default());
    for number in 0..300_000 {
        window.is_duplicate(key(number), 0);
    }
    let largest = window.segments.iter().map(Segment::slots).max().unwrap();
    assert!(largest < 4 * SEGMENT_ENTRIES, "{largest} slots");
}

/// A stream of ever new keys holds no more than its window needs, however long it runs; after a
/// burst the memory comes back.
#[test]
fn memory_follows_the_window() {
    for mode in [WindowMode::Sliding, WindowMode::Tumbling] {
        let mut window = Window::new(spec(mode));
        let mut most = 0;
        for number in 0..400_000 {
            let clock = i64::try_from(number).unwrap() * 6;
            window.is_duplicate(key(number), clock);
            most = most.max(window.memory_bytes());
        }
        assert!(
            most < 10_000 * 64,
            "{mode:?}: {most} bytes for 10,000 keys a window"
        );
    }
    let mut window = Window::new(spec(WindowMode::Sliding));
    for number in 0..100_000 {
        window.is_duplicate(key(number), 0);
    }
    for number in 0..200_000 {
        window.is_duplicate(key(number % 500), 200_000);
    }
    assert!(
        window.memory_bytes() < 100_000,
        "{} bytes after the burst",
        window.memory_bytes()
    );
}

/// Keys that differ in one half only, or fall on one slot, are still told apart.
#[test]
fn crowded_keys_are_told_apart() {
    let mut window = Window::new(WindowSpec::default());
    for shift in [0, 32, 64, 96] {
        for number in 1..2_000_u128 {
            assert!(
                !window.is_duplicate(number << shift, 0),
                "{number} << {shift}"
            );
        }
        for number in 1..2_000_u128 {
            assert!(
                window.is_duplicate(number << shift, 0),
                "{number} << {shift}"
            );
        }
        window = Window::new(WindowSpec::default());
    }
}

/// The rule itself, kept without ever forgetting.
fn naive(spec: WindowSpec, occurrences: &[(u128, i64)]) -> Vec<bool> {
    let mut seen: HashMap<u128, Vec<i64>> = HashMap::new();
    let inside = |earlier: i64, clock: i64| match spec.mode {
        WindowMode::Sliding => clock - earlier <= spec.length_millis,
        WindowMode::Tumbling => {
            earlier.div_euclid(spec.length_millis) == clock.div_euclid(spec.length_millis)
        }
    };
    let decide = |(key, clock): &(u128, i64)| {
        let earlier = seen.entry(*key).or_default();
        let duplicate = earlier.iter().any(|earlier| inside(*earlier, *clock));
        earlier.push(*clock);
        duplicate
    };
    occurrences.iter().map(decide).collect()
}

fn mode() -> impl Strategy<Value = WindowMode> {
    prop_oneof![Just(WindowMode::Sliding), Just(WindowMode::Tumbling)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Over random logs (disorder, jumps, few keys and many), the window decides as the rule says,
    /// one by one and in batches.
    #[test]
    fn decides_as_the_rule_says(
        mode in mode(),
        jump in prop_oneof![Just(None), (1..100_i64).prop_map(Some)],
        length_millis in 1..200_i64,
        log in prop::collection::vec((0..300_u64, -50..100_i64), 0..3_000),
        spread in 1..300_u64,
        batch in 1..100_usize,
    ) {
        let spec = WindowSpec { length_millis, mode, jump_millis: jump };
        let mut clock = LogClock::new(jump, None);
        let mut now = 1_000;
        let occurrences: Vec<_> = log.iter().map(|(number, step)| {
            now += step.signum() * (step / 20);
            (key(number % spread), clock.advance(Some(now + step)))
        }).collect();
        let expected = naive(spec, &occurrences);
        prop_assert_eq!(&decide(spec, &occurrences), &expected);
        let (mut window, mut part, mut batched) = (Window::new(spec), Vec::new(), Vec::new());
        for chunk in occurrences.chunks(batch) {
            let (keys, clocks): (Vec<_>, Vec<_>) = chunk.iter().copied().unzip();
            window.check_batch(&keys, &clocks, &mut part);
            batched.append(&mut part);
        }
        prop_assert_eq!(batched, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// The same while segments are split, merged, rebuilt and emptied: bursts of thousands of keys
    /// between pauses.
    #[test]
    fn decides_as_the_rule_says_while_it_grows_and_shrinks(
        mode in mode(),
        bursts in prop::collection::vec((1..6_000_u64, 0..8_000_u64, 0..150_i64), 1..8),
    ) {
        let spec = WindowSpec { length_millis: 100, mode, jump_millis: None };
        let mut clock = 0;
        let mut occurrences = Vec::new();
        for (count, first, pause) in bursts {
            clock += pause;
            for number in first..first + count {
                clock += i64::from(number % 100 == 0);
                occurrences.push((key(number), clock));
            }
        }
        prop_assert_eq!(decide(spec, &occurrences), naive(spec, &occurrences));
    }
}
