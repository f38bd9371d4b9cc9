//! Headers of dead letters, whose records bring headers of their own.

use std::sync::Arc;

use sluicebox_pipeline::ports::{DeadLetter, Outstanding};
use sluicebox_types::{OwnedRecord, Reject, RejectReason, TimestampType, TopicPartition};

use headers::{Header, HeaderSet, headers};

// As source: the crate around it builds librdkafka.
#[path = "../../../crates/sluicebox-kafka/src/dead_letter/headers.rs"]
mod headers;

const PREFIX: &str = "__connect.errors.";
const ATTEMPT: &str = "sluicebox.attempt";

/// A record's own headers come first and unchanged, and a letter that is rejected again keeps where
/// it came from and counts up. The input's lines are headers: name, `=`, value.
pub(crate) fn run(data: &[u8]) {
    let own: Vec<_> = data.split(|byte| *byte == b'\n').map(header).collect();
    let first = letter(own, 1);
    let told = headers(&first, PREFIX, HeaderSet::All, data.len().is_multiple_of(2));
    assert_starts_with_own(&first, &told);
    let attempts = attempt(&told);
    assert!(attempts > 0);

    let again = letter(told.iter().map(owned).collect(), 2);
    let told_again = headers(&again, PREFIX, HeaderSet::All, true);
    assert_starts_with_own(&again, &told_again);
    assert_eq!(attempt(&told_again), attempts.saturating_add(1));
    let origins = |told: &[Header<'_>]| -> Vec<_> {
        let own = told.iter().filter(|(name, _)| name.starts_with(PREFIX));
        own.map(owned).collect()
    };
    assert_eq!(origins(&told), origins(&told_again));

    let small = headers(&first, PREFIX, HeaderSet::RecordAndReason, true);
    assert_starts_with_own(&first, &small);
    assert_eq!(small.len(), first.record.headers.len() + 1);
    assert!(headers(&first, PREFIX, HeaderSet::None, true).is_empty());
}

/// A record's header as Kafka has it: a name, and bytes or null.
type Own = (Vec<u8>, Option<Vec<u8>>);

fn header(line: &[u8]) -> Own {
    match line.iter().position(|byte| *byte == b'=') {
        Some(at) => (line[..at].to_vec(), Some(line[at + 1..].to_vec())),
        None => (line.to_vec(), None),
    }
}

fn owned((name, value): &Header<'_>) -> Own {
    (
        name.as_bytes().to_vec(),
        value.as_deref().map(<[u8]>::to_vec),
    )
}

fn letter(headers: Vec<Own>, offset: i64) -> DeadLetter {
    DeadLetter {
        source: TopicPartition::new("raw", 3),
        record: OwnedRecord {
            offset,
            timestamp_millis: Some(-7),
            timestamp_type: TimestampType::CreateTime,
            key: None,
            value: None,
            headers,
        },
        reject: Reject::new(RejectReason::WrongType, "column `a` takes a number"),
        receipt: Arc::new(Outstanding::default()).receipt(),
    }
}

fn assert_starts_with_own(letter: &DeadLetter, told: &[Header<'_>]) {
    for ((name, value), (told_name, told_value)) in letter.record.headers.iter().zip(told) {
        assert_eq!(*told_name, String::from_utf8_lossy(name));
        assert_eq!(value.as_deref(), told_value.as_deref());
    }
    assert!(told.len() > letter.record.headers.len());
    let (last, _) = told.last().expect("a reason");
    assert_eq!(last, "sluicebox.reason");
}

fn attempt(told: &[Header<'_>]) -> u32 {
    let last = told.iter().rfind(|(name, _)| name == ATTEMPT);
    let value = last.and_then(|(_, value)| value.as_deref());
    let text = value.and_then(|value| str::from_utf8(value).ok());
    text.and_then(|text| text.parse().ok()).expect("a number")
}
