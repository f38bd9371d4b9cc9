use std::collections::BTreeMap;

use serde_json::Value;
use sluicebox_chain::Counts;
use sluicebox_types::{OwnedRecord, TimestampType};
use xxhash_rust::xxh3::xxh3_64;

use crate::commands::demo::flights::Flight;
use crate::commands::demo::malformed::{self, KINDS};

/// Kafka partitions of the topic.
pub(super) const PARTITIONS: i32 = 4;

/// One flight in so many is sent twice.
const REPEAT_EVERY: usize = 50;
/// How many records later at most: well within the dedup window of a minute.
const REPEAT_WITHIN: usize = 5_000;
/// After so many flights there is a malformed one.
const MALFORMED_EVERY: usize = 500;
/// After so many flights there is one without a value.
const TOMBSTONE_EVERY: usize = 2_000;
/// Time between two records.
const STEP_MILLIS: i64 = 5;

/// What is produced, and what must become of it.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Records with their Kafka partitions, in order.
    pub(super) records: Vec<(i32, OwnedRecord)>,
    /// Their fates.
    pub(super) expected: Counts,
    /// Rejects by reason code.
    pub(super) expected_rejects: BTreeMap<String, u64>,
    now_millis: i64,
}

impl Traffic {
    /// Traffic with these flights, beginning at `start_millis`: each once, some twice, and in
    /// between what can go wrong. The same flights give the same traffic.
    pub(super) fn of(flights: &[Flight], start_millis: i64) -> Self {
        let mut traffic = Self {
            now_millis: start_millis,
            ..Self::default()
        };
        let mut repeats: BTreeMap<usize, Vec<&Flight>> = BTreeMap::new();
        for (index, flight) in flights.iter().enumerate() {
            traffic.good(flight);
            if index % REPEAT_EVERY == 0 {
                let later = index + 1 + index.wrapping_mul(7_919) % REPEAT_WITHIN;
                repeats
                    .entry(later.min(flights.len() - 1))
                    .or_default()
                    .push(flight);
            }
            for again in repeats.remove(&index).unwrap_or_default() {
                traffic.repeat(again);
            }
            if index % MALFORMED_EVERY == MALFORMED_EVERY - 1 {
                traffic.malformed(flight, index / MALFORMED_EVERY);
            }
            if index % TOMBSTONE_EVERY == TOMBSTONE_EVERY - 1 {
                traffic.tombstone(flight);
            }
        }
        traffic
    }

    fn good(&mut self, flight: &Flight) {
        self.expected.golden += 1;
        self.add(flight, Some(malformed::bytes(flight)));
    }

    fn repeat(&mut self, flight: &Flight) {
        self.expected.duplicate += 1;
        self.add(flight, Some(malformed::bytes(flight)));
    }

    fn malformed(&mut self, flight: &Flight, kind: usize) {
        if let Some((reason, spoil)) = KINDS.get(kind % KINDS.len()) {
            self.expected.rejected += 1;
            *self
                .expected_rejects
                .entry(reason.code().to_owned())
                .or_default() += 1;
            self.add(flight, Some(spoil(flight.clone())));
        }
    }

    fn tombstone(&mut self, flight: &Flight) {
        self.expected.skipped += 1;
        self.add(flight, None);
    }

    fn add(&mut self, flight: &Flight, value: Option<Vec<u8>>) {
        let key = key(flight);
        let partition =
            i32::try_from(xxh3_64(key.as_bytes()) % u64::from(PARTITIONS.unsigned_abs()));
        let record = OwnedRecord {
            offset: 0,
            timestamp_millis: Some(self.now_millis),
            timestamp_type: TimestampType::CreateTime,
            key: Some(key.into_bytes()),
            value,
            headers: Vec::new(),
        };
        self.expected.read += 1;
        self.now_millis += STEP_MILLIS;
        self.records.push((partition.unwrap_or(0), record));
    }
}

/// `UA1545`: carrier and flight number, so that repeats meet on one partition.
fn key(flight: &Flight) -> String {
    let carrier = flight
        .get("carrier")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let number = flight
        .get("flight")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    format!("{carrier}{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::flights;

    /// The excerpt is what it says: all flights of January 2013, nulls included; and the traffic
    /// has every fate and every kind of malformed record.
    #[test]
    fn traffic_has_every_fate() {
        let flights = flights::all().expect("the excerpt");
        assert_eq!(flights.len(), 27_004);
        assert!(flights.iter().any(|flight| flight["dep_time"].is_null()));
        let traffic = Traffic::of(&flights, 0);
        let expected = traffic.expected;
        assert!(expected.balanced());
        assert_eq!(expected.read, traffic.records.len() as u64);
        assert_eq!((expected.golden, expected.duplicate), (27_004, 541));
        assert_eq!(traffic.expected_rejects.len(), KINDS.len());
        assert_eq!(
            expected.rejected,
            traffic.expected_rejects.values().sum::<u64>()
        );
    }

    /// A repeat comes within the dedup window of its flight, by the records' own time.
    #[test]
    fn repeats_come_within_the_window() {
        let traffic = Traffic::of(&flights::all().expect("the excerpt"), 0);
        let mut first_seen: BTreeMap<&[u8], i64> = BTreeMap::new();
        let mut repeats = 0;
        for (_, record) in &traffic.records {
            let Some(value) = record.value.as_deref().filter(|value| !value.is_empty()) else {
                continue;
            };
            let millis = record.timestamp_millis.expect("a timestamp");
            if let Some(first) = first_seen.insert(value, millis) {
                assert!(millis - first < 60_000, "{first} {millis}");
                repeats += 1;
            }
        }
        assert_eq!(repeats, 541);
    }
}
