use proptest::prelude::*;

use super::*;
use crate::{LogClock, Window, WindowMode, WindowSpec};

/// A record as dedup sees it: its offset, key and timestamp.
type Record = (Offset, u128, Option<i64>);

/// One reader of a partition: clock, window and points together, as the driver holds them.
struct Reader {
    clock: LogClock,
    window: Window,
    points: ResumePoints,
}

impl Reader {
    fn at_the_beginning(spec: WindowSpec) -> Self {
        Self {
            clock: LogClock::new(spec.jump_millis, None),
            window: Window::new(spec),
            points: ResumePoints::new(spec.length_millis),
        }
    }

    fn resuming(spec: WindowSpec, at: ResumePoint) -> Self {
        Self {
            clock: LogClock::new(spec.jump_millis, at.clock_before),
            window: Window::new(spec),
            points: ResumePoints::resuming(spec.length_millis, at),
        }
    }

    fn read(&mut self, (offset, key, timestamp): Record) -> bool {
        let before = self.clock.value();
        let clock = self.clock.advance(timestamp);
        self.points.observe(offset, before, clock);
        self.window.is_duplicate(key, clock)
    }

    fn read_all(&mut self, log: &[Record]) -> Vec<bool> {
        log.iter().map(|record| self.read(*record)).collect()
    }
}

fn from(log: &[Record], offset: Offset) -> &[Record] {
    &log[log.partition_point(|record| record.0 < offset)..]
}

fn sliding(length_millis: i64) -> WindowSpec {
    WindowSpec {
        length_millis,
        mode: WindowMode::Sliding,
        jump_millis: None,
    }
}

fn log_of(timestamps: &[i64]) -> Vec<Record> {
    timestamps
        .iter()
        .zip(0..)
        .map(|(t, offset)| (offset, 1, Some(*t)))
        .collect()
}

/// A rebuild starts no earlier than a window and a sixteenth before the cut, when the clock runs
/// evenly.
#[test]
fn starts_about_a_window_back() {
    let mut reader = Reader::at_the_beginning(sliding(16_000));
    for offset in 0..100_000 {
        reader.read((offset, 1, Some(offset * 10)));
    }
    let point = reader.points.resume_at(100_000);
    let clock_end = 99_999 * 10;
    let behind = clock_end - point.clock_before.unwrap();
    assert!((16_001..=17_010).contains(&behind), "{behind} ms behind");
    assert_eq!(point.clock_before, Some(point.offset * 10 - 10));
}

/// After a pause of more than a window, nothing before the pause is read again.
#[test]
fn starts_right_after_a_pause() {
    let mut timestamps = vec![0; 1_000];
    timestamps.extend([500_000; 10]);
    let mut reader = Reader::at_the_beginning(sliding(60_000));
    reader.read_all(&log_of(&timestamps));
    let expected = ResumePoint {
        offset: 1_000,
        clock_before: Some(0),
    };
    assert_eq!(reader.points.resume_at(1_010), expected);
    assert_eq!(
        reader.points.resume_at(1_003),
        expected,
        "a cut before the last record read"
    );
    assert_eq!(
        reader.points.resume_at(1_000).offset,
        0,
        "the cut is at the pause"
    );
}

/// What lies exactly one window behind can still make a duplicate, so it is read again.
#[test]
fn keeps_what_lies_exactly_one_window_back() {
    let resume = |timestamps: &[i64]| {
        let mut reader = Reader::at_the_beginning(sliding(60_000));
        reader.read_all(&log_of(timestamps));
        reader.points.resume_at(2).offset
    };
    assert_eq!(resume(&[0, 60_000]), 0);
    assert_eq!(resume(&[0, 60_001]), 1);
}

/// With nothing read, a partition resumes where it was to resume before: a commit of an idle
/// partition keeps the clock.
#[test]
fn an_idle_partition_keeps_its_point() {
    let at = ResumePoint {
        offset: 70,
        clock_before: Some(5),
    };
    let mut points = ResumePoints::resuming(60_000, at);
    assert_eq!(points.resume_at(100), at);
    points.observe(80, Some(5), 6);
    assert_eq!(points.resume_at(100), ResumePoint { offset: 80, ..at });
    let genesis = ResumePoint {
        offset: 42,
        clock_before: None,
    };
    assert_eq!(ResumePoints::new(60_000).resume_at(42), genesis);
}

/// The number of points has a limit, however long a partition is read without a restart, and the
/// newest are the ones that stay dense.
#[test]
fn holds_a_bounded_number_of_points() {
    let mut reader = Reader::at_the_beginning(sliding(1_600));
    for offset in 0..200_000 {
        reader.read((offset, 1, Some(offset * 50)));
        assert!(reader.points.passed.len() <= POINTS_MAX);
    }
    assert!(200_000 - reader.points.resume_at(200_000).offset < 40);
    let far_back = reader.points.resume_at(150_000).offset;
    assert!(far_back < 150_000 - 32);
}

fn timestamps() -> impl Strategy<Value = Vec<(Option<i64>, i64)>> {
    // Steps at and around the window (60 s) and the jump limit, mixed with small ones and disorder.
    let step = prop_oneof![
        6 => 0..3_000_i64,
        2 => prop::sample::select(vec![59_000, 59_999, 60_000, 60_001, 61_000, 300_000, 300_001]),
        1 => -70_000..70_000_i64,
        1 => prop::sample::select(vec![-10_000_000, 10_000_000]),
    ];
    let missing = prop_oneof![9 => Just(false), 1 => Just(true)];
    let record = (step, missing, 1..4_i64);
    prop::collection::vec(record, 1..250).prop_map(|records| {
        let mut now = 1_567_296_000_000;
        let mut log = Vec::new();
        for (step, missing, offset_step) in records {
            let timestamp = now + step;
            // Large steps are outliers; the others move time on.
            now = if step.abs() > 1_000_000 {
                now
            } else {
                timestamp.max(now)
            };
            log.push(((!missing).then_some(timestamp), offset_step));
        }
        log
    })
}

fn with_offsets_and_keys(timestamps: &[(Option<i64>, i64)], keys: &[u8], few: u8) -> Vec<Record> {
    let mut offset = 100;
    let mut log = Vec::new();
    for ((timestamp, step), key) in timestamps.iter().zip(keys) {
        offset += step;
        log.push((offset, u128::from(key % few), *timestamp));
    }
    log
}

fn any_spec() -> impl Strategy<Value = WindowSpec> {
    let jump = prop::sample::select(vec![None, Some(300_000), Some(1_000), Some(60_000)]);
    let mode = prop::sample::select(vec![WindowMode::Sliding, WindowMode::Tumbling]);
    let length = prop::sample::select(vec![60_000, 1, 1_000, 3_600_000]);
    (jump, mode, length).prop_map(|(jump_millis, mode, length_millis)| WindowSpec {
        length_millis,
        mode,
        jump_millis,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// The product's promise: cut the log anywhere, and again anywhere later, rebuild each time
    /// from the recorded point, and every later decision equals that of a reader never stopped.
    #[test]
    fn a_rebuilt_window_decides_as_if_never_stopped(
        spec in any_spec(),
        timestamps in timestamps(),
        keys in prop::collection::vec(any::<u8>(), 250),
        few in prop::sample::select(vec![1_u8, 2, 5, 20]),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
        read_beyond in 0..20_usize,
    ) {
        let log = with_offsets_and_keys(&timestamps, &keys, few);
        let expected = Reader::at_the_beginning(spec).read_all(&log);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(log.len())).collect();
        cuts.sort_unstable();

        let mut reader = Reader::at_the_beginning(spec);
        let mut unread = log.as_slice();
        for cut in cuts {
            let end = log[cut].0;
            // A reader is usually some records ahead of the cut when the cut is made.
            let ahead = cut.saturating_add(read_beyond).min(log.len());
            let read = unread.len().saturating_sub(log.len() - ahead);
            reader.read_all(&unread[..read]);
            let at = reader.points.resume_at(end);
            prop_assert!(at.offset <= end);
            reader = Reader::resuming(spec, at);
            unread = from(&log, at.offset);
            let replayed = reader.read_all(&unread[..unread.len() - from(&log, end).len()]);
            unread = &unread[replayed.len()..];
            let mut rest = Reader::resuming(spec, at);
            let decisions = rest.read_all(from(&log, at.offset));
            prop_assert_eq!(&decisions[replayed.len()..], &expected[cut..]);
        }
    }

    /// The same for logs without any timestamps, or with them from some record on.
    #[test]
    fn a_rebuilt_window_needs_no_timestamps(
        spec in any_spec(),
        untimed in 1..60_usize,
        timed in prop::collection::vec(0..200_000_i64, 0..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let timestamps = std::iter::repeat_n(None, untimed).chain(timed.into_iter().map(Some));
        let log: Vec<Record> =
            timestamps.zip(0_u8..).map(|(t, n)| (n.into(), u128::from(n % 7), t)).collect();
        let expected = Reader::at_the_beginning(spec).read_all(&log);
        let cut = cut.index(log.len());
        let mut reader = Reader::at_the_beginning(spec);
        reader.read_all(&log[..cut]);
        let at = reader.points.resume_at(log[cut].0);
        let decisions = Reader::resuming(spec, at).read_all(from(&log, at.offset));
        let replayed = decisions.len() - (log.len() - cut);
        prop_assert_eq!(&decisions[replayed..], &expected[cut..]);
    }
}
