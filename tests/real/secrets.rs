//! What must never be shown: planted in configs, tokens and records of these tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sluicebox_tests::harness::{Sluicebox, TokenEndpoint};

/// In every key, value and header.
pub(crate) const PAYLOAD: &str = "payload-4711-is-confidential";
/// The user's password at the broker.
pub(crate) const PASSWORD: &str = "alice-secret";
/// A password that is wrong.
pub(crate) const WRONG_PASSWORD: &str = "wrong-secret-4711";
/// A client's secret at the token endpoint.
pub(crate) const CLIENT_SECRET: &str = "client-secret-4711";
/// A token that the broker does not take.
pub(crate) const WRONG_TOKEN: &str = "bm8gdG9rZW4.bm8gdG9rZW4.bm8gdG9rZW4";
/// The key of a webhook's signatures.
pub(crate) const HMAC_SECRET: &str = "hmac-secret-4711";
/// A webhook's token.
pub(crate) const BEARER_TOKEN: &str = "bearer-token-4711";
/// The console's token.
pub(crate) const SERVER_TOKEN: &str = "server-token-4711";
/// Credentials for Glue.
pub(crate) const GLUE_SECRETS: [&str; 3] = ["glue-id-4711", "glue-key-4711", "glue-session-4711"];

const SECRETS: [&str; 14] = [
    PAYLOAD,
    PASSWORD,
    WRONG_PASSWORD,
    CLIENT_SECRET,
    WRONG_TOKEN,
    HMAC_SECRET,
    BEARER_TOKEN,
    SERVER_TOKEN,
    GLUE_SECRETS[0],
    GLUE_SECRETS[1],
    GLUE_SECRETS[2],
    TokenEndpoint::TOKEN_OF_ALICE,
    "writer-secret",
    "reader-secret",
];

/// Nothing of it is in `said`: neither as it is, nor in base64, as logins have it, nor as bytes.
pub(crate) fn are_kept(said: &str) {
    let logins = [
        format!("etl:{CLIENT_SECRET}"),
        format!("\0alice\0{PASSWORD}"),
        format!("\0alice\0{WRONG_PASSWORD}"),
    ];
    let encoded = logins.map(|login| STANDARD.encode(login));
    let bytes = format!("{:?}", PAYLOAD.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']);
    let each = SECRETS
        .into_iter()
        .chain(encoded.iter().map(String::as_str));
    for secret in each.chain([bytes]) {
        let line = said.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "`{secret}` is told");
    }
}

/// Nothing of it is in anything that this process says.
pub(crate) fn are_kept_by(run: &Sluicebox) {
    are_kept(&run.log());
    for path in ["/metrics", "/readyz", "/api/v1/status"] {
        let (_, body) = run.console(path).unwrap_or_default();
        assert!(!body.is_empty(), "{path} says nothing");
        are_kept(&body);
    }
}
