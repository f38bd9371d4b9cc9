//! Attributes as headers: binary mode.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::event::{Event, SPEC_VERSION};

/// What the HTTP binding of `CloudEvents` wants encoded, beside everything that is not ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

impl Event {
    /// The headers of binary mode over HTTP: `ce-…`, encoded as the HTTP binding says.
    #[must_use]
    pub fn http_headers(&self) -> Vec<(String, String)> {
        let encode = |value: &str| utf8_percent_encode(value, ENCODED).to_string();
        let headers = self.header_attributes().into_iter();
        headers
            .map(|(name, value)| (format!("ce-{name}"), encode(value)))
            .collect()
    }

    /// The headers of binary mode in Kafka: `ce_…`, as they are.
    #[must_use]
    pub fn kafka_headers(&self) -> Vec<(String, String)> {
        let headers = self.header_attributes().into_iter();
        headers
            .map(|(name, value)| (format!("ce_{name}"), value.to_owned()))
            .collect()
    }

    fn header_attributes(&self) -> [(&'static str, &str); 8] {
        let attributes = &self.attributes;
        [
            ("specversion", SPEC_VERSION),
            ("id", &self.id),
            ("source", &attributes.source),
            ("type", self.event_type().as_str()),
            ("subject", &attributes.subject),
            ("time", &attributes.time),
            ("partitionkey", &attributes.partitionkey),
            ("sequence", &attributes.sequence),
        ]
    }
}

/// The value of an HTTP header as it was before it was encoded; none if that was no UTF-8.
pub(crate) fn decode_http(value: &str) -> Option<String> {
    let decoded = percent_decode_str(value).decode_utf8().ok()?;
    Some(decoded.into_owned())
}
