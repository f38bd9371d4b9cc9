use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::view::View;

pub(crate) async fn alive(State(view): State<View>, headers: HeaderMap) -> Response {
    match (view.alive)() {
        Ok(()) if wants_json(&headers) => Json(json!({ "alive": true })).into_response(),
        Ok(()) => "alive\n".into_response(),
        Err(reason) if wants_json(&headers) => {
            let body = Json(json!({ "alive": false, "reason": reason }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

pub(crate) async fn ready(State(view): State<View>, headers: HeaderMap) -> Response {
    let waiting = view.readiness.reasons();
    let status = match waiting.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    if wants_json(&headers) {
        return (status, Json(readiness(waiting))).into_response();
    }
    if waiting.is_empty() {
        return "ready\n".into_response();
    }
    let lines = waiting
        .iter()
        .map(|(dependency, reason)| format!("{dependency}: {reason}\n"));
    (status, lines.collect::<String>()).into_response()
}

/// `{"ready":false,"waiting_for":{"store":"…"}}`.
pub(crate) fn readiness(waiting: Vec<(String, String)>) -> Value {
    let ready = waiting.is_empty();
    let waiting_for: Map<_, _> = waiting
        .into_iter()
        .map(|(dependency, reason)| (dependency, reason.into()))
        .collect();
    json!({ "ready": ready, "waiting_for": waiting_for })
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}
