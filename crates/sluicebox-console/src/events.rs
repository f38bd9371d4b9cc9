use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use metrics::counter;
use serde_json::json;
use sluicebox_pipeline::ports::{EventIntake, IncomingMessage, Way};

/// The largest body that is read; a larger one is answered with 413.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a message may wait for room before its sender is asked to come again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds after which it may come again.
const RETRY_AFTER: &str = "10";

/// Where events that come over HTTP go, and who may send them.
#[derive(Clone)]
pub struct EventEntry {
    /// Who is told.
    pub intake: Arc<dyn EventIntake>,
    /// The bearer token. Without one, events are taken on a loopback address only.
    pub token: Option<Arc<str>>,
}

impl std::fmt::Debug for EventEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventEntry").finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Entry {
    entry: EventEntry,
    is_loopback: bool,
    patience: Duration,
}

/// `POST /events` for a console on this address.
pub(crate) fn routes(entry: EventEntry, address: SocketAddr) -> Router {
    let is_loopback = address.ip().is_loopback();
    Router::new()
        .route("/events", post(take))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Entry {
            entry,
            is_loopback,
            patience: PATIENCE,
        })
}

async fn take(
    State(entry): State<Entry>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if !entry.allows(&headers) {
        count("unauthorized");
        let cure = "send `Authorization: Bearer <server.token>`; without a token events are taken on \
                    a loopback address only\n";
        return (StatusCode::UNAUTHORIZED, cure).into_response();
    }
    let body = match body {
        Ok(body) => body,
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            count("too_large");
            let cure = "at most 4 MiB are read; send fewer events at once\n";
            return (StatusCode::PAYLOAD_TOO_LARGE, cure).into_response();
        }
        Err(error) => return error.into_response(),
    };
    let texts = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let message = IncomingMessage {
        way: Way::Http,
        headers: texts.collect(),
        body: &body,
        receipt: None,
    };
    let Ok(taken) = tokio::time::timeout(entry.patience, entry.entry.intake.take(message)).await
    else {
        count("busy");
        let again = [(header::RETRY_AFTER, RETRY_AFTER)];
        let busy = "too much is waiting for the catalog; send it again\n";
        return (StatusCode::SERVICE_UNAVAILABLE, again, busy).into_response();
    };
    let status = match taken.partitions == 0 && !taken.refused.is_empty() {
        true => StatusCode::BAD_REQUEST,
        false => StatusCode::ACCEPTED,
    };
    let answer = json!({ "partitions": taken.partitions, "refused": taken.refused });
    (status, Json(answer)).into_response()
}

/// What is answered before it comes to the intake, which counts the rest.
fn count(outcome: &'static str) {
    counter!("sluicebox_crawler_events_total", "outcome" => outcome).increment(1);
}

impl Entry {
    fn allows(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.entry.token else {
            return self.is_loopback;
        };
        let given = headers
            .get(header::AUTHORIZATION)
            .map(|value| value.as_bytes());
        let given = given.and_then(|value| value.strip_prefix(b"Bearer "));
        given.is_some_and(|given| is_same(given, token.as_bytes()))
    }
}

/// Takes as long for any text of the token's length, so that time tells nothing of the token.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    let differing = given
        .iter()
        .zip(token)
        .fold(0, |differing, (one, other)| differing | (one ^ other));
    given.len() == token.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use sluicebox_pipeline::ports::Taken;

    use super::*;

    #[derive(Debug)]
    struct Full;

    #[async_trait]
    impl EventIntake for Full {
        async fn take(&self, _message: IncomingMessage<'_>) -> Taken {
            std::future::pending().await
        }
    }

    async fn answer(is_loopback: bool) -> Response {
        let entry = EventEntry {
            intake: Arc::new(Full),
            token: None,
        };
        let entry = Entry {
            entry,
            is_loopback,
            patience: Duration::ZERO,
        };
        take(State(entry), HeaderMap::new(), Ok(Bytes::new())).await
    }

    /// Without a token, nobody but this machine is served.
    #[tokio::test]
    async fn strangers_need_a_token() {
        assert_eq!(answer(false).await.status(), StatusCode::UNAUTHORIZED);
    }

    /// Where too much waits, the sender is told when to come again.
    #[tokio::test]
    async fn a_full_inbox_asks_to_come_again() {
        let answer = answer(true).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], RETRY_AFTER);
    }
}
