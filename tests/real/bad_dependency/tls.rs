//! TLS with everything that is not a broker: a certificate that cannot be trusted is named, and
//! nothing leaves the machine but TLS. The broker's TLS listeners are the servers: nobody gets
//! further with them than their certificates.

use std::path::Path;

use sluicebox_tests::harness::{Listener, Sluicebox, Wiretap, eventually, kafka};

use super::{Pipeline, assert_says, produce, waits_and_says};

/// A certificate that cannot be trusted: where it is shown, whether its authority is trusted, and
/// what has to be said of it.
const CERTIFICATES: [(Listener, bool, &str); 3] = [
    (Listener::Tls, false, "UnknownIssuer"),
    (Listener::ExpiredTls, true, "expired"),
    (Listener::OtherHostTls, true, "elsewhere.example"),
];

/// A store behind a bad certificate is waited for; neither data nor credentials are sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_told_nothing() {
    let topic = kafka().create_topic("store-tls", 1).await;
    produce(&topic);
    for (listener, is_trusted, word) in CERTIFICATES {
        let wire = Wiretap::to(&kafka().brokers_at(listener)).await;
        let mut pipeline = Pipeline::new(&topic, Path::new("/"));
        pipeline.lake = "s3://lake".to_owned();
        pipeline.s3 = format!(
            "endpoint: \"https://{}\", access_key_id: writer, secret_access_key: writer-secret",
            wire.address
        );
        if is_trusted {
            let authority = kafka().certificates.authority().display().to_string();
            pipeline.environment = vec![("AWS_CA_BUNDLE".to_owned(), authority)];
        }
        let words = ["S3 cannot be reached", "certificate", word];
        let (code, said) = pipeline.validate().await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(&said, &words);
        waits_and_says(&pipeline.run(), &words).await;
        assert_only_tls(word, &wire);
    }
}

/// A webhook behind a bad certificate is tried again; neither events nor tokens are sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_told_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let topic = kafka().create_topic("webhook-tls", 1).await;
    produce(&topic);
    let (mut targets, mut wires) = (String::new(), Vec::new());
    for (listener, is_trusted, word) in CERTIFICATES {
        let wire = Wiretap::to(&kafka().brokers_at(listener)).await;
        let authority = match is_trusted {
            true => format!(", ca: {}", kafka().certificates.authority().display()),
            false => String::new(),
        };
        targets += &format!(
            "  - {{ name: {}, webhook: {{ url: \"https://{}/\", bearer_token: b, \
             hmac_secret: h{authority} }} }}\n",
            word.to_lowercase(),
            wire.address
        );
        wires.push((word, wire));
    }
    let mut pipeline = Pipeline::new(&topic, folder.path());
    pipeline.more = format!("notify:\n{targets}");
    let run = pipeline.run();
    for (word, wire) in wires {
        eventually("the certificate is named", async || {
            tells(&run, "trying again", &["certificate", word]).then_some(())
        })
        .await;
        assert_only_tls(word, &wire);
    }
    pipeline.catches_up(&run).await;
}

/// So is a token endpoint: the client's secret stays here, and so does the login.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_is_told_nothing() {
    let topic = kafka().create_topic("token-tls", 1).await;
    let wire = Wiretap::to(&kafka().brokers_at(Listener::Tls)).await;
    let mut pipeline = Pipeline::new(&topic, Path::new("/"));
    let folder = tempfile::tempdir().expect("a folder");
    pipeline.lake = format!("file://{}", folder.path().display());
    pipeline.kafka = format!(
        "brokers: \"{}\", tls: {{ ca: {} }}, sasl: {{ mechanism: OAUTHBEARER, client_id: etl, \
         client_secret: c, token_endpoint_url: \"https://{}/token\" }}",
        kafka().brokers_at(Listener::SaslTls),
        kafka().certificates.authority().display(),
        wire.address
    );
    let words = ["token endpoint", "certificate", "kafka.sasl"];
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &words);
    waits_and_says(&pipeline.run(), &words).await;
    assert_only_tls("token endpoint", &wire);
}

/// So is a catalog, which is Glue: a Hive metastore speaks no TLS here.
#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_is_told_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let topic = kafka().create_topic("glue-tls", 1).await;
    produce(&topic);
    let wire = Wiretap::to(&kafka().brokers_at(Listener::Tls)).await;
    let mut pipeline = Pipeline::new(&topic, folder.path());
    let (code, said) = pipeline.run_until_end().await;
    assert_eq!(code, 0, "{said}");
    pipeline.more = format!(
        "catalog: {{ glue: {{ region: eu-central-1, endpoint: \"https://{}\", access_key_id: a, \
         secret_access_key: s }} }}",
        wire.address
    );
    let (code, said) = pipeline
        .answer(&["crawler", "plan", "-c", "{config}"])
        .await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["Glue", "certificate", "UnknownIssuer"]);
    assert_only_tls("Glue", &wire);
}

/// Whether there is a line in the log with all of these.
fn tells(run: &Sluicebox, what: &str, words: &[&str]) -> bool {
    let says = |line: &str, word: &str| line.to_lowercase().contains(&word.to_lowercase());
    let log = run.log();
    log.lines()
        .any(|line| says(line, what) && words.iter().all(|word| says(line, word)))
}

/// All that was sent are records of TLS (RFC 8446, 5.1).
pub(super) fn assert_only_tls(name: &str, wire: &Wiretap) {
    for bytes in wire.sent() {
        let mut rest = bytes.as_slice();
        while let [kind, major, _, high, low, more @ ..] = rest {
            let is_tls = (20..=23).contains(kind) && *major == 3;
            assert!(is_tls, "{name}: {:?}", String::from_utf8_lossy(&bytes));
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            rest = more.get(length..).unwrap_or_default();
        }
    }
}
