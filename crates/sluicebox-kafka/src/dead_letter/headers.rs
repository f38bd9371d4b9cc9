use std::borrow::Cow;

use sluicebox_pipeline::ports::DeadLetter;

/// The code of the reject, whatever else is left out.
const REASON: &str = "sluicebox.reason";
/// How often the record has been rejected: 1 at first, one more after each replay.
const ATTEMPT: &str = "sluicebox.attempt";
/// The record's own timestamp (milliseconds since 1970-01-01 UTC), where the topic refuses it.
const TIMESTAMP: &str = "sluicebox.timestamp";

/// How much of the headers a letter carries. A letter that is too large goes down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderSet {
    /// The record's and ours.
    All,
    /// The record's, and the reason.
    RecordAndReason,
    /// None.
    None,
}

/// One header: name and value.
pub(super) type Header<'a> = (Cow<'a, str>, Option<Cow<'a, [u8]>>);

/// The headers of a letter: the record's own first, unchanged and in their order, then ours as
/// UTF-8 text, under the names that Kafka Connect uses (KIP-298). One of those that the record has
/// already is left as it is; the two of Sluicebox are added again, as the last ones of their name.
pub(super) fn headers<'a>(
    letter: &'a DeadLetter,
    prefix: &str,
    set: HeaderSet,
    own_time: bool,
) -> Vec<Header<'a>> {
    if set == HeaderSet::None {
        return Vec::new();
    }
    let own = letter.record.headers.iter();
    let mut headers: Vec<Header<'a>> = own
        .map(|(name, value)| {
            (
                String::from_utf8_lossy(name),
                value.as_deref().map(Cow::Borrowed),
            )
        })
        .collect();
    let attempt = previous_attempt(&headers).saturating_add(1);
    if set == HeaderSet::All {
        for (name, value) in origin(letter) {
            let name = format!("{prefix}{name}");
            if !headers.iter().any(|(known, _)| *known == name) {
                headers.push((name.into(), Some(bytes(value))));
            }
        }
        headers.push((ATTEMPT.into(), Some(bytes(attempt.to_string()))));
        if let Some(millis) = letter.record.timestamp_millis.filter(|_| !own_time) {
            headers.push((TIMESTAMP.into(), Some(bytes(millis.to_string()))));
        }
    }
    headers.push((
        REASON.into(),
        Some(Cow::Borrowed(letter.reject.reason.code().as_bytes())),
    ));
    headers
}

fn origin(letter: &DeadLetter) -> [(&'static str, String); 7] {
    let reject = &letter.reject;
    [
        ("topic", letter.source.topic.to_string()),
        ("partition", letter.source.partition.to_string()),
        ("offset", letter.record.offset.to_string()),
        ("stage", reject.reason.stage().as_str().to_owned()),
        (
            "class.name",
            format!("sluicebox.{}", reject.reason.stage().as_str()),
        ),
        (
            "exception.class.name",
            format!("sluicebox.{}", reject.reason.code()),
        ),
        ("exception.message", reject.message.to_string()),
    ]
}

fn previous_attempt(headers: &[Header<'_>]) -> u32 {
    let last = headers.iter().rev().find(|(name, _)| name == ATTEMPT);
    let value = last.and_then(|(_, value)| value.as_deref());
    value
        .and_then(|value| std::str::from_utf8(value).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn bytes<'a>(text: String) -> Cow<'a, [u8]> {
    Cow::Owned(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use sluicebox_pipeline::ports::Outstanding;
    use sluicebox_types::{OwnedRecord, Reject, RejectReason, TimestampType, TopicPartition};
    use std::sync::Arc;

    use super::*;

    type Own = (&'static str, Option<&'static str>);

    fn letter(own: &[Own]) -> DeadLetter {
        let header = |(name, value): &Own| {
            (
                name.as_bytes().to_vec(),
                value.map(|value| value.as_bytes().to_vec()),
            )
        };
        DeadLetter {
            source: TopicPartition::new("raw", 3),
            record: OwnedRecord {
                offset: 42,
                timestamp_millis: Some(-7),
                timestamp_type: TimestampType::CreateTime,
                key: None,
                value: None,
                headers: own.iter().map(header).collect(),
            },
            reject: Reject::new(RejectReason::WrongType, "column `a` takes a number"),
            receipt: Arc::new(Outstanding::default()).receipt(),
        }
    }

    fn texts(letter: &DeadLetter, set: HeaderSet, own_time: bool) -> Vec<String> {
        headers(letter, "__connect.errors.", set, own_time)
            .into_iter()
            .map(|(name, value)| {
                let value = value.map(|value| String::from_utf8_lossy(&value).into_owned());
                format!("{name}={}", value.as_deref().unwrap_or("null"))
            })
            .collect()
    }

    /// Tools made for Kafka Connect's dead letters find what they look for, and the record's own
    /// headers come through unchanged, null values and repeats too.
    #[test]
    fn headers_follow_kafka_connect_and_keep_the_own_ones() {
        let letter = letter(&[("trace", Some("x")), ("trace", None)]);
        assert_eq!(
            texts(&letter, HeaderSet::All, true),
            [
                "trace=x",
                "trace=null",
                "__connect.errors.topic=raw",
                "__connect.errors.partition=3",
                "__connect.errors.offset=42",
                "__connect.errors.stage=decode",
                "__connect.errors.class.name=sluicebox.decode",
                "__connect.errors.exception.class.name=sluicebox.wrong_type",
                "__connect.errors.exception.message=column `a` takes a number",
                "sluicebox.attempt=1",
                "sluicebox.reason=wrong_type",
            ]
        );
    }

    /// A record that was rejected before keeps where it came from at first, and counts up.
    #[test]
    fn a_second_rejection_overwrites_nothing() {
        let letter = letter(&[
            ("__connect.errors.topic", Some("first")),
            (ATTEMPT, Some("4")),
        ]);
        let texts = texts(&letter, HeaderSet::All, true);
        let of = |name: &str| -> Vec<String> {
            texts
                .iter()
                .filter(|text| text.starts_with(name))
                .cloned()
                .collect()
        };
        assert_eq!(
            of("__connect.errors.topic"),
            ["__connect.errors.topic=first"]
        );
        assert_eq!(of(ATTEMPT), ["sluicebox.attempt=4", "sluicebox.attempt=5"]);
    }

    /// What a letter loses when it is too large, and what it gains when its time is refused.
    #[test]
    fn smaller_sets_lose_ours_first() {
        let letter = letter(&[("trace", Some("x"))]);
        assert_eq!(
            texts(&letter, HeaderSet::RecordAndReason, true),
            ["trace=x", "sluicebox.reason=wrong_type"]
        );
        assert!(texts(&letter, HeaderSet::None, true).is_empty());
        let all = texts(&letter, HeaderSet::All, false);
        assert!(
            all.contains(&"sluicebox.timestamp=-7".to_owned()),
            "{all:?}"
        );
    }
}
