//! What must be true of a log that was ingested.

use std::fs;
use std::path::Path;

use rdkafka::Message;
use rdkafka::message::{Headers, OwnedMessage};
use serde_json::{Value, json};
use sluicebox_tests::harness::{duckdb, kafka};

use super::kinds::{Bad, Letter, STAMP_REFUSED};
use super::{FIRST_STAMP, Log, Record};

/// Good records are there once each, in spite of their neighbours.
pub(crate) fn golden_has_every_good_record(log: &Log, lake: &Path) {
    let rows = duckdb(&format!(
        "select id from read_parquet('{}/db/{}/**/*.parquet', hive_partitioning=false) order by id",
        lake.display(),
        log.table
    ));
    let ids: Vec<_> = rows.iter().map(|row| row["id"].to_string()).collect();
    let good = log.records.iter().filter_map(|record| match record {
        Record::Good(key, _) => Some(key.clone()),
        Record::Bad(_) | Record::Skipped => None,
    });
    assert_eq!(ids, good.collect::<Vec<_>>(), "{}", log.topic);
}

/// One row for each bad record, with its reason and its bytes. Values are compared where they are:
/// some are large.
pub(crate) fn quarantine_has_every_bad_record(log: &Log, lake: &Path) {
    let values = tempfile::tempdir().expect("a folder");
    for (offset, bad) in log.bad() {
        if let Some(value) = &bad.value {
            fs::write(values.path().join(offset.to_string()), value).expect("a file");
        }
    }
    let rows = duckdb(&format!(
        "select _kafka.offset as \"offset\", reason, message, hex(key) as key, \
         value is not distinct from content as is_same_value, \
         [[h.name, hex(h.value)] for h in headers] as headers \
         from read_parquet('{}/_quarantine/db/{}/**/*.parquet', hive_partitioning=false) \
         left join read_blob('{}/*') as file on parse_filename(file.filename) = _kafka.offset::varchar \
         order by all",
        lake.display(),
        log.table,
        values.path().display()
    ));
    assert_eq!(rows.len(), log.bad().count(), "{}", log.topic);
    for (row, (offset, bad)) in rows.iter().zip(log.bad()) {
        let message = row["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{}: says nothing", bad.name);
        let found = json!([
            row["offset"],
            row["reason"],
            row["key"],
            row["is_same_value"],
            row["headers"]
        ]);
        let header = |(name, value): &(&str, Option<Vec<u8>>)| json!([name, hex(value.as_deref())]);
        let headers: Vec<Value> = bad.headers.iter().map(header).collect();
        let expected = json!([offset, bad.reason, hex(bad.key.as_deref()), true, headers]);
        assert_eq!(found, expected, "{} ({message})", bad.name);
    }
}

/// A dead letter: what a reader of the topic sees.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    key: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
    /// None where it is the time of arrival.
    stamp: Option<i64>,
    value: Option<Vec<u8>>,
}

/// One dead letter for each bad record that fits: key, value, headers and timestamp as they were (a
/// timestamp that the topic refuses is kept in a header), then headers of ours that say where it was
/// and why it is here.
pub(crate) fn dead_letters_are_unchanged(log: &Log) {
    let mut seen: Vec<Seen> = kafka()
        .records(&log.dead_letters)
        .iter()
        .map(seen)
        .collect();
    let letters = log.letters();
    let mut expected: Vec<Seen> = letters
        .map(|(offset, bad)| expected(log, offset, bad))
        .collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen.len(), expected.len(), "{}", log.dead_letters);
    for (seen, expected) in seen.iter().zip(&expected) {
        let name = String::from_utf8_lossy(expected.key.as_deref().unwrap_or_default());
        assert!(seen.value == expected.value, "{name}: another value");
        assert_eq!(
            (&seen.key, &seen.headers, seen.stamp),
            (&expected.key, &expected.headers, expected.stamp),
            "{name}"
        );
    }
}

fn seen(letter: &OwnedMessage) -> Seen {
    let headers = letter.headers().into_iter().flat_map(Headers::iter);
    let headers: Vec<_> = headers
        .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
        .map(without_message)
        .collect();
    let stamp_is_apart = headers
        .iter()
        .any(|(name, _)| name == "sluicebox.timestamp");
    Seen {
        key: letter.key().map(<[u8]>::to_vec),
        headers,
        stamp: letter.timestamp().to_millis().filter(|_| !stamp_is_apart),
        value: letter.payload().map(<[u8]>::to_vec),
    }
}

fn expected(log: &Log, offset: i64, bad: &Bad) -> Seen {
    let stamp = bad.stamp.unwrap_or(FIRST_STAMP + offset);
    Seen {
        key: bad.key.clone(),
        headers: expected_headers(log, offset, bad),
        stamp: Some(stamp).filter(|stamp| *stamp != STAMP_REFUSED),
        value: bad.value.clone(),
    }
}

fn expected_headers(log: &Log, offset: i64, bad: &Bad) -> Vec<(String, Option<Vec<u8>>)> {
    if bad.letter == Letter::WithoutHeaders {
        return Vec::new();
    }
    let own = bad.headers.iter();
    let mut expected: Vec<_> = own
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let mut add = |name: &str, value: &str| expected.push((name.to_owned(), Some(value.into())));
    if bad.letter == Letter::Whole {
        let (reason, stage) = (bad.reason, stage(bad.reason));
        add("__connect.errors.topic", &log.topic);
        add("__connect.errors.partition", "0");
        add("__connect.errors.offset", &offset.to_string());
        add("__connect.errors.stage", stage);
        add("__connect.errors.class.name", &format!("sluicebox.{stage}"));
        add(
            "__connect.errors.exception.class.name",
            &format!("sluicebox.{reason}"),
        );
        add(MESSAGE, "");
        add("sluicebox.attempt", "1");
        if bad.stamp == Some(STAMP_REFUSED) {
            add("sluicebox.timestamp", &STAMP_REFUSED.to_string());
        }
    }
    add("sluicebox.reason", bad.reason);
    expected
}

/// Any text is right here that is one.
const MESSAGE: &str = "__connect.errors.exception.message";

fn without_message((name, value): (String, Option<Vec<u8>>)) -> (String, Option<Vec<u8>>) {
    if name != MESSAGE {
        return (name, value);
    }
    let text = String::from_utf8(value.unwrap_or_default()).expect("UTF-8");
    assert!(!text.is_empty(), "a dead letter says nothing");
    (name, Some(Vec::new()))
}

fn stage(reason: &str) -> &'static str {
    let all = sluicebox_types::RejectReason::ALL;
    let reason = all.iter().find(|known| known.code() == reason);
    reason.map_or("", |reason| reason.stage().as_str())
}

/// The counters that alerts are made of.
pub(crate) fn counters_tell(metrics: &str, logs: &[Log]) {
    for log in logs {
        let dead_letters = &log.dead_letters;
        for (counter, expected) in [
            ("sluicebox_dead_letter_records_total", log.letters().count()),
            (
                "sluicebox_dead_letter_undeliverable_total",
                log.bad().count() - log.letters().count(),
            ),
        ] {
            let line = format!("{counter}{{topic=\"{dead_letters}\"}} {expected}");
            let is_told = expected == 0 || metrics.lines().any(|told| told == line);
            assert!(is_told, "`{line}` is not in:\n{metrics}");
        }
    }
}

fn hex(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| bytes.iter().map(|byte| format!("{byte:02X}")).collect())
}
