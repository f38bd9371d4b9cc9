use std::error::Error as _;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};
use sluicebox_pipeline::ports::Class;

use crate::{Failure, Operation};

/// Longest part of a server's own words that is passed on, in characters.
const WORDS_MAX: usize = 200;

/// What an error of S3 means for a lake. The client keeps a failed request's status and body in
/// its text only, so that is where they are read.
pub(super) fn explain(operation: Operation, bucket: &str, error: &Error) -> Failure {
    let text = error.to_string();
    // Where a machine's role is asked for when nothing else gave credentials.
    if text.contains("169.254.169.254") {
        return Failure::fatal(NO_CREDENTIALS);
    }
    if let Some(error) = transport(error) {
        return Failure::retry(unreachable(error));
    }
    let answer = Answer::of(error);
    if let Some(cure) = answer.cure(operation, bucket) {
        return Failure::fatal(cure);
    }
    if matches!(error, Error::AlreadyExists { .. }) {
        return Failure::retry("exists already, or is being created by another");
    }
    Failure {
        class: answer.class(),
        message: answer.words(),
    }
}

/// Whether an upload is neither open nor remembered as completed.
pub(super) fn is_no_such_upload(error: &Error) -> bool {
    Answer::of(error).code == Some("NoSuchUpload".to_owned())
}

/// Whether the object, and nothing else, is missing.
pub(super) fn is_no_such_key(error: &Error) -> bool {
    let missing = matches!(error, Error::NotFound { .. });
    missing
        && Answer::of(error)
            .code
            .is_none_or(|code| code == "NoSuchKey")
}

const NO_CREDENTIALS: &str = "no AWS credentials were found: set AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY, a profile, or a role";

/// A server's answer to a failed request.
#[derive(Debug)]
struct Answer {
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    /// The client's own words, for when there is no answer to speak of.
    text: String,
}

impl Answer {
    fn of(error: &Error) -> Self {
        let text = error.to_string();
        let status = text
            .split_once("status code: ")
            .and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
        Self {
            status,
            code: element(&text, "Code"),
            message: element(&text, "Message"),
            text,
        }
    }

    /// What a person has to do, if only a person can heal it.
    fn cure(&self, operation: Operation, bucket: &str) -> Option<String> {
        let code = self.code.as_deref().unwrap_or_default();
        match (code, self.status) {
            ("NoSuchBucket", _) => Some(format!(
                "bucket {bucket} does not exist; create it or fix lake.url"
            )),
            (
                "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken",
                _,
            )
            | (_, Some(401)) => Some(format!(
                "S3 refuses the credentials ({}); renew or fix them",
                self.name()
            )),
            ("RequestTimeTooSkewed", _) => Some(
                "this machine's clock is wrong; S3 accepts 15 minutes of difference".to_owned(),
            ),
            (
                "AuthorizationHeaderMalformed"
                | "PermanentRedirect"
                | "IllegalLocationConstraintException",
                _,
            ) => Some(format!(
                "bucket {bucket} is in another region; set lake.s3.region"
            )),
            (code, _) if code.starts_with("KMS.") => Some(format!(
                "the KMS key cannot be used ({code}); check the key and its policy"
            )),
            (_, Some(403)) => Some(format!(
                "the credentials lack permission {} on bucket {bucket}: grant it to their user \
                 or role ({})",
                permission(operation),
                self.name()
            )),
            (_, Some(301 | 307)) => Some(format!(
                "bucket {bucket} is elsewhere; set lake.s3.region or its endpoint"
            )),
            _ if self.text.contains("redirect without LOCATION") => Some(format!(
                "bucket {bucket} is in another region; set lake.s3.region"
            )),
            _ => None,
        }
    }

    fn class(&self) -> Class {
        let code = self.code.as_deref().unwrap_or_default();
        match self.status {
            Some(400) if code == "RequestTimeout" => Class::Retry,
            Some(400 | 405 | 411 | 501) => Class::Fatal,
            _ => Class::Retry,
        }
    }

    fn name(&self) -> String {
        match (&self.code, self.status) {
            (Some(code), _) => code.clone(),
            (None, Some(status)) => format!("status {status}"),
            (None, None) => "no status".to_owned(),
        }
    }

    fn words(&self) -> String {
        let (Some(status), words) = (self.status, self.message.as_deref().unwrap_or_default())
        else {
            return one_line(&self.text);
        };
        one_line(&format!(
            "S3 answers {status} {}: {words}",
            self.code.as_deref().unwrap_or("")
        ))
    }
}

/// What a role or user must be allowed to do. Without the right to list, S3 answers 403 instead of
/// 404 for an object that is not there.
fn permission(operation: Operation) -> &'static str {
    match operation {
        Operation::List => "s3:ListBucket",
        Operation::Get => "s3:GetObject or s3:ListBucket",
        Operation::Create | Operation::Put | Operation::Stage | Operation::Publish => {
            "s3:PutObject"
        }
        Operation::Abandon | Operation::Sweep => "s3:AbortMultipartUpload",
        Operation::Probe => "s3:DeleteObject",
    }
}

fn transport(error: &Error) -> Option<&HttpError> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

fn unreachable(error: &HttpError) -> String {
    let mut root: &dyn std::error::Error = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    let what = match error.kind() {
        HttpErrorKind::Connect => "cannot be reached",
        HttpErrorKind::Timeout => "did not answer in time",
        _ => "broke off",
    };
    one_line(&format!(
        "S3 {what}: {root}; check the endpoint, the network and the proxy"
    ))
}

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.to_owned())
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(text: &str) -> Failure {
        let error = Error::Generic {
            store: "S3",
            source: text.to_owned().into(),
        };
        explain(Operation::Stage, "lake", &error)
    }

    fn answer(status: &str, code: &str) -> String {
        format!(
            "Error performing PUT http://s3/lake/a in 3ms - Server returned non-2xx status code: \
             {status}: <?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>Words\nof the \
             server.</Message><StringToSign>SECRET</StringToSign></Error>"
        )
    }

    /// Status, code, class, and words of the message.
    const ANSWERS: [(&str, &str, Class, &str); 12] = [
        (
            "404 Not Found",
            "NoSuchBucket",
            Class::Fatal,
            "bucket lake does not exist",
        ),
        (
            "403 Forbidden",
            "AccessDenied",
            Class::Fatal,
            "s3:PutObject on bucket lake",
        ),
        (
            "403 Forbidden",
            "SignatureDoesNotMatch",
            Class::Fatal,
            "refuses the credentials",
        ),
        (
            "403 Forbidden",
            "InvalidAccessKeyId",
            Class::Fatal,
            "refuses the credentials",
        ),
        (
            "400 Bad Request",
            "ExpiredToken",
            Class::Fatal,
            "refuses the credentials",
        ),
        (
            "403 Forbidden",
            "RequestTimeTooSkewed",
            Class::Fatal,
            "clock",
        ),
        (
            "400 Bad Request",
            "AuthorizationHeaderMalformed",
            Class::Fatal,
            "lake.s3.region",
        ),
        (
            "400 Bad Request",
            "KMS.DisabledException",
            Class::Fatal,
            "KMS key",
        ),
        (
            "400 Bad Request",
            "EntityTooLarge",
            Class::Fatal,
            "400 EntityTooLarge: Words of",
        ),
        (
            "400 Bad Request",
            "RequestTimeout",
            Class::Retry,
            "400 RequestTimeout",
        ),
        (
            "503 Service Unavailable",
            "SlowDown",
            Class::Retry,
            "503 SlowDown",
        ),
        (
            "500 Internal Server Error",
            "InternalError",
            Class::Retry,
            "500 InternalError",
        ),
    ];

    /// Each answer of S3 that a person must act on names the act; the rest is tried again. What the
    /// server says beside its code and message stays out.
    #[test]
    fn answers_name_their_cure() {
        for (status, code, class, words) in ANSWERS {
            let failure = failure(&answer(status, code));
            assert_eq!(failure.class, class, "{failure:?}");
            let text = failure.message;
            assert!(text.contains(words), "{text}");
            assert!(!text.contains("SECRET") && !text.contains('\n'), "{text}");
        }
    }

    /// Failures without an answer of S3 itself.
    #[test]
    fn silence_is_explained() {
        let role = "Error performing PUT http://169.254.169.254/latest/api/token in 1s - timed out";
        assert!(failure(role).message.contains("no AWS credentials"));
        let region = "Error performing GET http://s3 in 1s - Received redirect without LOCATION";
        assert!(failure(region).message.contains("lake.s3.region"));
        let odd = failure(&"x ".repeat(1_000));
        assert_eq!(
            (odd.class, odd.message.chars().count()),
            (Class::Retry, WORDS_MAX)
        );
    }
}
