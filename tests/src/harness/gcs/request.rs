use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri, header};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use url::form_urlencoded;

use super::GcsAccount;
use super::answers::Refusal;

/// A request, read, from an account that is known.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) bucket: String,
    /// Empty for the bucket itself.
    pub(super) key: String,
    pub(super) parameters: BTreeMap<String, String>,
    /// The generation that the object must have; 0 for none.
    pub(super) if_generation: Option<u64>,
    /// First and last byte that are wanted.
    pub(super) range: Option<(usize, usize)>,
    pub(super) body: Bytes,
}

impl Request {
    pub(super) fn read(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Self, Refusal> {
        let account = account(headers)?;
        let writes = !matches!(*method, Method::GET | Method::HEAD);
        if account == GcsAccount::Reader && writes {
            return Err(Refusal(403, "AccessDenied"));
        }
        let path = uri.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Ok(Self {
            method: method.clone(),
            bucket: decode(bucket),
            key: decode(key),
            parameters: query.into_owned().collect(),
            if_generation: text("x-goog-if-generation-match").and_then(|it| it.parse().ok()),
            range: text("range").and_then(range),
            body,
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// Who signed the token that is presented: the issuer of a self-signed one, which holds for an hour
/// and for the scope that it names. Signatures are believed.
/// <https://google.aip.dev/auth/4111>
fn account(headers: &HeaderMap) -> Result<GcsAccount, Refusal> {
    let claims = || {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let token = token.strip_prefix("Bearer ")?;
        let [_header, claims, _signature] = token.split('.').collect::<Vec<_>>()[..] else {
            return None;
        };
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
        serde_json::from_slice::<serde_json::Value>(&claims).ok()
    };
    let claims = claims().ok_or(Refusal(401, "AuthenticationRequired"))?;
    let scoped = claims["scope"] == "https://www.googleapis.com/auth/cloud-platform";
    let known = [GcsAccount::Writer, GcsAccount::Reader];
    let known = known
        .into_iter()
        .find(|known| claims["iss"] == known.email());
    known
        .filter(|_| scoped)
        .ok_or(Refusal(401, "AuthenticationRequired"))
}

fn decode(text: &str) -> String {
    let text = format!("={}", text.replace('+', "%2B"));
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

/// `bytes=first-last`, the only form that is sent.
fn range(text: &str) -> Option<(usize, usize)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}
