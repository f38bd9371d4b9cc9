use serde_json::Value;

use crate::pointer;
use crate::report::Report;

const AT: &str = "/kafka/librdkafka";
const EXACTLY_ONCE: &str = "it would break the promise of exactly once";

/// What is refused, and why. `*` at an end stands for anything. The first that matches counts.
const REFUSED: &[(&str, &str)] = &[
    ("bootstrap.servers", "set `kafka.brokers`"),
    ("metadata.broker.list", "set `kafka.brokers`"),
    ("group.id", "set `kafka.group_id`"),
    ("client.id", "set `kafka.client_id`"),
    ("group.protocol", "set `kafka.group_protocol`"),
    (
        "group.remote.assignor",
        "assignment is cooperative; another one would revoke what is open",
    ),
    (
        "group.protocol.type",
        "assignment is cooperative; another one would revoke what is open",
    ),
    (
        "group.instance.id",
        "static membership would give a zombie its partitions back",
    ),
    (
        "partition.assignment.strategy",
        "assignment is cooperative-sticky; it cannot be mixed",
    ),
    ("session.timeout.ms", "set `kafka.session_timeout`"),
    ("max.poll.interval.ms", "set `kafka.max_poll_interval`"),
    (
        "topic.metadata.refresh.interval.ms",
        "set `kafka.discovery_interval`",
    ),
    ("metadata.max.age.ms", "set `kafka.discovery_interval`"),
    (
        "enable.auto.commit",
        "offsets are committed after the files are; nothing else may do it",
    ),
    (
        "auto.commit.enable",
        "offsets are committed after the files are; nothing else may do it",
    ),
    (
        "auto.commit.interval.ms",
        "offsets are committed after the files are",
    ),
    (
        "enable.auto.offset.store",
        "offsets are committed after the files are",
    ),
    (
        "offset.store.*",
        "the commit chain is where offsets are kept",
    ),
    (
        "auto.offset.reset",
        "set `kafka.start`, and `kafka.retention_gap` for what is lost",
    ),
    (
        "isolation.level",
        "records of aborted transactions must not reach the lake",
    ),
    ("enable.partition.eof", "the driver needs it as it is"),
    (
        "security.protocol",
        "it follows from `kafka.tls` and `kafka.sasl`",
    ),
    ("sasl.*", "set `kafka.sasl`"),
    ("enable.sasl.*", "set `kafka.sasl`"),
    ("ssl.ca.*", "set `kafka.tls.ca`"),
    ("ssl.certificate.*", "set `kafka.tls.cert`"),
    (
        "ssl.key.*",
        "set `kafka.tls.key` and `kafka.tls.key_password`",
    ),
    (
        "ssl.keystore.*",
        "set `kafka.tls.cert`, `key` and `key_password`, as PEM files",
    ),
    ("ssl_*", "set `kafka.tls`"),
    (
        "ssl.endpoint.identification.algorithm",
        "set `kafka.tls.verify_hostname`",
    ),
    (
        "enable.ssl.certificate.verification",
        "a broker that anybody can play is no broker",
    ),
    (
        "queued.max.messages.kbytes",
        "set `kafka.fetch.queue_bytes`, a part of the memory limit",
    ),
    (
        "queued.min.messages",
        "set `kafka.fetch.queue_bytes`, a part of the memory limit",
    ),
    (
        "fetch.max.bytes",
        "it follows from `limits.memory` and `kafka.fetch.queue_bytes`",
    ),
    (
        "fetch.message.max.bytes",
        "set `kafka.fetch.max_partition_bytes`",
    ),
    (
        "max.partition.fetch.bytes",
        "set `kafka.fetch.max_partition_bytes`",
    ),
    ("fetch.wait.max.ms", "set `kafka.fetch.wait`"),
    ("enable.idempotence", EXACTLY_ONCE),
    ("enable.gapless.guarantee", EXACTLY_ONCE),
    ("transactional.id", EXACTLY_ONCE),
    (
        "acks",
        "a reject counts as sent only when all replicas have it",
    ),
    (
        "request.required.acks",
        "a reject counts as sent only when all replicas have it",
    ),
    ("max.in.flight", EXACTLY_ONCE),
    ("max.in.flight.requests.per.connection", EXACTLY_ONCE),
    (
        "message.timeout.ms",
        "a reject is sent until it is there, not for a while",
    ),
    (
        "delivery.timeout.ms",
        "a reject is sent until it is there, not for a while",
    ),
    (
        "message.send.max.retries",
        "a reject is sent until it is there, not a few times",
    ),
    (
        "retries",
        "a reject is sent until it is there, not a few times",
    ),
    (
        "queue.buffering.max.*",
        "set `limits.dead_letter_queue_bytes`, a part of the memory limit",
    ),
    ("*_cb", "callbacks are code, not configuration"),
    ("opaque", "it is code, not configuration"),
    ("default_topic_conf", "it is code, not configuration"),
    ("interceptors", "it is code, not configuration"),
    (
        "plugin.library.paths",
        "foreign code could do anything to the records",
    ),
];

/// Refuses the properties that would break the promise, and those that have keys of their own.
pub(super) fn check(config: &Value, report: &mut Report) {
    let properties = config.pointer(AT).and_then(Value::as_object);
    for (name, value) in properties.into_iter().flatten() {
        let at = pointer::child(AT, name);
        if let Some(reason) = refusal(name) {
            report.key_error(
                &at,
                format!("`{name}` cannot be set here"),
                Some(reason.to_owned()),
            );
        }
        let is_off = value == false || value == "false" || value == "f" || value == 0;
        if name == "check.crcs" && is_off {
            let reason = "checksums cost next to nothing, and a flipped bit would reach the lake";
            report.error(&at, "`check.crcs` must stay true", Some(reason.to_owned()));
        }
    }
}

fn refusal(name: &str) -> Option<&'static str> {
    let name = name.trim().to_ascii_lowercase();
    let matches = |pattern: &str| match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) => name.starts_with(start),
        (_, Some(end)) => name.ends_with(end),
        _ => name == pattern,
    };
    REFUSED
        .iter()
        .find(|(pattern, _)| matches(pattern))
        .map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigError;
    use serde_json::json;

    fn errors(name: &str, value: &Value) -> Vec<ConfigError> {
        let mut report = Report::default();
        check(
            &json!({ "kafka": { "librdkafka": { name: value } } }),
            &mut report,
        );
        report.into_errors("").errors
    }

    /// Every key that could lose, repeat or leak a record is refused, each with a reason.
    #[test]
    fn each_refused_property_is_refused_with_a_reason() {
        for (pattern, reason) in REFUSED {
            let name = pattern.replace('*', "x");
            let errors = errors(&name, &json!(1));
            assert_eq!(errors.len(), 1, "{name}");
            assert!(errors[0].message.contains(&name), "{name}");
            assert_eq!(errors[0].help.as_deref(), Some(*reason), "{name}");
        }
    }

    #[test]
    fn checksums_stay_on_and_the_rest_passes() {
        let count = |name: &str, value: Value| errors(name, &value).len();
        assert_eq!(count("check.crcs", json!(false)), 1);
        assert_eq!(count("check.crcs", json!("false")), 1);
        assert_eq!(count("check.crcs", json!(true)), 0);
        assert_eq!(count(" Group.ID ", json!("x")), 1);
        for name in [
            "socket.keepalive.enable",
            "client.rack",
            "debug",
            "ssl.cipher.suites",
        ] {
            assert_eq!(count(name, json!(true)), 0, "{name}");
        }
    }
}
