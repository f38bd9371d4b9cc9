use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use sluicebox_pipeline::Readiness;

use crate::error::code_of;

/// Whether the brokers can be reached, as told by librdkafka's error events, and shown on
/// `/readyz`. librdkafka says when they are lost and never when they are back: whoever asks the
/// brokers something while [`is_down`](Self::is_down) reports the answer by
/// [`answered`](Self::answered).
#[derive(Debug)]
pub(crate) struct Health {
    dependency: &'static str,
    brokers: String,
    readiness: Arc<Readiness>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    down: Option<Cause>,
    /// The last thing that a single connection said: the reason behind "all brokers are down".
    last_words: String,
}

/// From the vaguest: a cause is replaced by one that says more, never by one that says less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Unreachable,
    UnknownHost,
    Tls,
    Login,
}

impl Cause {
    fn of(code: RDKafkaErrorCode) -> Option<Self> {
        match code {
            RDKafkaErrorCode::AllBrokersDown => Some(Self::Unreachable),
            RDKafkaErrorCode::Resolve => Some(Self::UnknownHost),
            RDKafkaErrorCode::SSL => Some(Self::Tls),
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
                Some(Self::Login)
            }
            _ => None,
        }
    }

    fn sentence(self, brokers: &str, reason: &str) -> String {
        match self {
            Self::Unreachable => format!(
                "no broker of {brokers} answers: {reason}; check kafka.brokers, the network, and \
                 that Kafka runs. A broker that expects TLS (kafka.tls) or a login (kafka.sasl) \
                 hangs up on who comes without, and says nothing"
            ),
            Self::UnknownHost => {
                format!("a broker's host name is unknown: {reason}; check kafka.brokers and DNS")
            }
            Self::Tls => format!("TLS with the brokers fails: {reason}; {}", tls_cure(reason)),
            Self::Login => match reason.split_once("OAUTHBEARER token: ") {
                Some((_, no_token)) => {
                    format!("a login needs a token, and there is none: {no_token}")
                }
                None => format!("the brokers refuse the login: {reason}; check kafka.sasl"),
            },
        }
    }
}

/// librdkafka ends with how long it took and how often it came before: two tellings of one fault
/// would differ.
fn without_timing(reason: &str) -> &str {
    reason
        .rsplit_once(" (after ")
        .map_or(reason, |(reason, _)| reason)
}

/// OpenSSL says at which step TLS failed; why, only the broker's alerts tell.
fn tls_cure(reason: &str) -> &'static str {
    if reason.contains("certificate verify failed") {
        "the broker's certificate must be signed by an authority in kafka.tls.ca (by default the \
         system's), must not have expired, and must name the host in kafka.brokers"
    } else if reason.contains("SSL alert") {
        "the broker does not take this client's certificate, or misses one: check kafka.tls.cert \
         and kafka.tls.key"
    } else if reason.contains("PLAINTEXT broker") || reason.contains("Disconnected") {
        // A broker that does not know TLS hangs up without an alert; which of the two librdkafka
        // says depends on how soon it does.
        "the port in kafka.brokers seems to be one without TLS; kafka.tls is for one with it"
    } else {
        "check kafka.tls"
    }
}

impl Health {
    pub(crate) fn new(
        dependency: &'static str,
        brokers: &[String],
        readiness: Arc<Readiness>,
    ) -> Self {
        Self {
            dependency,
            brokers: brokers.join(","),
            readiness,
            state: Mutex::default(),
        }
    }

    /// Takes one error event.
    pub(crate) fn error(&self, error: &ClientError, reason: &str) {
        let Some(code) = code_of(error) else { return };
        let reason = without_timing(reason);
        if code == RDKafkaErrorCode::BrokerTransportFailure {
            self.state.lock().last_words = reason.to_owned();
            tracing::info!(reason, "a broker connection was lost");
            return;
        }
        match Cause::of(code) {
            Some(cause) => self.down(cause, reason),
            None => tracing::warn!(%code, reason, "Kafka client"),
        }
    }

    /// A question to the brokers came back without an answer.
    pub(crate) fn unanswered(&self) {
        if !self.is_down() {
            self.down(
                Cause::Unreachable,
                "a question to them was not answered in time",
            );
        }
    }

    /// A broker has answered.
    pub(crate) fn answered(&self) {
        let mut state = self.state.lock();
        state.last_words.clear();
        if state.down.take().is_some() {
            tracing::info!(brokers = self.brokers, "the brokers answer again");
        }
        self.readiness.up(self.dependency);
    }

    pub(crate) fn is_down(&self) -> bool {
        self.state.lock().down.is_some()
    }

    pub(crate) const fn readiness(&self) -> &Arc<Readiness> {
        &self.readiness
    }

    fn down(&self, cause: Cause, reason: &str) {
        let mut state = self.state.lock();
        // A broker that dislikes our certificate, or speaks no TLS, just hangs up.
        let hung_up_on_tls = cause == Cause::Unreachable && state.last_words.contains("SSL");
        let cause = if hung_up_on_tls { Cause::Tls } else { cause };
        if state.down.is_some_and(|known| known > cause) {
            return;
        }
        let first = state.down != Some(cause);
        state.down = Some(cause);
        let reason = match cause {
            Cause::Unreachable if !state.last_words.is_empty() => state.last_words.as_str(),
            Cause::Tls if hung_up_on_tls => state.last_words.as_str(),
            _ => reason,
        };
        let sentence = cause.sentence(&self.brokers, reason);
        if first {
            tracing::warn!("{sentence}");
        }
        self.readiness.down(self.dependency, sentence);
    }
}

/// Passes librdkafka's log lines on. Those of failed connections come as error events too, which
/// say them once and with a cure.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        _ if facility == "FAIL" => tracing::debug!(facility, "librdkafka: {message}"),
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => tracing::warn!(facility, "librdkafka: {message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(facility, "librdkafka: {message}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(facility, "librdkafka: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reason that a person needs stays: that all brokers are down says less than that the
    /// password is wrong, and a hostile sequence of events ends when a broker answers.
    #[test]
    fn the_cause_that_says_most_is_shown() {
        let readiness = Arc::new(Readiness::default());
        let health = Health::new("kafka", &["b:9092".to_owned()], Arc::clone(&readiness));
        let event = |code, reason| health.error(&ClientError::Global(code), reason);
        let shown = || {
            readiness
                .reasons()
                .into_iter()
                .map(|(_, why)| why)
                .collect::<String>()
        };

        event(
            RDKafkaErrorCode::BrokerTransportFailure,
            "connection refused (after 0ms in state CONNECT, 1 identical error(s) suppressed)",
        );
        assert_eq!(shown(), "", "one connection is no outage");
        event(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        assert!(shown().contains("b:9092") && shown().contains("connection refused; check"));
        event(RDKafkaErrorCode::Authentication, "invalid credentials");
        event(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        assert!(shown().contains("invalid credentials") && shown().contains("kafka.sasl"));
        assert!(health.is_down());
        event(
            RDKafkaErrorCode::Authentication,
            "Failed to acquire SASL OAUTHBEARER token: token endpoint x: refused; check kafka.sasl",
        );
        assert_eq!(
            shown(),
            "a login needs a token, and there is none: token endpoint x: refused; check kafka.sasl"
        );
        health.answered();
        assert!(readiness.reasons().is_empty() && !health.is_down());
        event(
            RDKafkaErrorCode::BrokerTransportFailure,
            "SSL alert number 42",
        );
        event(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        assert!(shown().contains("kafka.tls") && shown().contains("alert number 42"));
    }

    /// TLS fails for many reasons and says so in few words: each text names the settings to look at.
    #[test]
    fn tls_faults_name_their_settings() {
        for (reason, settings) in [
            (
                "certificate verify failed",
                ["kafka.tls.ca", "kafka.brokers"],
            ),
            ("SSL alert number 116", ["kafka.tls.cert", "kafka.tls.key"]),
            (
                "connecting to a PLAINTEXT broker listener?",
                ["kafka.brokers", "kafka.tls"],
            ),
            (
                "Disconnected: SSL connection closed by peer",
                ["kafka.brokers", "one without TLS"],
            ),
            ("wrong version number", ["wrong version", "check kafka.tls"]),
        ] {
            let said = Cause::Tls.sentence("b:9092", reason);
            for setting in settings {
                assert!(said.contains(setting), "{said}");
            }
        }
    }
}
