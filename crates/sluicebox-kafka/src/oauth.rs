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
            .map_err(|error| fault(causes(&error.without_url())))?;
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
        let client = reqwest::Client::builder().timeout(ANSWER_TIMEOUT).build()?;
        let request = client
            .post(&self.endpoint)
            .basic_auth(&self.client_id, Some(self.client_secret.expose()))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(self.form());
        Ok(request
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?
            .to_vec())
    }

    fn form(&self) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        form.finish()
    }
}

/// An error with what is behind it: the HTTP client's own words are that sending failed.
fn causes(error: &dyn Error) -> String {
    let behind = std::iter::successors(error.source(), |error| (*error).source());
    behind.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use sluicebox_types::ManualClock;

    use super::*;

    /// Answers one request with `body`, and gives back what was asked.
    fn endpoint(status: &'static str, body: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/token", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut asked, mut chunk) = (String::new(), [0; 4096]);
            while !asked.contains("scope=") {
                let len = stream.read(&mut chunk).unwrap();
                asked += std::str::from_utf8(&chunk[..len]).unwrap();
            }
            let len = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: {len}\r\n\r\n{body}"
            )
            .unwrap();
            asked
        });
        (address, served)
    }

    fn source(endpoint: String) -> TokenSource {
        TokenSource {
            endpoint,
            client_id: "etl".to_owned(),
            client_secret: Secret::new("hush"),
            scope: Some("kafka read".to_owned()),
            clock: Arc::new(ManualClock::at(1_000_000)),
        }
    }

    /// The request is that of RFC 6749 (basic authentication, form), and the token lives as long as
    /// the answer says.
    #[test]
    fn a_token_is_fetched_by_client_credentials() {
        let answer = r#"{"access_token":"t0","expires_in":60,"token_type":"Bearer"}"#;
        let (address, served) = endpoint("200 OK", answer);
        let token = source(address).token().unwrap();
        assert_eq!(
            (token.token.as_str(), token.principal_name.as_str()),
            ("t0", "etl")
        );
        assert_eq!(token.lifetime_ms, 1_060_000);
        let asked = served.join().unwrap();
        assert!(asked.starts_with("POST /token"), "{asked}");
        assert!(asked.contains("Basic ZXRsOmh1c2g="), "{asked}");
        assert!(
            asked.ends_with("grant_type=client_credentials&scope=kafka+read"),
            "{asked}"
        );
    }

    /// An endpoint that nobody serves is told from one that refuses.
    #[test]
    fn an_endpoint_that_is_away_is_named_with_the_cause() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/token", listener.local_addr().unwrap());
        drop(listener);
        let error = source(address.clone()).token().err().unwrap().to_string();
        assert!(
            error.contains(&address) && error.contains("refused"),
            "{error}"
        );
    }

    /// A refusal and a strange answer name the endpoint and never a secret.
    #[test]
    fn faults_name_the_endpoint() {
        for (status, body, why) in [
            ("401 Unauthorized", "{}", "401"),
            ("200 OK", r#"{"token":"hush"}"#, "no access_token"),
        ] {
            let (address, served) = endpoint(status, body);
            let error = source(address.clone()).token().err().unwrap().to_string();
            served.join().unwrap();
            assert!(error.contains(&address) && error.contains(why), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
