//! Flights that went wrong on their way, one kind per reason that a decoder or rule can give.

use serde_json::{Value, json};
use sluicebox_types::RejectReason;

use crate::commands::demo::flights::Flight;

/// Makes a bad value of a good flight.
type Spoil = fn(Flight) -> Vec<u8>;

/// Every kind, with the reason that it must be rejected for.
pub(super) const KINDS: &[(RejectReason, Spoil)] = &[
    (RejectReason::EmptyValue, |_| Vec::new()),
    (RejectReason::InvalidUtf8, |flight| {
        replaced(flight, "JFK", b"J\xffK")
    }),
    (RejectReason::InvalidJson, |flight| cut_off(bytes(&flight))),
    (RejectReason::TrailingData, |flight| {
        [bytes(&flight), b"{}".to_vec()].concat()
    }),
    (RejectReason::NotAnObject, |flight| {
        bytes_of(&json!([flight]))
    }),
    (RejectReason::WrongType, |flight| {
        with(flight, "flight", json!("fifteen"))
    }),
    (RejectReason::MissingField, |flight| {
        without(flight, "carrier")
    }),
    (RejectReason::OutOfRange, |flight| {
        with(flight, "flight", json!(99_999_999_999_i64))
    }),
    (RejectReason::InvalidText, |flight| {
        with(flight, "time_hour", json!("yesterday"))
    }),
    (RejectReason::DuplicateField, |flight| {
        named_twice(&flight, "carrier")
    }),
    (RejectReason::FieldCase, |flight| {
        renamed(flight, "carrier", "Carrier")
    }),
    (RejectReason::TooLarge, |flight| {
        with(flight, "remark", json!("x".repeat(70_000)))
    }),
    (RejectReason::TooDeep, |flight| {
        with(flight, "remark", nested(80))
    }),
    (RejectReason::RuleFailed, |flight| {
        with(flight, "distance", json!(-1))
    }),
    (RejectReason::EventTimeOutOfRange, |flight| {
        with(flight, "time_hour", json!("1913-01-01T05:00:00Z"))
    }),
];

/// A flight as its JSON text.
pub(super) fn bytes(flight: &Flight) -> Vec<u8> {
    bytes_of(&Value::Object(flight.clone()))
}

fn bytes_of(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn with(mut flight: Flight, field: &str, value: Value) -> Vec<u8> {
    flight.insert(field.to_owned(), value);
    bytes(&flight)
}

fn without(mut flight: Flight, field: &str) -> Vec<u8> {
    flight.remove(field);
    bytes(&flight)
}

fn renamed(mut flight: Flight, field: &str, name: &str) -> Vec<u8> {
    let value = flight.remove(field).unwrap_or_default();
    with(flight, name, value)
}

fn named_twice(flight: &Flight, field: &str) -> Vec<u8> {
    let value = flight.get(field).cloned().unwrap_or_default();
    let text = Value::Object(flight.clone()).to_string();
    let rest = text.strip_prefix('{').unwrap_or(&text);
    format!("{{\"{field}\":{value},{rest}").into_bytes()
}

fn replaced(mut flight: Flight, text: &str, by: &[u8]) -> Vec<u8> {
    flight.insert("origin".to_owned(), json!(text));
    let value = bytes(&flight);
    let at = value
        .windows(text.len())
        .position(|window| window == text.as_bytes())
        .unwrap_or(0);
    let (before, after) = value.split_at(at);
    [before, by, after.get(text.len()..).unwrap_or_default()].concat()
}

fn cut_off(mut value: Vec<u8>) -> Vec<u8> {
    value.truncate(value.len() / 2);
    value
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| json!([inner]))
}
