//! Events to an HTTP endpoint.
//!
//! The endpoint's answer decides: 2xx has the event; what judges the event itself (400, 404, 410,
//! 413, 422 and the other 4xx) refuses it; everything else is tried again: 408, 425 and 429, logins
//! that are not accepted (401, 403, 407: a person will mend them, and no event should be lost by
//! then), redirects, which are not followed, 5xx, and no answer in time. The handshake of the
//! `CloudEvents` webhook specification (`OPTIONS`) is left out: whoever configures a target here owns
//! it.

mod answer;
mod signature;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, RequestBuilder, Url};
use sluicebox_events::{Event, MEDIA_TYPE};
use sluicebox_pipeline::ports::{NotifyError, NotifyTarget};
use sluicebox_types::Clock;

use self::signature::Signer;

const JSON: &str = "application/json";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where to, and how.
#[derive(Clone)]
pub struct WebhookSettings {
    /// The endpoint.
    pub url: Url,
    /// What a request holds.
    pub format: WebhookFormat,
    /// How long an answer may take.
    pub timeout: Duration,
    /// The key of signatures, as it stands in the config; without it requests are not signed.
    pub hmac_secret: Option<String>,
    /// How to log in.
    pub login: Option<WebhookLogin>,
    /// More headers, by name.
    pub headers: Vec<(String, String)>,
    /// PEM file of authorities to trust besides the system's.
    pub ca: Option<PathBuf>,
}

/// What a request holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// The whole event as `application/cloudevents+json`.
    Structured,
    /// The event's data, and its attributes as `ce-…` headers.
    Binary,
    /// `{"asset_id": …, "extra": <the event>}`, which Airflow's `POST /api/v2/assets/events` takes.
    Airflow {
        /// The asset that an event updates.
        asset_id: u64,
    },
}

/// How to log in.
#[derive(Clone)]
pub enum WebhookLogin {
    /// `Authorization: Bearer`.
    Bearer(String),
    /// `Authorization: Basic`.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: String,
    },
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("host", &self.url.host_str())
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// Shows the kind of login alone.
impl fmt::Debug for WebhookLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer",
            Self::Basic { .. } => "Basic",
        })
    }
}

/// Why a webhook cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The file of authorities cannot be used.
    #[error("notify.webhook.ca: {}: {reason}", file.display())]
    Ca {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A header that HTTP does not take.
    #[error("notify.webhook.headers: `{0}` cannot be sent: its value is no line of visible ASCII")]
    Header(String),
    /// A secret that begins like one of Standard Webhooks but is none.
    #[error("notify.webhook.hmac_secret: what follows `whsec_` is not base64")]
    Secret,
    /// The client could not be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}

/// An HTTP endpoint that is told of commits.
pub struct Webhook {
    client: Client,
    settings: WebhookSettings,
    signer: Option<Signer>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// Makes the client; nothing is dialled. Certificates are verified.
    ///
    /// # Errors
    /// When a file, a header or the secret cannot be used.
    pub fn new(settings: WebhookSettings, clock: Arc<dyn Clock>) -> Result<Self, WebhookError> {
        let mut client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(settings.timeout)
            .default_headers(headers(&settings.headers)?);
        if let Some(file) = &settings.ca {
            client = client.tls_certs_merge(authorities(file)?);
        }
        let client = client
            .build()
            .map_err(|error| WebhookError::Client(error.without_url().to_string()))?;
        let signer = settings.hmac_secret.as_deref().map(Signer::new);
        Ok(Self {
            client,
            signer: signer
                .transpose()
                .map_err(|_not_base64| WebhookError::Secret)?,
            settings,
            clock,
        })
    }

    fn request(&self, event: &Event) -> Result<RequestBuilder, serde_json::Error> {
        let post = self.client.post(self.settings.url.clone());
        let (mut post, body) = match self.settings.format {
            WebhookFormat::Structured => (post.header(CONTENT_TYPE, MEDIA_TYPE), event.to_json()?),
            WebhookFormat::Binary => {
                let post = post.header(CONTENT_TYPE, JSON);
                let attributes = event.http_headers().into_iter();
                let post = attributes.fold(post, |post, (name, value)| post.header(name, value));
                (post, event.data_json()?)
            }
            WebhookFormat::Airflow { asset_id } => {
                (post.header(CONTENT_TYPE, JSON), airflow(asset_id, event)?)
            }
        };
        if let Some(signer) = &self.signer {
            let seconds = self.clock.now_millis().div_euclid(1_000);
            let signed = signer.headers(&event.id, seconds, &body);
            post = signed
                .into_iter()
                .fold(post, |post, (name, value)| post.header(name, value));
        }
        Ok(self.log_in(post).body(body))
    }

    fn log_in(&self, post: RequestBuilder) -> RequestBuilder {
        match &self.settings.login {
            None => post,
            Some(WebhookLogin::Bearer(token)) => post.bearer_auth(token),
            Some(WebhookLogin::Basic { username, password }) => {
                post.basic_auth(username, Some(password))
            }
        }
    }
}

#[async_trait]
impl NotifyTarget for Webhook {
    async fn send(&self, event: &Event) -> Result<(), NotifyError> {
        let request = self
            .request(event)
            .map_err(|error| NotifyError::permanent(error.to_string()))?;
        match request.send().await {
            Ok(answer) => answer::judge(&answer, self.clock.now_millis()),
            Err(error) => Err(NotifyError::retry(answer::failure(error))),
        }
    }
}

fn airflow(asset_id: u64, event: &Event) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(serde::Serialize)]
    struct AssetEvent {
        asset_id: u64,
        extra: serde_json::Value,
    }
    let extra = serde_json::from_slice(&event.to_json()?)?;
    serde_json::to_vec(&AssetEvent { asset_id, extra })
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, WebhookError> {
    let header = |(name, value): &(String, String)| {
        let pair = HeaderName::from_bytes(name.as_bytes()).ok();
        let pair = pair.zip(HeaderValue::from_str(value).ok());
        pair.ok_or_else(|| WebhookError::Header(name.clone()))
    };
    given.iter().map(header).collect()
}

fn authorities(file: &PathBuf) -> Result<Vec<Certificate>, WebhookError> {
    let unusable = |reason: String| WebhookError::Ca {
        file: file.clone(),
        reason,
    };
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
    match found.is_empty() {
        true => Err(unusable("there is no certificate in it".to_owned())),
        false => Ok(found),
    }
}
