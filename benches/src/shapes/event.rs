use std::fmt::Write as _;

use fastrand::Rng;
use jiff::Timestamp;
use uuid::Builder;

use super::{pick, zipf};

const TYPES: [&str; 8] = [
    "page_view",
    "click",
    "add_to_cart",
    "purchase",
    "search",
    "login",
    "logout",
    "scroll",
];

const AGENTS: [&str; 8] = [
    "Safari/604 iOS",
    "Firefox/125",
    "Chrome/124 Win",
    "Chrome/123",
    "Dalvik/2.1.0",
    "okhttp/4.12.0",
    "Chrome/122",
    "curl/8.5.0",
];

const TAGS: [&str; 12] = [
    "web", "mobile", "eu", "us", "promo", "ab:1", "ab:2", "vip", "new", "beta", "email", "push",
];

/// How far the event's own time may lie behind the moment at which it is produced.
const JITTER_MILLIS: i64 = 50;

/// Appends the fields that every shape has, without braces, and gives the event's id.
pub(super) fn write(random: &mut Rng, at_millis: i64, json: &mut String) -> String {
    let id = id(random);
    let millis = at_millis + random.i64(0..JITTER_MILLIS);
    let time = Timestamp::from_millisecond(millis).unwrap_or_default();
    // Writing to a string cannot fail.
    let _written = write!(
        json,
        "\"event_id\":\"{id}\",\"user_id\":\"u{:08}\",\"ts\":\"{time:.3}\",\"ts_ms\":{millis},\
         \"type\":\"{}\",\"url\":\"https://ex.com/p/{}?ref={}\",\"amount\":{}.{:02},\
         \"context\":{{\"ip\":\"10.{}.{}.{}\",\"ua\":\"{}\"}},\"tags\":[",
        zipf(random, 5_000_000),
        pick(random, &TYPES),
        zipf(random, 200_000),
        zipf(random, 300),
        random.u32(0..500),
        random.u32(0..100),
        random.u8(..),
        random.u8(..),
        random.u8(..),
        pick(random, &AGENTS),
    );
    for index in 0..random.usize(0..4) {
        let separator = if index == 0 { "" } else { "," };
        let tag = TAGS.get(random.usize(..TAGS.len())).unwrap_or(&"web");
        let _written = write!(json, "{separator}\"{tag}\"");
    }
    json.push(']');
    id
}

/// An id that no other event has.
pub(super) fn id(random: &mut Rng) -> String {
    let id = Builder::from_random_bytes(random.u128(..).to_be_bytes());
    id.into_uuid().to_string()
}
