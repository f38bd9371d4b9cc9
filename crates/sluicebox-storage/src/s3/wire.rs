//! What is sent, and what is made of answers that a well-behaved server seldom gives.

use std::sync::Arc;

use sluicebox_pipeline::ports::{Class, LakeStore, Published};
use sluicebox_types::{ManualClock, Staged};

use crate::bucket::{Requests, scripted};
use crate::{Credentials, Encryption, S3Settings, StoreSettings, open};

/// A store on a server with this script.
fn store(
    answers: &'static [(u16, &'static str)],
    encryption: Encryption,
) -> (Arc<dyn LakeStore>, Requests) {
    let (endpoint, requests) = scripted(answers);
    let url = |url: &str| url.parse().expect("URL");
    let settings = StoreSettings {
        s3: S3Settings {
            endpoint: Some(endpoint),
            path_style: true,
            allow_http: true,
            encryption,
            credentials: Some(Credentials {
                access_key_id: "the-key".to_owned(),
                secret_access_key: "the-secret".to_owned(),
                session_token: None,
            }),
            ..S3Settings::default()
        },
        ..StoreSettings::at(url("s3://lake/golden"), url("s3://lake/_sluicebox"))
    };
    let store = open(&settings, Arc::new(ManualClock::default()));
    (store.expect("a store"), requests)
}

const NO_SUCH_UPLOAD: &str = "<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>";
const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";

fn staged() -> Staged {
    Staged::Multipart {
        upload: "u".to_owned(),
        parts: vec!["e".to_owned()],
    }
}

/// A create is conditional, encrypted as asked, addressed by path, and signed without its secret.
#[tokio::test]
async fn a_create_asks_for_a_free_path_and_for_encryption() {
    let encryption = Encryption::SseKms("the-kms-key".to_owned());
    let (store, requests) = store(&[(200, "")], encryption);
    store
        .create_control("p/c/1", "x".into())
        .await
        .expect("created");
    let request = requests.lock().concat();
    for part in [
        "put /lake/_sluicebox/p/c/1 http/1.1",
        "if-none-match: *",
        "x-amz-server-side-encryption: aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id: the-kms-key",
        "credential=the-key/",
    ] {
        assert!(request.contains(part), "{part} is not in {request}");
    }
    assert!(!request.contains("the-secret"), "{request}");
}

/// Whoever loses a path is told so, and is not told that the store is broken.
#[tokio::test]
async fn a_taken_path_is_no_fault() {
    for answers in [&[(412, "")], &[(409, "")]] {
        let (store, _) = store(answers, Encryption::BucketDefault);
        let error = store
            .create_control("p/c/1", "x".into())
            .await
            .expect_err("taken");
        assert_eq!(error.class, Class::Retry);
        assert!(error.message.contains("exists already"), "{error}");
    }
}

/// A failed completion is settled by what is there.
#[tokio::test]
async fn a_failed_completion_is_settled_by_what_is_there() {
    const GONE: (u16, &str) = (404, NO_SUCH_UPLOAD);
    for (answers, outcome) in [
        (&[GONE, (200, "rows")] as &[_], Ok(Published::Done)),
        (&[GONE, (404, "")], Ok(Published::StagedDataGone)),
        (&[GONE, (200, "else.")], Err(Class::Fatal)),
        (&[(403, DENIED), (404, "")], Err(Class::Fatal)),
        (
            &[(500, ""), (500, ""), (500, ""), (404, "")],
            Err(Class::Retry),
        ),
        (
            &[(500, ""), (500, ""), (500, ""), (200, "rows")],
            Ok(Published::Done),
        ),
    ] {
        let (store, _) = store(answers, Encryption::BucketDefault);
        let published = store.publish("t/a.parquet", 4, &staged()).await;
        assert_eq!(
            published.map_err(|error| error.class),
            outcome,
            "{answers:?}"
        );
    }
}

/// An upload that failed half-way is nobody's: it is aborted at once.
#[tokio::test]
async fn a_failed_stage_leaves_no_upload() {
    const UPLOAD: &str = "<InitiateMultipartUploadResult><UploadId>u7</UploadId>\
                          </InitiateMultipartUploadResult>";
    let answers = &[(200, UPLOAD), (403, DENIED), (204, "")];
    let (store, requests) = store(answers, Encryption::BucketDefault);
    let error = store
        .stage("p/c/1", "t/a.parquet", "rows".into())
        .await
        .expect_err("denied");
    assert!(
        error
            .message
            .contains("lack permission s3:PutObject on bucket lake"),
        "{error}"
    );
    let requests = requests.lock();
    let last = requests.last().expect("three requests");
    assert!(
        last.starts_with("delete /lake/golden/t/a.parquet?uploadid=u7"),
        "{last}"
    );
}

/// Finding a chain's tail costs one request for as many names as are needed.
#[tokio::test]
async fn a_listing_asks_for_no_more_than_its_limit() {
    const PAGE: &str = "<ListBucketResult><Contents><Key>_sluicebox/p/c/5</Key><Size>1</Size>\
                        <LastModified>2019-09-01T01:00:00.000Z</LastModified></Contents>\
                        <NextContinuationToken>more</NextContinuationToken></ListBucketResult>";
    let (store, requests) = store(&[(200, PAGE)], Encryption::BucketDefault);
    let names = store
        .list_control("p/c/", Some("p/c/4"), 1)
        .await
        .expect("a page");
    assert_eq!(names, ["p/c/5"]);
    let request = requests.lock().concat();
    for part in [
        "max-keys=1&",
        "prefix=_sluicebox%2fp%2fc%2f",
        "start-after=_sluicebox%2fp%2fc%2f4",
    ] {
        assert!(
            format!("{request}&").replace(' ', "&").contains(part),
            "{part}: {request}"
        );
    }
}
