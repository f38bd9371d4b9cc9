//! TLS and logins: the good ones read, the bad ones say what is wrong and never fall back to less.

use std::path::Path;

use futures::stream::{self, StreamExt};
use sluicebox_tests::harness::{Listener, Proxy, TokenEndpoint, Wiretap, kafka};

use super::tls::assert_only_tls;
use super::{CONCURRENCY, Pipeline, assert_says, produce, rows_of_tables, waits_and_says};
use crate::secrets::{CLIENT_SECRET, PASSWORD, WRONG_PASSWORD, WRONG_TOKEN};

const NO_HOST: &str = "no-such-host.invalid";

/// Every way of authentication that the config offers reads records from a real broker.
#[tokio::test(flavor = "multi_thread")]
async fn good_certificates_and_logins_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let tokens = TokenEndpoint::start("200 OK", TokenEndpoint::TOKEN_OF_ALICE).await;
    let ways = [
        ("tls", Listener::Tls, tls()),
        ("mutual-tls", Listener::MutualTls, mutual_tls()),
        ("other-host", Listener::OtherHostTls, unverified_host()),
        ("plain", Listener::SaslTls, login("PLAIN", PASSWORD)),
        ("scram", Listener::SaslTls, login("SCRAM-SHA-512", PASSWORD)),
        ("oauth", Listener::SaslTls, token_login(&tokens.url)),
        ("in-the-clear", Listener::SaslPlaintext, plaintext_login()),
    ];
    let each = ways.map(|(name, listener, keys)| read(name, listener, keys, folder.path()));
    let topics: Vec<String> = stream::iter(each).buffered(CONCURRENCY).collect().await;
    let rows = rows_of_tables(folder.path());
    assert_eq!(rows.len(), 2 * topics.len(), "{rows:?}");
    for topic in topics {
        let table = format!("db/{}", topic.replace('-', "_"));
        for (table, expected) in [(format!("_quarantine/{table}"), 1), (table, 2)] {
            let row = rows.iter().find(|row| row["table"] == table);
            let row = row.unwrap_or_else(|| panic!("{table} is not in {rows:?}"));
            assert_eq!(row["rows"], expected, "{table}");
        }
    }
}

async fn read(name: &str, listener: Listener, keys: String, folder: &Path) -> String {
    let topic = kafka().create_topic(name, 1).await;
    produce(&topic);
    let mut pipeline = Pipeline::new(&topic, folder);
    pipeline.kafka = at(&kafka().brokers_at(listener), &keys);
    let (code, said) = pipeline.run_until_end().await;
    assert_eq!(code, 0, "{name}: {said}");
    topic
}

/// What is wrong, where, with which keys of `kafka`, and what has to be said of it.
type Case = (&'static str, String, String, &'static [&'static str]);

/// A bad certificate, a bad login, and a way that the broker does not offer: the process waits and
/// says why, `validate --connect` says the same, and nothing is read by a lesser way: where TLS is
/// configured, nothing else leaves the machine. Each text names the setting that cures it.
#[tokio::test(flavor = "multi_thread")]
async fn bad_certificates_and_logins_are_explained() {
    let refusing = TokenEndpoint::start("401 Unauthorized", "").await;
    let garbage = TokenEndpoint::start("200 OK", WRONG_TOKEN).await;
    let away = Proxy::down();
    let no_endpoint = format!("http://{}/token", away.address());
    let cases = [
        certificate_cases(),
        login_cases(),
        token_cases([&refusing.url, &no_endpoint, &garbage.url]),
    ]
    .concat();
    let topic = kafka().create_topic("unreachable", 1).await;
    produce(&topic);
    let each = cases
        .into_iter()
        .map(|(name, brokers, keys, words)| refused(&topic, name, brokers, keys, words));
    stream::iter(each)
        .buffer_unordered(CONCURRENCY)
        .collect::<()>()
        .await;
}

fn certificate_cases() -> Vec<Case> {
    let trust = &["certificate must be signed by", "kafka.tls.ca"];
    let date = &["must not have expired"];
    let host = &["must name the host in kafka.brokers"];
    let no_tls = &["TLS with the brokers fails", "one without TLS; kafka.tls"];
    let tls_wanted = &["no broker", "expects TLS (kafka.tls)"];
    vec![
        case("wrong authority", Listener::Tls, other_authority(), trust),
        case("expired", Listener::ExpiredTls, tls(), date),
        case("other host", Listener::OtherHostTls, tls(), host),
        case(
            "no certificate",
            Listener::MutualTls,
            tls(),
            &["kafka.tls.cert"],
        ),
        case("no TLS there", Listener::Plaintext, tls(), no_tls),
        case("no TLS here", Listener::Tls, String::new(), tls_wanted),
        (
            "no host",
            format!("{NO_HOST}:9092"),
            tls(),
            &["host name is unknown"],
        ),
    ]
}

fn login_cases() -> Vec<Case> {
    let no_tls = &["TLS with the brokers fails", "one without TLS; kafka.tls"];
    let login_wanted = &["no broker", "a login (kafka.sasl)"];
    let refused = &["refuse the login", "check kafka.sasl"];
    let [scram, plain] =
        ["SCRAM-SHA-512", "PLAIN"].map(|mechanism| login(mechanism, WRONG_PASSWORD));
    let other = login("SCRAM-SHA-256", PASSWORD);
    let good = login("SCRAM-SHA-512", PASSWORD);
    vec![
        case("no TLS", Listener::SaslPlaintext, good, no_tls),
        case("no login", Listener::SaslTls, tls(), login_wanted),
        case("wrong password", Listener::SaslTls, scram, refused),
        case("wrong PLAIN password", Listener::SaslTls, plain, refused),
        case(
            "mechanism",
            Listener::SaslTls,
            other,
            &["SCRAM-SHA-256", "kafka.sasl"],
        ),
    ]
}

fn token_cases([refusing, no_endpoint, garbage]: [&str; 3]) -> Vec<Case> {
    let case = |name, url: &str, words| case(name, Listener::SaslTls, token_login(url), words);
    vec![
        case(
            "no token",
            refusing,
            &["token endpoint", "401", "kafka.sasl"],
        ),
        case(
            "no endpoint",
            no_endpoint,
            &["token endpoint", "refused", "kafka.sasl"],
        ),
        case("wrong token", garbage, &["refuse the login", "kafka.sasl"]),
    ]
}

fn case(
    name: &'static str,
    listener: Listener,
    keys: String,
    words: &'static [&'static str],
) -> Case {
    (name, kafka().brokers_at(listener), keys, words)
}

async fn refused(topic: &str, name: &str, brokers: String, keys: String, words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let wire = Wiretap::to(&brokers).await;
    let is_host_known = !brokers.contains(NO_HOST);
    let brokers = if is_host_known {
        &wire.address
    } else {
        &brokers
    };
    let mut pipeline = Pipeline::new(topic, folder.path());
    pipeline.kafka = at(brokers, &keys);
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{name}: {said}");
    assert_says(&said, words);
    let run = pipeline.run();
    waits_and_says(&run, words).await;
    let (status, said) = run.console("/api/v1/status").unwrap_or_default();
    assert_eq!(status, 200, "{name}");
    assert!(said.contains("\"partitions\":[]"), "{name} reads: {said}");
    if keys.contains("tls:") && is_host_known {
        assert_only_tls(name, &wire);
    }
}

/// A login in the clear is refused before anything is dialled, unless it is asked for by name.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_tls_is_a_wrong_configuration() {
    let mut pipeline = Pipeline::new("never-read", Path::new("/"));
    let wire = Wiretap::to(&kafka().brokers_at(Listener::SaslPlaintext)).await;
    pipeline.kafka = at(&wire.address, &bare_login());
    let (code, said) = pipeline.run_until_end().await;
    let (validated, told) = pipeline.validate().await;
    assert_eq!((code, validated), (78, Some(78)), "{said}\n{told}");
    for said in [said, told] {
        assert_says(
            &said,
            &["kafka.sasl", "without TLS", "allow_plaintext_sasl"],
        );
    }
    assert_eq!(wire.sent(), Vec::<Vec<u8>>::new());
}

/// Files that cannot be loaded heal by nobody's waiting: both commands end with the code for a
/// wrong configuration, and name the file.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_load_are_a_wrong_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let not_pem = folder.path().join("not.pem");
    std::fs::write(&not_pem, "no certificate").expect("a file");
    let client = kafka().certificates.client();
    let authority = kafka().certificates.authority();
    let (authority, certificate) = (authority.display(), client.certificate.display());
    let not_pem = not_pem.display();
    let no_key = format!("tls: {{ ca: {authority}, cert: {certificate}, key: {not_pem} }}");
    let no_authority = format!("tls: {{ ca: {not_pem} }}");
    let missing = "tls: { ca: /no/such/ca.pem }";
    for (keys, words) in [
        (missing, ["kafka.tls.ca", "/no/such/ca.pem", "No such file"]),
        (&no_authority, ["kafka.tls.ca", "not.pem", "no PEM file"]),
        (&no_key, ["kafka.tls.key", "not.pem", "no PEM file"]),
    ] {
        let mut pipeline = Pipeline::new("never-read", folder.path());
        pipeline.kafka = at(&kafka().brokers_at(Listener::Tls), keys);
        let (code, said) = pipeline.run_until_end().await;
        let (validated, told) = pipeline.validate().await;
        assert_eq!((code, validated), (78, Some(78)), "{said}\n{told}");
        for said in [said, told] {
            assert_says(&said, &words);
        }
    }
}

fn at(brokers: &str, keys: &str) -> String {
    match keys {
        "" => format!("brokers: \"{brokers}\""),
        keys => format!("brokers: \"{brokers}\", {keys}"),
    }
}

fn tls() -> String {
    let authority = kafka().certificates.authority();
    format!("tls: {{ ca: {} }}", authority.display())
}

fn other_authority() -> String {
    let authority = kafka().certificates.other_authority();
    format!("tls: {{ ca: {} }}", authority.display())
}

fn unverified_host() -> String {
    let authority = kafka().certificates.authority();
    format!(
        "tls: {{ ca: {}, verify_hostname: false }}",
        authority.display()
    )
}

fn mutual_tls() -> String {
    let authority = kafka().certificates.authority();
    let client = kafka().certificates.client();
    format!(
        "tls: {{ ca: {}, cert: {}, key: {} }}",
        authority.display(),
        client.certificate.display(),
        client.key.display()
    )
}

fn login(mechanism: &str, password: &str) -> String {
    let tls = tls();
    format!("{tls}, sasl: {{ mechanism: {mechanism}, username: alice, password: {password} }}")
}

fn bare_login() -> String {
    format!("sasl: {{ mechanism: SCRAM-SHA-512, username: alice, password: {PASSWORD} }}")
}

fn plaintext_login() -> String {
    format!("{}, allow_plaintext_sasl: true", bare_login())
}

fn token_login(url: &str) -> String {
    let tls = tls();
    format!(
        "{tls}, sasl: {{ mechanism: OAUTHBEARER, token_endpoint_url: \"{url}\", client_id: etl, \
         client_secret: {CLIENT_SECRET} }}"
    )
}
