use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
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
}

/// `POST /events` for a console on this address.
pub(crate) fn routes(entry: EventEntry, address: SocketAddr) -> Router {
    let is_loopback = address.ip().is_loopback();
    Router::new()
        .route("/events", post(take))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Entry { entry, is_loopback })
}

async fn take(State(entry): State<Entry>, headers: HeaderMap, body: Bytes) -> Response {
    if !entry.allows(&headers) {
        let cure = "send `Authorization: Bearer <server.token>`; without a token events are taken on \
                    a loopback address only\n";
        return (StatusCode::UNAUTHORIZED, cure).into_response();
    }
    let texts = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let message = IncomingMessage {
        way: Way::Http,
        headers: texts.collect(),
        body: &body,
        receipt: None,
    };
    let Ok(taken) = tokio::time::timeout(PATIENCE, entry.entry.intake.take(message)).await else {
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
