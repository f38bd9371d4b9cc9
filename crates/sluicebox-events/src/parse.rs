//! Foreign bytes to events.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::EventError;
use crate::event::{
    Attributes, BATCH_MEDIA_TYPE, Event, EventData, EventType, MEDIA_TYPE, SPEC_VERSION,
};
use crate::files_committed::FilesCommitted;
use crate::headers::decode_http;
use crate::sealed::Sealed;
use crate::table::{EventPartition, EventTable};

/// The largest event: 256 KiB, what queues and event buses of the clouds take. None larger is
/// written or read.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// The largest body that holds several events.
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longer texts are no attributes of ours; what is quoted in messages stays short.
const ATTRIBUTE_BYTES_MAX: usize = 1024;
const TYPE_PREFIX: &str = "io.sluicebox.";

/// Reads the body of an HTTP request in any of the three modes: structured and batch by the content
/// type, else binary with headers `ce-…`. Names of headers may be in any case. In a batch each event
/// is judged by itself.
///
/// # Errors
/// When the body as a whole cannot be read; of a single event in the answer's entries too.
pub fn parse<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) -> Result<Vec<Result<Event, EventError>>, EventError> {
    let headers = lower_case(headers);
    match media_type(headers.get("content-type").map_or("", |value| value)).as_str() {
        MEDIA_TYPE => Ok(vec![parse_structured(body)]),
        BATCH_MEDIA_TYPE => parse_batch(body),
        _ => Ok(vec![parse_binary(&headers, "ce-", body)]),
    }
}

/// Reads a Kafka message: structured by its `content-type` header or for want of any headers of
/// `CloudEvents`, else binary with headers `ce_…`.
///
/// # Errors
/// Why it is no event.
pub fn parse_kafka<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    value: &[u8],
) -> Result<Event, EventError> {
    let texts = headers
        .into_iter()
        .filter_map(|(name, value)| Some((name, str::from_utf8(value).ok()?)));
    let headers = lower_case(texts);
    if headers.contains_key("ce_specversion") {
        parse_binary(&headers, "ce_", value)
    } else {
        parse_structured(value)
    }
}

/// Reads one event in structured mode.
///
/// # Errors
/// Why it is none.
pub fn parse_structured(bytes: &[u8]) -> Result<Event, EventError> {
    check_size(bytes, EVENT_BYTES_MAX)?;
    event_of(json(bytes)?)
}

fn parse_batch(bytes: &[u8]) -> Result<Vec<Result<Event, EventError>>, EventError> {
    check_size(bytes, BATCH_BYTES_MAX)?;
    match json(bytes)? {
        Value::Array(events) => Ok(events.into_iter().map(event_of).collect()),
        _ => Err(EventError::Malformed("a batch is a JSON array".to_owned())),
    }
}

fn parse_binary(
    headers: &BTreeMap<String, &str>,
    prefix: &str,
    body: &[u8],
) -> Result<Event, EventError> {
    check_size(body, EVENT_BYTES_MAX)?;
    let mut document = Map::new();
    for (name, value) in headers {
        let Some(name) = name.strip_prefix(prefix) else {
            continue;
        };
        let value = match prefix {
            "ce-" => decode_http(value),
            _ => Some((*value).to_owned()),
        };
        let value = value.ok_or_else(|| EventError::attribute(name, "is not UTF-8"))?;
        document.insert(name.to_owned(), Value::String(value));
    }
    if document.is_empty() {
        let expected = format!("neither a content type of CloudEvents nor headers `{prefix}…`");
        return Err(EventError::Malformed(expected));
    }
    if let Some(content_type) = headers.get("content-type") {
        document.insert("datacontenttype".to_owned(), (*content_type).into());
    }
    document.insert("data".to_owned(), json(body)?);
    event_of(Value::Object(document))
}

fn event_of(document: Value) -> Result<Event, EventError> {
    let Value::Object(mut document) = document else {
        return Err(EventError::Malformed(
            "an event is a JSON object".to_owned(),
        ));
    };
    let version = required(&document, "specversion")?;
    if version != SPEC_VERSION {
        return Err(EventError::UnknownVersion(version));
    }
    let event_type = known_type(&required(&document, "type")?)?;
    let content_type = optional(&document, "datacontenttype")?;
    if !content_type.is_empty() && !is_json(&content_type) {
        return Err(EventError::attribute("datacontenttype", "is not JSON"));
    }
    let attributes = Attributes {
        source: required(&document, "source")?,
        subject: optional(&document, "subject")?,
        time: optional(&document, "time")?,
        partitionkey: optional(&document, "partitionkey")?,
        sequence: optional(&document, "sequence")?,
    };
    let id = required(&document, "id")?;
    let data = document.remove("data");
    let data = data.ok_or_else(|| EventError::Malformed("there is no `data`".to_owned()))?;
    let data = match event_type {
        EventType::FilesCommitted => {
            let data: FilesCommitted = data_of(data)?;
            check_subject(&data.table, &data.partition)?;
            EventData::FilesCommitted(data)
        }
        EventType::Sealed => {
            let data: Sealed = data_of(data)?;
            check_subject(&data.table, &data.partition)?;
            EventData::Sealed(data)
        }
    };
    Ok(Event {
        id,
        attributes,
        data,
    })
}

fn known_type(text: &str) -> Result<EventType, EventError> {
    let known = EventType::ALL
        .into_iter()
        .find(|known| known.as_str() == text);
    known.ok_or_else(|| {
        let unversioned = |text: &str| text.rsplit_once(".v").map(|(name, _)| name.to_owned());
        let other_version = text.starts_with(TYPE_PREFIX)
            && EventType::ALL
                .iter()
                .any(|known| unversioned(known.as_str()) == unversioned(text));
        match other_version {
            true => EventError::UnknownVersion(text.to_owned()),
            false => EventError::UnknownType(text.to_owned()),
        }
    })
}

/// What a consumer relies on: a table with a name, and a partition that is a date.
fn check_subject(table: &EventTable, partition: &EventPartition) -> Result<(), EventError> {
    if table.database.is_empty() || table.name.is_empty() {
        return Err(EventError::Malformed("the table has no name".to_owned()));
    }
    let not_a_date = |error| EventError::Malformed(format!("partition: {error}"));
    partition.date().map(|_date| ()).map_err(not_a_date)
}

fn data_of<D: DeserializeOwned>(data: Value) -> Result<D, EventError> {
    serde_json::from_value(data).map_err(|error| EventError::Malformed(format!("data: {error}")))
}

fn required(document: &Map<String, Value>, name: &str) -> Result<String, EventError> {
    let value = optional(document, name)?;
    match value.is_empty() {
        true => Err(EventError::attribute(name, "is missing")),
        false => Ok(value),
    }
}

/// Empty where it is missing or null.
fn optional(document: &Map<String, Value>, name: &str) -> Result<String, EventError> {
    match document.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) if text.len() <= ATTRIBUTE_BYTES_MAX => Ok(text.clone()),
        Some(Value::String(_)) => Err(EventError::attribute(name, "is too long")),
        Some(_) => Err(EventError::attribute(name, "is not a text")),
    }
}

fn check_size(bytes: &[u8], bytes_max: usize) -> Result<(), EventError> {
    match bytes.len() {
        bytes if bytes > bytes_max => Err(EventError::TooLarge { bytes, bytes_max }),
        _ => Ok(()),
    }
}

fn json(bytes: &[u8]) -> Result<Value, EventError> {
    serde_json::from_slice(bytes).map_err(|error| EventError::Malformed(error.to_string()))
}

fn lower_case<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, &'a str> {
    let headers = headers.into_iter();
    headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect()
}

/// Without parameters, in lower case.
fn media_type(content_type: &str) -> String {
    let (name, _parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    name.trim().to_ascii_lowercase()
}

fn is_json(content_type: &str) -> bool {
    let name = media_type(content_type);
    name == "application/json" || name == "text/json" || name.ends_with("+json")
}
