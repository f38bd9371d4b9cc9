use std::error::Error;

use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError as ClientError;

use crate::health;
use crate::oauth::TokenSource;

/// Tells the log, and nobody else: that such a client's brokers are away is no reason not to be
/// ready.
pub(crate) struct Quiet {
    pub(crate) tokens: Option<TokenSource>,
}

impl ClientContext for Quiet {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        health::log(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.tokens
            .as_ref()
            .ok_or("kafka.sasl names no token endpoint")?
            .token()
    }
}

impl ConsumerContext for Quiet {}
