//! Twelve ways to be no flight, fifty of each.

use std::collections::BTreeMap;

const OF_EACH_KIND: usize = 50;

/// A record that must be rejected.
pub(crate) struct Malformed {
    /// Its key: tells it from every other record.
    pub(crate) id: String,
    pub(crate) value: Vec<u8>,
    /// The code it must be rejected with.
    pub(crate) reason: &'static str,
}

/// All of them; `good` is the JSON of a flight to spoil.
pub(crate) fn all(good: &[u8]) -> Vec<Malformed> {
    let good = String::from_utf8(good.to_vec()).expect("JSON");
    let mut all = Vec::new();
    for number in 0..OF_EACH_KIND {
        for (kind, (reason, value)) in kinds(&good).into_iter().enumerate() {
            all.push(Malformed {
                id: format!("bad-{kind}-{number}"),
                value,
                reason,
            });
        }
    }
    all
}

/// How many of each reason there are.
pub(crate) fn expected(malformed: &[Malformed]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for bad in malformed {
        *counts.entry(bad.reason).or_default() += 1;
    }
    counts
}

fn kinds(good: &str) -> [(&'static str, Vec<u8>); 12] {
    let spoil = |from: &str, to: &str| {
        let spoiled = good.replacen(from, to, 1);
        assert_ne!(spoiled, good, "nothing to replace: {from}");
        spoiled.into_bytes()
    };
    let mut not_utf8 = spoil(r#""UA""#, r#""U?""#);
    for byte in &mut not_utf8 {
        if *byte == b'?' {
            *byte = 0xff;
        }
    }
    let deep = format!(r#"{{"nested":{}"#, "[".repeat(10_000));
    [
        ("empty_value", Vec::new()),
        ("invalid_utf8", not_utf8),
        ("invalid_json", good.as_bytes()[..good.len() / 2].to_vec()),
        (
            "invalid_json",
            spoil(r#""distance":1400"#, r#""distance":NaN"#),
        ),
        ("trailing_data", format!("{good}{good}").into_bytes()),
        ("not_an_object", format!("[{good}]").into_bytes()),
        (
            "wrong_type",
            spoil(r#""distance":1400"#, r#""distance":"1400""#),
        ),
        ("missing_field", spoil(r#""carrier":"UA","#, "")),
        (
            "out_of_range",
            spoil(r#""flight":1545"#, r#""flight":3000000000"#),
        ),
        ("too_deep", deep.into_bytes()),
        ("invalid_text", spoil("2013-01-01T10", "2013-13-01T10")),
        (
            "event_time_out_of_range",
            spoil("2013-01-01T10", "1804-01-01T10"),
        ),
    ]
}
