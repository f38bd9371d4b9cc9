//! Records as a topic has them: mostly good ones, some twice, a few that are no JSON.

use std::collections::VecDeque;

use fastrand::Rng;

use crate::contents::Contents;
use crate::shapes::Generator;

/// The time of the first record, milliseconds since 1970-01-01 UTC.
const FIRST_MILLIS: i64 = 1_780_000_000_000;

/// Between a record of the topic and the next one.
const STEP_MILLIS: i64 = 2;

/// One good record in so many comes again.
const REPEAT_ONE_IN: u32 = 50;

/// How much later than a record its repeat comes at most: what the dedup window of the configs holds.
const REPEAT_WITHIN_MILLIS: i64 = 16_000;

const DAY_MILLIS: i64 = 86_400_000;

/// What must become of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A row.
    Unique,
    /// Nothing: it was there before.
    Repeat,
    /// A row of the quarantine.
    Malformed,
}

/// One record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its timestamp, milliseconds since 1970-01-01 UTC.
    pub at_millis: i64,
    /// The event's id.
    pub key: String,
    /// Its JSON, or what is none.
    pub value: Vec<u8>,
    /// What must become of it.
    pub fate: Fate,
}

/// The records of one partition, without end, the same ones each time.
#[derive(Debug)]
pub struct Records {
    generator: Generator,
    random: Rng,
    at_millis: i64,
    step_millis: i64,
    malformed_per_thousand: u32,
    /// Over how many days the event times go round, and on which of them the next one lies.
    days: i64,
    day: i64,
    recent: VecDeque<Record>,
    /// How many of them may come again.
    recent_max: usize,
}

impl Records {
    /// The records of partition `index`, counted through all topics.
    #[must_use]
    pub fn new(contents: &Contents, index: u32) -> Self {
        let seed = u64::from(index);
        let step_millis = STEP_MILLIS * i64::from(contents.all_partitions());
        let within_millis = REPEAT_WITHIN_MILLIS.min(contents.window_millis / 4);
        let recent_max = usize::try_from(within_millis / step_millis.max(1)).unwrap_or(1);
        let recent_max = recent_max.max(1);
        Self {
            generator: Generator::new(contents.shape, seed),
            random: Rng::with_seed(!seed),
            at_millis: FIRST_MILLIS + STEP_MILLIS * i64::from(index),
            step_millis,
            malformed_per_thousand: contents.malformed_per_thousand,
            days: i64::from(contents.days).max(1),
            day: 0,
            recent: VecDeque::with_capacity(recent_max),
            recent_max,
        }
    }

    /// The time of the latest record, or just before the first one.
    #[must_use]
    pub const fn at_millis(&self) -> i64 {
        self.at_millis
    }

    fn repeat(&mut self) -> Option<Record> {
        let latest = self.recent.len().checked_sub(1)?;
        let record = self.recent.get(self.random.usize(..=latest))?;
        Some(Record {
            at_millis: self.at_millis,
            fate: Fate::Repeat,
            ..record.clone()
        })
    }

    fn remember(&mut self, record: Record) {
        if self.recent.len() == self.recent_max {
            self.recent.pop_front();
        }
        self.recent.push_back(record);
    }
}

impl Iterator for Records {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.random.u32(..REPEAT_ONE_IN) == 0
            && let Some(repeat) = self.repeat()
        {
            return Some(repeat);
        }
        self.at_millis += self.step_millis;
        let mut json = String::new();
        let event_millis = self.at_millis - self.day * DAY_MILLIS;
        self.day = (self.day + 1) % self.days;
        let key = self.generator.write(event_millis, &mut json);
        let mut record = Record {
            at_millis: self.at_millis,
            key,
            value: json.into_bytes(),
            fate: Fate::Unique,
        };
        if self.random.u32(..1000) < self.malformed_per_thousand {
            record.fate = Fate::Malformed;
            spoil(&mut self.random, &mut record.value);
        } else {
            self.remember(record.clone());
        }
        Some(record)
    }
}

/// Makes JSON something that is none: cut off, not JSON at all, a colon missing, a comma too many.
fn spoil(random: &mut Rng, json: &mut Vec<u8>) {
    match random.u8(..4) {
        0 => json.truncate(random.usize(60..json.len() - 10)),
        1 => *json = b"this is not json".to_vec(),
        2 => {
            if let Some(colon) = json.iter_mut().find(|byte| **byte == b':') {
                *colon = b' ';
            }
        }
        _ => {
            json.pop();
            json.extend_from_slice(b",}");
        }
    }
}
