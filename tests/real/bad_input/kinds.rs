//! The kinds of bad input, by topic.

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::Log;

/// What Kafka takes of a record by default, in bytes.
const MESSAGE_BYTES_MAX: usize = 1_048_588;

/// 2100-01-01 in milliseconds: a topic takes what is up to an hour ahead, if nobody says otherwise.
pub(crate) const STAMP_REFUSED: i64 = 4_102_444_800_000;

/// A record that must be rejected.
#[derive(Clone, Debug)]
pub(crate) struct Bad {
    pub(crate) name: &'static str,
    /// The code it must be rejected with.
    pub(crate) reason: &'static str,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(&'static str, Option<Vec<u8>>)>,
    /// Its own timestamp, where that is what is special about it.
    pub(crate) stamp: Option<i64>,
    pub(crate) letter: Letter,
}

/// How much of a record its dead letter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letter {
    /// All of it, and every header of ours.
    Whole,
    /// All of it and the reason: more is more than the topic takes.
    Reason,
    /// Key and value.
    WithoutHeaders,
    /// It is larger than the topic takes.
    None,
}

/// Columns of every type. A tombstone and an unknown field are bad here.
pub(crate) fn typed() -> Vec<Bad> {
    let not_utf8 = [row(&[]).as_bytes(), b"\xff"].concat();
    let mut kinds = vec![
        bad("tombstone", "tombstone", None),
        bad("no bytes", "empty_value", Some(Vec::new())),
        bad("not UTF-8", "invalid_utf8", Some(not_utf8)),
    ];
    kinds.extend(documents());
    kinds.extend(FIELDS.map(|(name, reason, field, value)| {
        bad(name, reason, Some(row(&[(field, value)]).into_bytes()))
    }));
    kinds.extend(odd_records());
    kinds.extend(large());
    kinds
}

/// What is wrong with a JSON text as a whole.
fn documents() -> impl Iterator<Item = Bad> {
    let whole = row(&[]);
    let half = whole.chars().take(whole.len() / 2).collect();
    let deep = |closed: &str| row(&[("any", &("[".repeat(10_000) + &closed.repeat(10_000)))]);
    let first = |text: &str| whole.replacen('{', text, 1);
    [
        ("cut off", "invalid_json", half),
        ("two documents", "trailing_data", whole.repeat(2)),
        ("array at the top", "not_an_object", format!("[{whole}]")),
        ("string at the top", "not_an_object", r#""text""#.to_owned()),
        ("null at the top", "not_an_object", "null".to_owned()),
        ("too deep", "too_deep", deep("]")),
        ("too deep and cut off", "too_deep", deep("")),
        ("one field twice", "duplicate_field", first(r#"{"id":1,"#)),
        ("unknown", "unknown_field", first(r#"{"colour":1,"#)),
        (
            "other case",
            "field_case",
            whole.replacen(r#""id""#, r#""ID""#, 1),
        ),
        (
            "required, missing",
            "missing_field",
            whole.replacen(r#""id":1,"#, "", 1),
        ),
    ]
    .into_iter()
    .map(|(name, reason, value)| bad(name, reason, Some(value.into_bytes())))
}

/// What is odd about a record is not its value.
fn odd_records() -> [Bad; 4] {
    let odd = |name| bad(name, "not_an_object", Some(b"1".to_vec()));
    let (mut bare, mut empty_key) = (odd("no key, no headers"), odd("empty key"));
    (bare.key, bare.headers) = (None, Vec::new());
    empty_key.key = Some(Vec::new());
    let (mut old, mut new) = (odd("stamped 1970"), odd("stamped 2100"));
    old.stamp = Some(1);
    new.stamp = Some(STAMP_REFUSED);
    [bare, empty_key, old, new]
}

/// Kind, reason, field and what is wrong in it.
const FIELDS: [(&str, &str, &str, &str); 44] = [
    ("boolean", "wrong_type", "flag", "1"),
    ("int", "wrong_type", "small", r#""1""#),
    ("bigint", "wrong_type", "large", "1.5"),
    ("unsigned_bigint", "wrong_type", "unsigned", "true"),
    ("float", "wrong_type", "single", r#""0.5""#),
    ("double", "wrong_type", "twice", "[0.5]"),
    ("decimal", "wrong_type", "price", "{}"),
    ("string", "wrong_type", "name", "1"),
    ("uuid", "wrong_type", "uuid", "1"),
    ("binary", "wrong_type", "bytes", "[1]"),
    ("date", "wrong_type", "day", "20260101"),
    ("timestamp", "wrong_type", "at", "1767225600"),
    (
        "counted timestamp",
        "wrong_type",
        "counted",
        r#""2026-01-01T00:00:00Z""#,
    ),
    ("timestamp_ntz", "wrong_type", "local", "1"),
    ("time", "wrong_type", "clock", "12"),
    ("struct", "wrong_type", "place", "[]"),
    ("struct's member", "wrong_type", "place", r#"{"city":1}"#),
    ("list", "wrong_type", "tags", "{}"),
    ("list's element", "wrong_type", "tags", r#"["a",1]"#),
    ("map", "wrong_type", "counts", "[]"),
    ("map's value", "wrong_type", "counts", r#"{"k":"v"}"#),
    ("member, missing", "missing_field", "place", "{}"),
    ("required, null", "missing_field", "id", "null"),
    (
        "map's key twice",
        "duplicate_field",
        "counts",
        r#"{"k":1,"k":2}"#,
    ),
    ("beyond int", "out_of_range", "small", "3000000000"),
    (
        "beyond bigint",
        "out_of_range",
        "large",
        "9223372036854775808",
    ),
    ("below unsigned", "out_of_range", "unsigned", "-1"),
    ("beyond float", "out_of_range", "single", "1e39"),
    ("beyond double", "out_of_range", "twice", "1e309"),
    ("beyond decimal", "out_of_range", "price", "12345678.901"),
    (
        "beyond the year 9999",
        "out_of_range",
        "counted",
        "253402300800",
    ),
    ("NaN", "invalid_json", "twice", "NaN"),
    ("Infinity", "invalid_json", "twice", "-Infinity"),
    ("no number", "invalid_json", "small", "01"),
    ("no uuid", "invalid_text", "uuid", r#""4711""#),
    ("no base64", "invalid_text", "bytes", r#""?""#),
    ("no such day", "invalid_text", "day", r#""2026-02-30""#),
    (
        "no offset",
        "invalid_text",
        "at",
        r#""2026-01-01T00:00:00""#,
    ),
    (
        "year 1804",
        "event_time_out_of_range",
        "at",
        r#""1804-01-01T00:00:00Z""#,
    ),
    (
        "year 9999",
        "event_time_out_of_range",
        "at",
        r#""9999-12-31T23:59:59Z""#,
    ),
    ("no event time", "event_time_missing", "at", "null"),
    ("rule is false", "rule_failed", "price", "-1"),
    ("rule divides by zero", "rule_error", "small", "0"),
    ("another rule is false", "rule_failed", "small", "-1"),
];

/// Larger than the dead-letter topic takes, in steps.
fn large() -> [Bad; 4] {
    let just_fits = noise(MESSAGE_BYTES_MAX - 300);
    let mut our_headers = bad(
        "too large with our headers",
        "invalid_utf8",
        Some(just_fits.clone()),
    );
    our_headers.letter = Letter::Reason;
    let mut any_headers = bad(
        "too large with any headers",
        "invalid_utf8",
        Some(just_fits),
    );
    any_headers.headers.push(("long", Some(vec![b'x'; 5_000])));
    any_headers.headers.push(("noise", Some(noise(1_000))));
    any_headers.letter = Letter::WithoutHeaders;
    let mut never = bad("20 MB", "too_large", Some(noise(20_000_000)));
    never.letter = Letter::None;
    let compressible = vec![b'x'; 20_000_000];
    let fits = bad(
        "20 MB, but small when compressed",
        "too_large",
        Some(compressible),
    );
    [our_headers, any_headers, never, fits]
}

/// The record's key decides what is a repeat, and a time is in milliseconds.
pub(crate) fn keyed() -> Vec<Bad> {
    let good = |at: i64| format!(r#"{{"id":1,"at":{at}}}"#).into_bytes();
    let seconds = bad(
        "seconds for millis",
        "event_time_out_of_range",
        Some(good(1_767_225_600)),
    );
    let mut no_key = bad("no key", "dedup_key_missing", Some(good(1_767_225_600_000)));
    no_key.key = None;
    vec![seconds, no_key]
}

/// A header decides what is a repeat.
pub(crate) fn traced() -> Vec<Bad> {
    let value = || Some(br#"{"id":1,"at":1767225600000}"#.to_vec());
    let no_header = bad("no such header", "dedup_key_missing", value());
    let mut null_header = bad("header without value", "dedup_key_missing", value());
    null_header.headers.push(("trace", None));
    vec![no_header, null_header]
}

/// Key and value of a good record of [`typed`].
pub(crate) fn good_typed(number: usize) -> (String, String) {
    (number.to_string(), row(&[("id", &number.to_string())]))
}

/// Key and value of a good record of [`keyed`] and [`traced`].
pub(crate) fn good_simple(number: usize) -> (String, String) {
    let value = format!(r#"{{"id":{number},"at":1767225600000}}"#);
    (number.to_string(), value)
}

/// The headers of a good record with this key.
pub(crate) fn headers_of_good(key: &str) -> OwnedHeaders {
    let (key, value) = ("trace", Some(key));
    OwnedHeaders::new().insert(Header { key, value })
}

/// The section of a log's topic.
pub(crate) fn section_of(log: &Log) -> String {
    let (topic, dead_letters, table) = (&log.topic, &log.dead_letters, log.table);
    let rest = match table {
        "typed" => TYPED,
        "keyed" => KEYED,
        _ => TRACED,
    };
    format!(
        "  {topic}:\n    table: db.{table}\n    dead_letter: {{ topic: {dead_letters} }}\n{rest}"
    )
}

const TYPED: &str = r#"
    schema:
      columns:
        - { name: id, type: bigint, required: true }
        - { name: flag, type: boolean }
        - { name: small, type: int }
        - { name: large, type: bigint }
        - { name: unsigned, type: unsigned_bigint }
        - { name: single, type: float }
        - { name: twice, type: double }
        - { name: price, type: "decimal(9,2)" }
        - { name: name, type: string }
        - { name: uuid, type: uuid }
        - { name: bytes, type: binary }
        - { name: day, type: date }
        - { name: at, type: timestamp }
        - { name: counted, type: timestamp(seconds) }
        - { name: local, type: timestamp_ntz }
        - { name: clock, type: time }
        - { name: any, type: json }
        - { name: place, type: { struct: [{ name: city, type: string, required: true }] } }
        - { name: tags, type: { list: string } }
        - { name: counts, type: { map: bigint } }
    event_time: { field: at, fallback: reject }
    dedup: { key: [id] }
    tombstones: dead_letter
    unknown_fields: reject
    rules:
      - { name: has_price, expect: "price >= 0" }
      - { name: shares, expect: "100 / small > 0" }
"#;
const KEYED: &str = r#"
    schema: { columns: [{ name: id, type: bigint }, { name: at, type: timestamp(millis) }] }
    event_time: { field: at }
    dedup: { key: record_key }
"#;
const TRACED: &str = r#"
    schema: { columns: [{ name: id, type: bigint }, { name: at, type: timestamp(millis) }] }
    event_time: { field: at }
    dedup: { key: { header: trace } }
"#;

/// A record of [`typed`] with these fields in place of its good ones.
fn row(changed: &[(&str, &str)]) -> String {
    const GOOD: [(&str, &str); 20] = [
        ("id", "1"),
        ("flag", "true"),
        ("small", "1"),
        ("large", "2"),
        ("unsigned", "18446744073709551615"),
        ("single", "0.5"),
        ("twice", "0.25"),
        ("price", "1.25"),
        ("name", r#""n""#),
        ("uuid", r#""6b1f3f6e-6b3d-4c5e-9d43-6b1f3f6e6b3d""#),
        ("bytes", r#""AQI=""#),
        ("day", r#""2026-01-01""#),
        ("at", r#""2026-01-01T00:00:00Z""#),
        ("counted", "1767225600"),
        ("local", r#""2026-01-01T00:00:00""#),
        ("clock", r#""12:00:00""#),
        ("any", r#"{"x":[1]}"#),
        ("place", r#"{"city":"c"}"#),
        ("tags", r#"["a"]"#),
        ("counts", r#"{"k":1}"#),
    ];
    let field = |(name, good): &(&str, &str)| {
        let changed = changed.iter().find(|(other, _)| other == name);
        format!("\"{name}\":{}", changed.map_or(good, |(_, value)| value))
    };
    format!(
        "{{{}}}",
        GOOD.iter().map(field).collect::<Vec<_>>().join(",")
    )
}

/// With headers that are easily spoiled: no text, no value, no bytes, one name twice.
fn bad(name: &'static str, reason: &'static str, value: Option<Vec<u8>>) -> Bad {
    Bad {
        name,
        reason,
        key: Some([b"\xff\x00", name.as_bytes()].concat()),
        value,
        headers: vec![
            ("source", Some(b"\xff\x00".to_vec())),
            ("nothing", None),
            ("source", Some(Vec::new())),
        ],
        stamp: None,
        letter: Letter::Whole,
    }
}

/// Bytes that do not compress, and are no UTF-8 (xorshift64, G. Marsaglia 2003).
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    std::iter::once(0xff)
        .chain(words.flatten())
        .take(bytes)
        .collect()
}

impl Bad {
    /// Whether a thousand of them are nothing.
    pub(crate) fn is_small(&self) -> bool {
        self.value.as_ref().is_none_or(|value| value.len() < 1_000)
    }

    /// The record, stamped `stamp` if it has no timestamp of its own.
    pub(crate) fn to<'a>(
        &'a self,
        record: BaseRecord<'a, [u8], [u8]>,
        stamp: i64,
    ) -> BaseRecord<'a, [u8], [u8]> {
        let headers = self
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| {
                let value = value.as_ref();
                all.insert(Header { key, value })
            });
        BaseRecord {
            key: self.key.as_deref(),
            payload: self.value.as_deref(),
            ..record
                .headers(headers)
                .timestamp(self.stamp.unwrap_or(stamp))
        }
    }
}
