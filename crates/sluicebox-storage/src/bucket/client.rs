use std::time::Duration;

use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use crate::OpenError;
use crate::settings::Timeouts;

/// Passing failures are tried again by the caller, which can show them and give up; here only what
/// heals at once.
const RETRIES: usize = 2;
const RETRY_WITHIN: Duration = Duration::from_secs(10);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// How often, and how long, a client tries again by itself.
pub(crate) fn retry() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES,
        retry_timeout: RETRY_WITHIN,
        backoff: BackoffConfig {
            max_backoff: BACKOFF_MAX,
            ..BackoffConfig::default()
        },
    }
}

/// How a client connects.
pub(crate) fn options(allow_http: bool, timeouts: Timeouts) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(allow_http)
        .with_connect_timeout(timeouts.connect)
        .with_timeout(timeouts.request)
}

/// Scheme and rest of a server's address, without a `/` at its end.
pub(crate) fn endpoint(endpoint: &str, allow_http: bool) -> Result<(&str, &str), OpenError> {
    let endpoint = endpoint.trim_end_matches('/');
    match endpoint.split_once("://") {
        Some(("http", _)) if !allow_http => Err(OpenError::PlainHttp(endpoint.to_owned())),
        Some((scheme @ ("http" | "https"), rest)) => Ok((scheme, rest)),
        _ => Err(OpenError::NotAnEndpoint(endpoint.to_owned())),
    }
}
