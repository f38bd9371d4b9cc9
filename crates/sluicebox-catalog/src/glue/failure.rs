use std::error::Error;

use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_glue::types::ErrorDetail;

use crate::Class;
use crate::failure::{Failure, one_line};

pub(super) const ALREADY_EXISTS: &str = "AlreadyExistsException";
pub(super) const NOT_FOUND: &str = "EntityNotFoundException";

const CREDENTIALS: &str = "renew or fix the credentials";

/// What Glue's error codes mean. Those that are missing here are judged by their status.
/// <https://docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html>
const CODES: [(&str, Class, &str); 25] = [
    (ALREADY_EXISTS, Class::Conflict, ""),
    (NOT_FOUND, Class::Conflict, ""),
    ("ConcurrentModificationException", Class::Conflict, ""),
    ("VersionMismatchException", Class::Conflict, ""),
    ("ThrottlingException", Class::Retry, ""),
    ("Throttling", Class::Retry, ""),
    ("ThrottledException", Class::Retry, ""),
    ("RequestThrottledException", Class::Retry, ""),
    ("TooManyRequestsException", Class::Retry, ""),
    ("RequestLimitExceeded", Class::Retry, ""),
    ("ConcurrentRunsExceededException", Class::Retry, ""),
    ("InternalServiceException", Class::Retry, ""),
    ("InternalFailure", Class::Retry, ""),
    ("OperationTimeoutException", Class::Retry, ""),
    ("ResourceNotReadyException", Class::Retry, ""),
    ("ServiceUnavailable", Class::Retry, ""),
    (
        "ResourceNumberLimitExceededException",
        Class::Fatal,
        "a quota of the account is used up: have it raised",
    ),
    (
        "GlueEncryptionException",
        Class::Fatal,
        "allow the use of the catalog's KMS key",
    ),
    ("UnrecognizedClientException", Class::Fatal, CREDENTIALS),
    ("InvalidClientTokenId", Class::Fatal, CREDENTIALS),
    ("InvalidSignatureException", Class::Fatal, CREDENTIALS),
    ("SignatureDoesNotMatch", Class::Fatal, CREDENTIALS),
    ("ExpiredTokenException", Class::Fatal, CREDENTIALS),
    ("ExpiredToken", Class::Fatal, CREDENTIALS),
    (
        "MissingAuthenticationTokenException",
        Class::Fatal,
        CREDENTIALS,
    ),
];

/// A request that was not done, with Glue's code, which may be the answer that was hoped for.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) failure: Failure,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        refusal.failure
    }
}

impl Refusal {
    pub(super) fn of<E>(action: &str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let SdkError::ServiceError(answer) = error else {
            return Self::unanswered(error);
        };
        let status = answer.raw().status();
        let code = answer.err().code().unwrap_or_default().to_owned();
        // The SDK takes a body that it cannot read for an error.
        if code.is_empty() && status.is_success() {
            return Self::unanswered(error);
        }
        let words = answer.err().message().unwrap_or_default();
        let failure = judge(action, &code, words, status.as_u16());
        Self { code, failure }
    }

    fn unanswered<E: Error + 'static>(error: &SdkError<E>) -> Self {
        Self {
            code: String::new(),
            failure: no_answer(error),
        }
    }
}

/// What went wrong with some parts of a batch that was done otherwise: partition values and what is
/// said of them. Parts with the code `accepted` are as they should be.
pub(super) fn parts<'a>(
    action: &str,
    accepted: &str,
    errors: impl Iterator<Item = (&'a [String], Option<&'a ErrorDetail>)>,
) -> Result<(), Failure> {
    let failures = errors.filter_map(|(values, detail)| {
        let code = detail.and_then(ErrorDetail::error_code).unwrap_or_default();
        let words = detail
            .and_then(ErrorDetail::error_message)
            .unwrap_or_default();
        let failure = judge(action, code, words, 400);
        (code != accepted).then(|| (values.join("/"), failure))
    });
    let failures: Vec<_> = failures.collect();
    // What a person must heal comes first, then what was planned on old grounds.
    let weight = |class| match class {
        Class::Fatal => 2,
        Class::Conflict => 1,
        Class::Retry => 0,
    };
    let worst = failures
        .iter()
        .max_by_key(|(_, failure)| weight(failure.class));
    let Some((values, failure)) = worst else {
        return Ok(());
    };
    let (class, words, count) = (failure.class, &failure.message, failures.len());
    let message = one_line(&format!("{count} of a batch failed, as {values}: {words}"));
    Err(Failure { class, message })
}

fn judge(action: &str, code: &str, words: &str, status: u16) -> Failure {
    let said = match code {
        "" => one_line(&format!("status {status} {words}")),
        _ => one_line(&format!("{code}: {words}")),
    };
    if words.contains("Lake Formation") {
        let cure = "grant it in Lake Formation to the role, on the table and its location";
        return Failure::fatal(format!("{said}; {cure}"));
    }
    if code == "AccessDeniedException" || status == 403 {
        let cure = format!("grant glue:{action} on the catalog, the database and the table");
        return Failure::fatal(format!("{said}; {cure}"));
    }
    let known = CODES.iter().find(|(known, ..)| *known == code);
    let (class, cure) = match known {
        Some((_, class, cure)) => (*class, *cure),
        None if status == 429 || status >= 500 => (Class::Retry, ""),
        None => (Class::Fatal, ""),
    };
    let semicolon = if cure.is_empty() { "" } else { "; " };
    Failure {
        class,
        message: format!("{said}{semicolon}{cure}"),
    }
}

/// Nothing came from Glue, or nothing that makes sense.
fn no_answer<E: Error + 'static>(error: &SdkError<E>) -> Failure {
    let mut root: &dyn Error = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    let reason = one_line(&root.to_string());
    match error {
        SdkError::TimeoutError(_) => Failure::retry("Glue did not answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            Failure::retry("Glue did not answer in time")
        }
        SdkError::DispatchFailure(failure) if failure.is_io() => Failure::retry(format!(
            "Glue cannot be reached: {reason}; check the endpoint, the region and the network"
        )),
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => Failure::fatal(format!(
            "no request can be made to Glue: {reason}; check credentials and region: an access \
             key, a profile, or a role"
        )),
        _ => Failure::retry(format!("Glue gave no answer that makes sense: {reason}")),
    }
}
