use crate::Operation;
use crate::bucket::Answer;

pub(super) const NO_CREDENTIALS: &str = "no AWS credentials were found: set AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY, a profile, or a role";

/// What a person has to do about an answer, if only a person can heal it.
pub(super) fn cure(answer: &Answer, operation: Operation, bucket: &str) -> Option<String> {
    match (answer.code(), answer.status) {
        ("NoSuchBucket", _) => Some(format!(
            "bucket {bucket} does not exist; create it or fix lake.url"
        )),
        ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken", _)
        | (_, Some(401)) => Some(format!(
            "S3 refuses the credentials ({}); renew or fix them",
            answer.name()
        )),
        ("RequestTimeTooSkewed", _) => {
            Some("this machine's clock is wrong; S3 accepts 15 minutes of difference".to_owned())
        }
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
            "the credentials lack permission {} on bucket {bucket}: grant it to their user or \
             role ({})",
            permission(operation),
            answer.name()
        )),
        (_, Some(301 | 307)) => Some(format!(
            "bucket {bucket} is elsewhere; set lake.s3.region or its endpoint"
        )),
        _ if answer.text.contains("redirect without LOCATION") => Some(format!(
            "bucket {bucket} is in another region; set lake.s3.region"
        )),
        _ => None,
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

#[cfg(test)]
mod tests {
    use sluicebox_pipeline::ports::Class::{Fatal, Retry};

    use crate::bucket::testing::{Row, assert_answers, failure};
    use crate::s3::S3;

    const ANSWERS: [Row; 12] = [
        (
            "404 Not Found",
            "NoSuchBucket",
            Fatal,
            "bucket lake does not exist",
        ),
        (
            "403 Forbidden",
            "AccessDenied",
            Fatal,
            "s3:PutObject on bucket lake",
        ),
        (
            "403 Forbidden",
            "SignatureDoesNotMatch",
            Fatal,
            "refuses the credentials",
        ),
        (
            "403 Forbidden",
            "InvalidAccessKeyId",
            Fatal,
            "refuses the credentials",
        ),
        (
            "400 Bad Request",
            "ExpiredToken",
            Fatal,
            "refuses the credentials",
        ),
        ("403 Forbidden", "RequestTimeTooSkewed", Fatal, "clock"),
        (
            "400 Bad Request",
            "AuthorizationHeaderMalformed",
            Fatal,
            "lake.s3.region",
        ),
        ("400 Bad Request", "KMS.DisabledException", Fatal, "KMS key"),
        (
            "400 Bad Request",
            "EntityTooLarge",
            Fatal,
            "400 EntityTooLarge: Words of",
        ),
        (
            "400 Bad Request",
            "RequestTimeout",
            Retry,
            "400 RequestTimeout",
        ),
        ("503 Service Unavailable", "SlowDown", Retry, "503 SlowDown"),
        (
            "500 Internal Server Error",
            "InternalError",
            Retry,
            "500 InternalError",
        ),
    ];

    /// Each answer of S3 that a person must act on names the act; the rest is tried again.
    #[test]
    fn answers_name_their_cure() {
        assert_answers(&S3, &ANSWERS);
    }

    /// Failures without an answer of S3 itself.
    #[test]
    fn silence_is_explained() {
        let role = "Error performing PUT http://169.254.169.254/latest/api/token in 1s - timed out";
        assert!(failure(&S3, role).message.contains("no AWS credentials"));
        let region = "Error performing GET http://s3 in 1s - Received redirect without LOCATION";
        assert!(failure(&S3, region).message.contains("lake.s3.region"));
    }
}
