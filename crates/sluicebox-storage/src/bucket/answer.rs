use std::error::Error as _;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};
use sluicebox_pipeline::ports::Class;

use super::Service;
use crate::{Failure, Operation};

/// Longest part of a server's own words that is passed on, in characters.
pub(super) const WORDS_MAX: usize = 200;

/// What an error of a service means for a lake.
pub(super) fn explain(
    service: &Service,
    operation: Operation,
    bucket: &str,
    error: &Error,
) -> Failure {
    // Where a machine's own identity is asked for, on all three clouds, when nothing else gave
    // credentials.
    if error.to_string().contains("169.254.169.254") {
        return Failure::fatal(service.no_credentials);
    }
    if let Some(error) = transport(error) {
        return Failure::retry(unreachable(service, error));
    }
    let answer = Answer::of(error);
    if let Some(cure) = (service.cure)(&answer, operation, bucket) {
        return Failure::fatal(cure);
    }
    if matches!(error, Error::AlreadyExists { .. }) {
        return Failure::retry("exists already, or is being created by another");
    }
    Failure {
        class: answer.class(),
        message: answer.words(service),
    }
}

/// Whether an upload is neither open nor remembered as completed.
pub(super) fn is_no_such_upload(error: &Error) -> bool {
    matches!(
        Answer::of(error).code(),
        // Azure knows no uploads, only blocks that a list names.
        "NoSuchUpload" | "InvalidBlockList"
    )
}

/// Whether the object, and nothing else, is missing.
pub(super) fn is_no_such_key(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. })
        && matches!(Answer::of(error).code(), "" | "NoSuchKey" | "BlobNotFound")
}

/// A server's answer to a failed request. The three services have one form for it in common, and
/// the clients keep it in their errors' texts only, so that is where it is read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    /// The client's own words, for when there is no answer to speak of.
    pub(crate) text: String,
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

    /// The service's code for what went wrong; empty if it gave none.
    pub(crate) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// The code, or else the status.
    pub(crate) fn name(&self) -> String {
        match (&self.code, self.status) {
            (Some(code), _) => code.clone(),
            (None, Some(status)) => format!("status {status}"),
            (None, None) => "no status".to_owned(),
        }
    }

    fn class(&self) -> Class {
        match self.status {
            Some(400) if self.code() == "RequestTimeout" => Class::Retry,
            Some(400 | 405 | 411 | 501) => Class::Fatal,
            _ => Class::Retry,
        }
    }

    fn words(&self, service: &Service) -> String {
        let (Some(status), words) = (self.status, self.message.as_deref().unwrap_or_default())
        else {
            return one_line(&self.text);
        };
        one_line(&format!(
            "{} answers {status} {}: {words}",
            service.name,
            self.code()
        ))
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

fn unreachable(service: &Service, error: &HttpError) -> String {
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
        "{} {what}: {root}; check the endpoint, the network and the proxy",
        service.name
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

/// What tables of services' answers in tests are made of.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Class, Error, Failure, Operation, Service, explain};

    /// Status, code, class, and words of the message.
    pub(crate) type Row = (&'static str, &'static str, Class, &'static str);

    /// What becomes of a client's error with this text, when something was to be staged.
    pub(crate) fn failure(service: &Service, text: &str) -> Failure {
        let error = Error::Generic {
            store: "any",
            source: text.to_owned().into(),
        };
        explain(service, Operation::Stage, "lake", &error)
    }

    /// Each answer that a person must act on names the act; the rest is tried again. What the
    /// server says beside its code and message stays out.
    pub(crate) fn assert_answers(service: &Service, rows: &[Row]) {
        for (status, code, class, words) in rows {
            let answer = format!(
                "Error performing PUT http://host/lake/a in 3ms - Server returned non-2xx status \
                 code: {status}: <?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>Words\n\
                 of the server.</Message><StringToSign>SECRET</StringToSign></Error>"
            );
            let failure = failure(service, &answer);
            assert_eq!(failure.class, *class, "{failure:?}");
            let text = failure.message;
            assert!(text.contains(words), "{text}");
            assert!(!text.contains("SECRET") && !text.contains('\n'), "{text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::S3;

    /// What is no answer at all is said in few words, and tried again.
    #[test]
    fn odd_errors_are_short() {
        let odd = testing::failure(&S3, &"x ".repeat(1_000));
        assert_eq!(
            (odd.class, odd.message.chars().count()),
            (Class::Retry, WORDS_MAX)
        );
    }
}
