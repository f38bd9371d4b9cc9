//! Stores that are away, closed, or not to be trusted.

use sluicebox_tests::harness::{Proxy, S3Identity, kafka, s3};

use super::{Pipeline, assert_says, produce, waits_and_says};

/// A bucket that is missing is waited for, and written to once it is made.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_made_is_written_to() {
    let bucket = s3().free_bucket_name();
    let pipeline = pipeline("no-bucket", &bucket, S3Identity::Writer).await;
    let words = [
        &format!("bucket {bucket} does not exist"),
        "create it",
        "lake.url",
    ];
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &words);
    let run = pipeline.run();
    waits_and_says(&run, &words).await;
    s3().create_bucket_named(&bucket);
    pipeline.catches_up(&run).await;
}

/// A server that is away is waited for, and written to once it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_up_is_written_to() {
    let bucket = s3().create_bucket();
    let mut pipeline = pipeline("no-server", &bucket, S3Identity::Writer).await;
    let server = Proxy::down();
    pipeline.s3 = format!("endpoint: \"http://{}\"", server.address());
    let run = pipeline.run();
    waits_and_says(&run, &["S3 cannot be reached", "check the endpoint"]).await;
    server.forward(&s3().endpoint.replace("http://", ""), |_| {});
    pipeline.catches_up(&run).await;
}

/// Credentials that are wrong, or that may only read, are waited on: what is missing is named, and
/// nothing is read from Kafka meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_may_not_write_are_explained() {
    let bucket = s3().create_bucket();
    let reader = pipeline("may-not-write", &bucket, S3Identity::Reader).await;
    let mut wrong = reader.clone();
    for (name, value) in &mut wrong.environment {
        if name == "AWS_SECRET_ACCESS_KEY" {
            "writer-secret".clone_into(value);
        }
    }
    let permission = format!("lack permission s3:PutObject on bucket {bucket}");
    for (pipeline, words) in [
        (reader, [permission.as_str(), "store"]),
        (wrong, ["S3 refuses the credentials", "renew or fix them"]),
    ] {
        let (code, said) = pipeline.validate().await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(&said, &words);
        let run = pipeline.run();
        waits_and_says(&run, &words).await;
        let (_, status) = run.console("/api/v1/status").unwrap_or_default();
        assert!(status.contains("\"partitions\":[]"), "{status}");
    }
}

/// A store that says yes to every conditional create cannot hold a lake: both commands refuse it at
/// once, and say what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_lies_is_refused() {
    let bucket = s3().create_bucket();
    let mut pipeline = pipeline("liar", &bucket, S3Identity::Writer).await;
    let liar = Proxy::down();
    pipeline.s3 = format!("endpoint: \"http://{}\"", liar.address());
    liar.forward(&s3().endpoint.replace("http://", ""), |answer| {
        let refused = b"HTTP/1.1 412 Precondition Failed\r\n";
        if answer.starts_with(refused) {
            let lie = *b"HTTP/1.1 200 OK\r\nETag: \"lie\"\r\n";
            answer.splice(..refused.len(), lie);
        }
    });
    let (code, said) = pipeline.run_until_end().await;
    let (validated, told) = pipeline.validate().await;
    assert_eq!((code, validated), (1, Some(1)), "{said}\n{told}");
    for said in [said, told] {
        assert_says(&said, &[&bucket, "conditional create", "If-None-Match"]);
    }
}

async fn pipeline(name: &str, bucket: &str, identity: S3Identity) -> Pipeline {
    let topic = kafka().create_topic(name, 1).await;
    produce(&topic);
    let nowhere = std::path::Path::new("/");
    Pipeline::new(&topic, nowhere).in_bucket(bucket, s3().environment(identity))
}
