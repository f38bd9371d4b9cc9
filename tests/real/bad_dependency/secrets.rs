//! What must never be shown: planted in configs, tokens and records of these tests.

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

/// Nothing of it is in `said`.
pub(crate) fn are_kept(said: &str) {
    for secret in [
        PAYLOAD,
        PASSWORD,
        WRONG_PASSWORD,
        CLIENT_SECRET,
        WRONG_TOKEN,
        TokenEndpoint::TOKEN_OF_ALICE,
        "writer-secret",
        "reader-secret",
    ] {
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
