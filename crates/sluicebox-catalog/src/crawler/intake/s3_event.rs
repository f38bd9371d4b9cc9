use percent_encoding::percent_decode_str;
use serde_json::Value;

/// An object of which S3 has told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct S3Event {
    pub(super) bucket: String,
    /// The key as it is, no longer encoded.
    pub(super) key: String,
    /// When it happened, milliseconds since 1970-01-01 UTC, if that is said.
    pub(super) millis: Option<i64>,
}

/// Why a notification is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum S3EventError {
    /// S3 tries out whether somebody listens.
    #[error("a test event")]
    Test,
    /// Another major version than 2.
    #[error("S3 event version `{0}` is not known; 2.x is")]
    UnknownVersion(String),
    /// SNS wants to know whether its messages are wanted. Whoever has the rights has to say so: an
    /// address in a message is not called.
    #[error(
        "confirm the SNS subscription by `aws sns confirm-subscription`, then its messages come"
    )]
    Subscription,
    /// Something is missing.
    #[error("malformed S3 notification: {0}")]
    Malformed(&'static str),
}

impl S3Event {
    pub(super) fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// The objects that a notification of S3 names, bare, as SNS sends it or as EventBridge does; none
/// if the message is something else
/// ([AWS](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html)).
pub(super) fn read(body: &[u8]) -> Option<Result<Vec<S3Event>, S3EventError>> {
    let message: Value = serde_json::from_slice(body).ok()?;
    read_value(&message).or_else(|| unwrap_sns(&message))
}

fn read_value(message: &Value) -> Option<Result<Vec<S3Event>, S3EventError>> {
    if message.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Some(Err(S3EventError::Test));
    }
    if let Some(records) = message.get("Records").and_then(Value::as_array) {
        return Some(records.iter().map(of_record).collect());
    }
    let detail = message
        .get("detail")
        .filter(|_| message.get("detail-type").is_some())?;
    let time = message.get("time").and_then(Value::as_str);
    Some(of_event_bridge(detail, time).map(|event| vec![event]))
}

fn unwrap_sns(message: &Value) -> Option<Result<Vec<S3Event>, S3EventError>> {
    match message.get("Type")?.as_str()? {
        "SubscriptionConfirmation" => Some(Err(S3EventError::Subscription)),
        "Notification" => {
            let inner = message.get("Message").and_then(Value::as_str)?;
            let inner: Value = serde_json::from_str(inner).ok()?;
            read_value(&inner)
        }
        _ => None,
    }
}

fn of_record(record: &Value) -> Result<S3Event, S3EventError> {
    let version = text(record, "/eventVersion").unwrap_or_default();
    if version.split('.').next() != Some("2") {
        let shown = version.chars().take(20).collect();
        return Err(S3EventError::UnknownVersion(shown));
    }
    let bucket =
        text(record, "/s3/bucket/name").ok_or(S3EventError::Malformed("no bucket name"))?;
    let key = text(record, "/s3/object/key").ok_or(S3EventError::Malformed("no object key"))?;
    let spaced = key.replace('+', " ");
    let key = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_not_utf8| S3EventError::Malformed("an object key that is no UTF-8"))?;
    Ok(S3Event {
        bucket: bucket.to_owned(),
        key: key.into_owned(),
        millis: text(record, "/eventTime").and_then(millis),
    })
}

/// EventBridge leaves keys as they are.
fn of_event_bridge(detail: &Value, time: Option<&str>) -> Result<S3Event, S3EventError> {
    let bucket = text(detail, "/bucket/name").ok_or(S3EventError::Malformed("no bucket name"))?;
    let key = text(detail, "/object/key").ok_or(S3EventError::Malformed("no object key"))?;
    Ok(S3Event {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        millis: time.and_then(millis),
    })
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn millis(time: &str) -> Option<i64> {
    let time: jiff::Timestamp = time.parse().ok()?;
    Some(time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn records(version: &str, key: &str) -> Value {
        json!({"Records": [{
            "eventVersion": version, "eventTime": "1970-01-01T00:00:01.000Z",
            "s3": {"bucket": {"name": "lake"}, "object": {"key": key}},
        }]})
    }

    fn read_json(message: &Value) -> Option<Result<Vec<S3Event>, S3EventError>> {
        read(message.to_string().as_bytes())
    }

    fn object(key: &str) -> Option<Result<Vec<S3Event>, S3EventError>> {
        let (bucket, key) = ("lake".to_owned(), key.to_owned());
        let millis = Some(1_000);
        Some(Ok(vec![S3Event {
            bucket,
            key,
            millis,
        }]))
    }

    /// Any 2.x, with keys encoded as S3 does it; bare or wrapped by SNS.
    #[test]
    fn notifications_are_read() {
        for version in ["2.0", "2.1", "2.4"] {
            let bare = records(version, "golden/air/flights/dt%3D2013-01-01/a+b.parquet");
            let expected = object("golden/air/flights/dt=2013-01-01/a b.parquet");
            assert_eq!(read_json(&bare), expected);
            let wrapped = json!({"Type": "Notification", "Message": bare.to_string()});
            assert_eq!(read_json(&wrapped), expected);
        }
        let bridged = json!({
            "detail-type": "Object Created", "time": "1970-01-01T00:00:01Z",
            "detail": {"bucket": {"name": "lake"}, "object": {"key": "a+b%3D"}},
        });
        assert_eq!(read_json(&bridged), object("a+b%3D"));
    }

    /// What is of no use says why; what is no notification is left to others.
    #[test]
    fn others_are_told_apart() {
        let error = |message: &Value| read_json(message).and_then(Result::err);
        assert_eq!(
            error(&json!({"Event": "s3:TestEvent"})),
            Some(S3EventError::Test)
        );
        let version = S3EventError::UnknownVersion("3.0".to_owned());
        assert_eq!(error(&records("3.0", "x")), Some(version));
        let nothing = json!({"Records": [{"eventVersion": "2.1"}]});
        assert!(matches!(error(&nothing), Some(S3EventError::Malformed(_))));
        let subscription = json!({"Type": "SubscriptionConfirmation", "SubscribeURL": "http://x"});
        assert_eq!(error(&subscription), Some(S3EventError::Subscription));
        assert_eq!(read_json(&json!({"specversion": "1.0"})), None);
        assert_eq!(read(b"no JSON"), None);
    }

    proptest! {
        /// Whatever comes is answered, not panicked at.
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..64), key in ".*") {
            prop_assert!(read(&bytes).is_none() || bytes.len() > 2);
            prop_assert!(read_json(&records("2.1", &key)).is_some());
        }
    }
}
