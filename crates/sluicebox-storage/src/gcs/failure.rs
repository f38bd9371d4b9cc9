use crate::Operation;
use crate::bucket::Answer;

pub(super) const NO_CREDENTIALS: &str = "no Google credentials were found: set \
     lake.gcs.service_account_key, GOOGLE_APPLICATION_CREDENTIALS, or a service account of the \
     machine";

/// What a person has to do about an answer, if only a person can heal it. The codes are those of
/// <https://cloud.google.com/storage/docs/xml-api/reference-status>.
pub(super) fn cure(answer: &Answer, operation: Operation, bucket: &str) -> Option<String> {
    match (answer.code(), answer.status) {
        ("NoSuchBucket", _) => Some(format!(
            "bucket {bucket} does not exist; create it or fix lake.url"
        )),
        ("AccountProblem" | "UserProjectAccountProblem", _) => Some(format!(
            "the billing account behind bucket {bucket} is not in order ({})",
            answer.code()
        )),
        ("RetentionPolicyNotMet" | "ObjectUnderActiveHold", _) => Some(format!(
            "a retention policy or hold on bucket {bucket} forbids to replace objects ({}): keep \
             the control tree in a bucket without one",
            answer.code()
        )),
        (code, _) if code.starts_with("CloudKms") => Some(format!(
            "the KMS key cannot be used ({code}); check the key and the service agent's right to it"
        )),
        (_, Some(401)) => Some(refused(answer)),
        // What asks for a token has no answer in XML.
        (_, Some(400 | 403)) if answer.text.contains("token request") => Some(refused(answer)),
        (_, Some(403)) => Some(format!(
            "the credentials lack permission {} on bucket {bucket}: grant it to their service \
             account ({})",
            permission(operation),
            answer.name()
        )),
        _ => None,
    }
}

fn refused(answer: &Answer) -> String {
    format!(
        "Google refuses the credentials ({}); renew or fix them, and check this machine's clock",
        answer.name()
    )
}

/// What a service account must be allowed to do: the role Storage Object User holds it all.
/// <https://cloud.google.com/storage/docs/access-control/iam-xml>
fn permission(operation: Operation) -> &'static str {
    match operation {
        Operation::List => "storage.objects.list",
        Operation::Get => "storage.objects.get or storage.objects.list",
        Operation::Create => "storage.objects.create",
        Operation::Put => "storage.objects.create or storage.objects.delete",
        Operation::Stage | Operation::Publish => {
            "storage.multipartUploads.create or storage.objects.create"
        }
        Operation::Abandon | Operation::Sweep => "storage.multipartUploads.abort",
        Operation::Probe => "storage.objects.delete",
    }
}

#[cfg(test)]
mod tests {
    use sluicebox_pipeline::ports::Class::{Fatal, Retry};

    use crate::bucket::testing::{Row, assert_answers, failure};
    use crate::gcs::GCS;

    const ANSWERS: [Row; 10] = [
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
            "storage.multipartUploads.create",
        ),
        (
            "401 Unauthorized",
            "AuthenticationRequired",
            Fatal,
            "refuses the credentials",
        ),
        ("403 Forbidden", "AccountProblem", Fatal, "billing account"),
        (
            "403 Forbidden",
            "RetentionPolicyNotMet",
            Fatal,
            "forbids to replace",
        ),
        ("400 Bad Request", "CloudKmsDisabledKey", Fatal, "KMS key"),
        (
            "400 Bad Request",
            "EntityTooLarge",
            Fatal,
            "400 EntityTooLarge: Words of",
        ),
        ("429 Too Many Requests", "SlowDown", Retry, "429 SlowDown"),
        (
            "503 Service Unavailable",
            "ServiceUnavailable",
            Retry,
            "503 Service",
        ),
        (
            "500 Internal Server Error",
            "InternalError",
            Retry,
            "500 InternalError",
        ),
    ];

    /// Each answer of Google that a person must act on names the act; the rest is tried again.
    #[test]
    fn answers_name_their_cure() {
        assert_answers(&GCS, &ANSWERS);
    }

    /// Failures without an answer of the store itself.
    #[test]
    fn missing_credentials_are_explained() {
        let metadata = "Error performing token request: Error performing GET \
                        http://169.254.169.254/computeMetadata/v1 in 1s - timed out";
        let said = failure(&GCS, metadata).message;
        assert!(said.contains("no Google credentials"), "{said}");
        let refresh = "Error performing token request: Error performing POST \
                       https://accounts.google.com/o/oauth2/token in 1s - Server returned non-2xx \
                       status code: 400 Bad Request: {\"error\":\"invalid_grant\"}";
        let said = failure(&GCS, refresh).message;
        assert!(said.contains("refuses the credentials"), "{said}");
    }
}
