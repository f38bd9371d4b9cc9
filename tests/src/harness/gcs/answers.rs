use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A request that is not granted: status and code.
/// <https://cloud.google.com/storage/docs/xml-api/reference-status>
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal(pub(super) u16, pub(super) &'static str);

impl Refusal {
    pub(super) fn into_response(self) -> Response {
        let Self(status, code) = self;
        let body = format!(
            "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code>\
             <Message>Said by a script.</Message></Error>"
        );
        (status_code(status), body).into_response()
    }
}

/// An answer without a body.
pub(super) fn empty(status: u16) -> Response {
    status_code(status).into_response()
}

/// A document.
pub(super) fn xml(body: &str) -> Response {
    let body = format!("<?xml version='1.0' encoding='UTF-8'?>{body}");
    ([(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

/// An object, or a part of it, with what is known of it. To HEAD, the server leaves the body out.
pub(super) fn object(generation: u64, bytes: &Bytes, range: Option<(usize, usize)>) -> Response {
    let end = bytes.len();
    let (status, first, after) = match range {
        None => (200, 0, end),
        Some((first, _)) if first >= end => return Refusal(416, "InvalidRange").into_response(),
        Some((first, last)) => (206, first, end.min(last + 1)),
    };
    let mut response = Response::new(Body::from(bytes.slice(first..after)));
    *response.status_mut() = status_code(status);
    describe(&mut response, generation);
    if status == 206 {
        let range = format!("bytes {first}-{}/{end}", after - 1);
        put(&mut response, "content-range", &range);
    }
    response
}

/// What a write answers.
pub(super) fn written(generation: u64) -> Response {
    let mut response = empty(200);
    describe(&mut response, generation);
    response
}

/// The tag of an object's, or a part's, content.
pub(super) fn etag(generation: u64) -> String {
    format!("\"{generation:032x}\"")
}

fn describe(response: &mut Response, generation: u64) {
    put(response, "etag", &etag(generation));
    put(response, "x-goog-generation", &generation.to_string());
    put(response, "last-modified", "Sun, 01 Sep 2019 01:00:00 GMT");
}

fn put(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or_default()
}
