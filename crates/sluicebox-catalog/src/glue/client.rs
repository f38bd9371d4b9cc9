use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_glue::Client;
use aws_sdk_glue::config::{Config, Credentials};
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};

use super::failure::Refusal;
use super::settings::{GlueSettings, GlueSettingsError};
use crate::operation::{Outcome, count};

/// A client. It sends nothing to Glue yet; without explicit credentials it may look for a region
/// where the environment says.
pub(super) async fn connect(settings: &GlueSettings) -> Result<Client, GlueSettingsError> {
    let config = match &settings.credentials {
        Some(key) => {
            let (id, secret) = (&key.access_key_id, &key.secret_access_key);
            let token = key.session_token.clone();
            Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .credentials_provider(Credentials::new(id, secret, token, None, "sluicebox"))
        }
        None => {
            let found = aws_config::load_defaults(BehaviorVersion::latest()).await;
            Config::from(&found).to_builder()
        }
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        .operation_timeout(settings.request_timeout)
        .build();
    // Whoever calls tries again, and can show it.
    let mut config = config
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(region) = settings.region.clone() {
        config = config.region(Region::new(region));
    }
    if let Some(endpoint) = &settings.endpoint {
        if !endpoint.starts_with("https://") && !settings.allow_http {
            return Err(GlueSettingsError::PlainHttp(endpoint.clone()));
        }
        config = config.endpoint_url(endpoint);
    }
    let config = config.build();
    match config.region() {
        Some(_) => Ok(Client::from_conf(config)),
        None => Err(GlueSettingsError::NoRegion),
    }
}

/// Sends one request and counts it.
pub(super) fn send<'a, O, E>(
    action: &'static str,
    request: impl Future<Output = Result<O, SdkError<E>>> + Send + 'a,
) -> impl Future<Output = Result<O, Refusal>> + Send + 'a
where
    O: Send + 'a,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    // The SDK's futures are large.
    let request = Box::pin(request);
    async move {
        let answer = request.await;
        let outcome = match &answer {
            Ok(_) => Outcome::Ok,
            Err(SdkError::ServiceError(_)) => Outcome::Refused,
            Err(_) => Outcome::Unanswered,
        };
        count("glue", action, outcome);
        answer.map_err(|error| Refusal::of(action, &error))
    }
}
