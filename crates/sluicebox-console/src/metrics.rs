use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::view::View;

/// The text format's own media type.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) async fn render(State(view): State<View>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], (view.metrics)())
}
