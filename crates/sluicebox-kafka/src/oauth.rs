use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::OAuthToken;
use serde::Deserialize;
use sluicebox_config::{KafkaSection, SaslSection, Secret};
use sluicebox_types::Clock;
use url::form_urlencoded::Serializer;

/// How long the token endpoint may take; polling waits for it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// What a token lives when its endpoint does not say (RFC 6749, section 5.1, leaves it open).
const DEFAULT_LIFETIME_SECONDS: i64 = 300;

/// Fetches OAuth 2.0 tokens by client credentials (RFC 6749, section 4.4; KIP-768). librdkafka can
/// do it by itself only when it is built with libcurl, which this build is not.
#[derive(Debug)]
pub(crate) struct TokenSource {
    endpoint: String,
    client_id: String,
    client_secret: Secret,
    scope: Option<String>,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: Option<i64>,
}

impl TokenSource {
    /// `None` where the login needs no token.
    pub(crate) fn of(kafka: &KafkaSection, clock: Arc<dyn Clock>) -> Option<Self> {
        match &kafka.sasl {
            Some(SaslSection::OauthBearer {
                token_endpoint_url,
                client_id,
                client_secret,
                scope,
                ..
            }) => Some(Self {
                endpoint: token_endpoint_url.clone(),
                client_id: client_id.clone(),
                client_secret: client_secret.clone(),
                scope: scope.clone(),
                clock,
            }),
            _ => None,
        }
    }

    /// A fresh token. librdkafka asks again when four fifths of its life are over, and ten seconds
    /// after an error.
    ///
    /// # Errors
    /// When the endpoint cannot be reached, refuses, or answers something else.
    pub(crate) fn token(&self) -> Result<OAuthToken, Box<dyn Error>> {
        let fault =
            |why: String| format!("token endpoint {}: {why}; check kafka.sasl", self.endpoint);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let body = runtime
            .block_on(self.ask())
            .map_err(|error| fault(error.without_url().to_string()))?;
        // What is wrong inside the answer stays unsaid: it may quote the token.
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_error| fault("its answer holds no access_token".to_owned()))?;
        let lifetime_seconds = answer.expires_in.unwrap_or(DEFAULT_LIFETIME_SECONDS);
        let lifetime_millis = lifetime_seconds.saturating_mul(1_000);
        Ok(OAuthToken {
            token: answer.access_token,
            principal_name: self.client_id.clone(),
            lifetime_ms: self.clock.now_millis().saturating_add(lifetime_millis),
        })
    }

    async fn ask(&self) -> Result<Vec<u8>, reqwest::Error> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        let client = reqwest::Client::builder().timeout(ANSWER_TIMEOUT).build()?;
        let request = client
            .post(&self.endpoint)
            .basic_auth(&self.client_id, Some(self.client_secret.expose()))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form.finish());
        Ok(request
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?
            .to_vec())
    }
}
