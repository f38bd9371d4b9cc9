use std::net::SocketAddr;

use url::Url;

use crate::sections::simple_type;
use crate::values::{ByteSize, HumanDuration, LakeUrl, TableName, Timestamp, ValueError};

/// What a text of some format must fulfil; the error says why it does not.
type Format = fn(&str) -> Result<(), ValueError>;

/// The formats of the schema, by the name after `format`.
pub(super) const FORMATS: &[(&str, Format)] = &[
    ("duration-text", |text| {
        text.parse::<HumanDuration>().map(drop)
    }),
    ("byte-size", |text| text.parse::<ByteSize>().map(drop)),
    ("date-time-text", |text| text.parse::<Timestamp>().map(drop)),
    ("lake-url", |text| text.parse::<LakeUrl>().map(drop)),
    ("table-name", |text| text.parse::<TableName>().map(drop)),
    ("column-type", |text| simple_type(text).map(drop)),
    ("column-name", column_name),
    ("topic-name", topic_name),
    ("broker-list", broker_list),
    ("http-url", http_url),
    ("metastore-uris", metastore_uris),
    ("socket-address", socket_address),
];

/// Why a text is not of a format; none when it is, or when there is no such format.
pub(super) fn reason(format: &str, text: &str) -> Option<String> {
    let (_, parse) = FORMATS.iter().find(|(name, _)| *name == format)?;
    parse(text).err().map(|error| error.to_string())
}

fn column_name(text: &str) -> Result<(), ValueError> {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) || !text.bytes().all(word) {
        return Err(ValueError::new(
            "engines take a lower-case letter first, then lower-case letters, digits and `_`; \
             `from` says what the field is called in the record",
        ));
    }
    if text.len() > 128 {
        return Err(ValueError::new(
            "it has more than 128 characters, Hive's limit",
        ));
    }
    Ok(())
}

/// Hive's `hive.metastore.uris`.
fn metastore_uris(text: &str) -> Result<(), ValueError> {
    text.split(',').try_for_each(|uri| {
        let url = Url::parse(uri.trim()).map_err(|error| ValueError::new(error.to_string()))?;
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
        if url.scheme() != "thrift" || url.host().is_none() || !is_bare {
            return Err(ValueError::new(
                "an address has a scheme, a host and a port only: thrift://metastore:9083",
            ));
        }
        Ok(())
    })
}

/// Kafka's rule for the names of topics.
pub(crate) fn topic_name(text: &str) -> Result<(), ValueError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if text.is_empty() || text.len() > 249 || text == "." || text == ".." {
        return Err(ValueError::new(
            "Kafka takes 1 to 249 characters, and neither `.` nor `..`",
        ));
    }
    if !text.bytes().all(word) {
        return Err(ValueError::new(
            "Kafka takes A-Z a-z 0-9 . _ - in the names of topics",
        ));
    }
    Ok(())
}

fn broker_list(text: &str) -> Result<(), ValueError> {
    let mut brokers = text
        .split(',')
        .map(str::trim)
        .filter(|broker| !broker.is_empty())
        .peekable();
    if brokers.peek().is_none() {
        return Err(ValueError::new("it names no broker"));
    }
    brokers.try_for_each(broker)
}

fn broker(text: &str) -> Result<(), ValueError> {
    if text.contains("://") {
        return Err(ValueError::new("a broker is host:port, without a scheme"));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => return Err(ValueError::new("a broker needs its port: host:9092")),
    };
    let bare_v6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    if host.is_empty() || bare_v6 || host.contains(char::is_whitespace) {
        return Err(ValueError::new(
            "a broker is host:port; an IPv6 address stands in [ ]",
        ));
    }
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok(()),
        _ => Err(ValueError::new("a port is a number from 1 to 65535")),
    }
}

fn http_url(text: &str) -> Result<(), ValueError> {
    let url = Url::parse(text).map_err(|error| ValueError::new(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(ValueError::new("it must start with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ValueError::new(
            "it holds credentials; they have keys of their own",
        ));
    }
    Ok(())
}

fn socket_address(text: &str) -> Result<(), ValueError> {
    let address = text.parse::<SocketAddr>().map(drop);
    address.map_err(|_error| {
        ValueError::new("it must be an IP address and a port; 0.0.0.0 means every interface")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_host_and_port() {
        for text in ["kafka:9092", "a:1, b:2 ,", "[::1]:9092", "10.0.0.1:9092"] {
            assert_eq!(broker_list(text), Ok(()), "{text}");
        }
        for text in [
            "",
            ",",
            "kafka",
            "kafka:0",
            "kafka:99999",
            "::1:9092",
            "[::1]",
            "PLAINTEXT://a:1",
        ] {
            assert!(broker_list(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_format_refuses_something_with_a_reason() {
        for (format, _) in FORMATS {
            assert!(
                reason(format, "\u{0} :/").is_some_and(|reason| reason.len() > 5),
                "{format}"
            );
        }
    }
}
