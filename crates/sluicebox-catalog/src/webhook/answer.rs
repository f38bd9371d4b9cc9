//! What an endpoint's answer means. Its body is not read: it may hold anything.

use std::error::Error as _;
use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use sluicebox_pipeline::ports::NotifyError;

pub(super) fn judge(answer: &Response, now_millis: i64) -> Result<(), NotifyError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let message = format!("answered {status}");
    if refuses(status) {
        return Err(NotifyError::Permanent { message });
    }
    let after = answer.headers().get(RETRY_AFTER);
    let after = after.and_then(|after| retry_after(after.to_str().ok()?, now_millis));
    Err(NotifyError::Retry { message, after })
}

/// Why there was no answer, without the URL.
pub(super) fn failure(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Whether the answer judges the event, not the moment nor who asks.
fn refuses(status: StatusCode) -> bool {
    let passing = matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
    );
    status.is_client_error() && !passing
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now_millis: i64) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    u64::try_from(at.saturating_sub(now_millis))
        .ok()
        .map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which answers give an event up, as documented.
    #[test]
    fn statuses_are_told_apart() {
        for (status, expected) in [
            (301, false),
            (400, true),
            (401, false),
            (403, false),
            (404, true),
            (408, false),
            (410, true),
            (413, true),
            (422, true),
            (425, false),
            (429, false),
            (500, false),
            (503, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(refuses(status), expected, "{status}");
        }
    }

    /// Both forms are read; dates that have passed and nonsense ask for nothing.
    #[test]
    fn retry_after_is_read() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (text, expected) in [
            ("7", seconds(7)),
            ("Thu, 01 Jan 1970 00:01:00 GMT", seconds(50)),
            ("Thu, 01 Jan 1970 00:00:09 GMT", None),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(text, 10_000), expected, "{text}");
        }
    }
}
