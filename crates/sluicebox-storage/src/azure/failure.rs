use crate::Operation;
use crate::bucket::Answer;

pub(super) const NO_CREDENTIALS: &str = "no Azure credentials were found: set an access key, a SAS \
     token or a client secret under lake.azure, or give the machine or pod an identity";

/// What a person has to do about an answer, if only a person can heal it. The codes are those of
/// <https://learn.microsoft.com/en-us/rest/api/storageservices/blob-service-error-codes>.
pub(super) fn cure(answer: &Answer, operation: Operation, container: &str) -> Option<String> {
    match (answer.code(), answer.status) {
        ("ContainerNotFound", _) => Some(format!(
            "container {container} does not exist; create it or fix lake.url"
        )),
        ("AccountIsDisabled" | "ContainerDisabled", _) => Some(format!(
            "the storage account or container {container} is disabled ({})",
            answer.code()
        )),
        ("BlobImmutableDueToPolicy", _) => Some(format!(
            "an immutability policy on container {container} forbids to replace blobs; keep the \
             control tree in a container without one"
        )),
        ("KeyBasedAuthenticationNotPermitted", _) => Some(
            "the storage account allows no access keys; use a client secret or an identity"
                .to_owned(),
        ),
        ("AuthenticationFailed" | "InvalidAuthenticationInfo", _) | (_, Some(401)) => {
            Some(refused(answer))
        }
        ("AuthorizationFailure" | "IpAuthorizationError" | "AuthorizationSourceIPMismatch", _) => {
            Some(format!(
                "Azure lets these credentials or this machine not through ({}): check the key or \
                 token under lake.azure, and the account's network rules",
                answer.code()
            ))
        }
        // What asks for a token has no answer in XML.
        (_, Some(400 | 403)) if answer.text.contains("token request") => Some(refused(answer)),
        (_, Some(403)) => Some(format!(
            "the credentials may not {} in container {container}: give them the role Storage Blob \
             Data Contributor or a SAS token with the permissions racwdl ({})",
            right(operation),
            answer.name()
        )),
        _ => None,
    }
}

fn refused(answer: &Answer) -> String {
    format!(
        "Azure refuses the credentials ({}); renew or fix them, and check this machine's clock",
        answer.name()
    )
}

const fn right(operation: Operation) -> &'static str {
    match operation {
        Operation::List => "list",
        Operation::Get => "read",
        Operation::Create
        | Operation::Put
        | Operation::Stage
        | Operation::Publish
        | Operation::Abandon
        | Operation::Sweep => "write",
        Operation::Probe => "delete",
    }
}

#[cfg(test)]
mod tests {
    use sluicebox_pipeline::ports::Class::{Fatal, Retry};

    use crate::azure::AZURE;
    use crate::bucket::testing::{Row, assert_answers, failure};

    const ANSWERS: [Row; 11] = [
        (
            "404 Not Found",
            "ContainerNotFound",
            Fatal,
            "container lake does not exist",
        ),
        (
            "403 Forbidden",
            "AuthenticationFailed",
            Fatal,
            "refuses the credentials",
        ),
        (
            "401 Unauthorized",
            "InvalidAuthenticationInfo",
            Fatal,
            "refuses the credentials",
        ),
        (
            "403 Forbidden",
            "AuthorizationPermissionMismatch",
            Fatal,
            "may not write",
        ),
        (
            "403 Forbidden",
            "AuthorizationFailure",
            Fatal,
            "network rules",
        ),
        (
            "403 Forbidden",
            "KeyBasedAuthenticationNotPermitted",
            Fatal,
            "no access keys",
        ),
        (
            "409 Conflict",
            "BlobImmutableDueToPolicy",
            Fatal,
            "immutability policy",
        ),
        ("403 Forbidden", "AccountIsDisabled", Fatal, "is disabled"),
        (
            "400 Bad Request",
            "InvalidHeaderValue",
            Fatal,
            "400 InvalidHeaderValue: Words of",
        ),
        (
            "429 Too Many Requests",
            "TooManyRequests",
            Retry,
            "429 TooManyRequests",
        ),
        (
            "503 Service Unavailable",
            "ServerBusy",
            Retry,
            "503 ServerBusy",
        ),
    ];

    /// Each answer of Azure that a person must act on names the act; the rest is tried again.
    #[test]
    fn answers_name_their_cure() {
        assert_answers(&AZURE, &ANSWERS);
    }

    /// Failures without an answer of the store itself.
    #[test]
    fn missing_credentials_are_explained() {
        let metadata = "Error performing token request: Error performing GET \
                        http://169.254.169.254/metadata/identity in 1s - timed out";
        let said = failure(&AZURE, metadata).message;
        assert!(said.contains("no Azure credentials"), "{said}");
        let entra = "Error performing token request: Error performing POST \
                     https://login.microsoftonline.com/t/oauth2/v2.0/token in 1s - Server returned \
                     non-2xx status code: 400 Bad Request: {\"error\":\"unauthorized_client\"}";
        let said = failure(&AZURE, entra).message;
        assert!(said.contains("refuses the credentials"), "{said}");
    }
}
