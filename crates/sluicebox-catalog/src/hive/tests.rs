//! The adapter against metastores that are down, silent, broken, or none.

mod server;

use std::time::Duration;

use proptest::prelude::*;

use self::server::{Reaction, Server};
use super::thrift::Struct;
use super::{HiveCatalog, HiveSettings};
use crate::conformance::{column, date, example_table};
use crate::memory::MemoryCatalog;
use crate::{Catalog, CatalogError, CatalogTable, Class};

fn settings(addresses: &[&str]) -> HiveSettings {
    HiveSettings {
        uris: addresses
            .iter()
            .map(|address| format!("thrift://{address}"))
            .collect(),
        ..HiveSettings::default()
    }
}

fn catalog(addresses: &[&str]) -> HiveCatalog {
    HiveCatalog::new(settings(addresses)).expect("addresses")
}

async fn ask(catalog: &HiveCatalog) -> Result<Option<CatalogTable>, CatalogError> {
    catalog.table("air", "flights").await
}

/// The class and words of the error that a server's first reaction leads to.
async fn error_after(reaction: Reaction) -> (Class, String) {
    let server = Server::start(vec![reaction]).await;
    let mut settings = settings(&[&server.address]);
    settings.request_timeout = Duration::from_millis(200);
    let catalog = HiveCatalog::new(settings).expect("an address");
    let error = ask(&catalog).await.expect_err("no answer");
    assert!(!error.message.contains('\n'), "{error}");
    (error.class, error.message)
}

/// A server that gives the table's name.
fn table() -> Reaction {
    let table = Struct::new().with(1, "flights").with(2, "air");
    Reaction::Result(Struct::new().with(0, Struct::new().with(1, table)))
}

/// Nobody listens: it is said which addresses were tried.
#[tokio::test]
async fn a_metastore_that_is_down_is_tried_again() {
    let down = Server::nobody();
    let error = ask(&catalog(&[&down])).await.expect_err("nobody");
    assert_eq!(error.class, Class::Retry);
    assert!(error.message.contains(&down), "{error}");
    assert!(error.message.contains("check that it runs"), "{error}");
}

/// Of several addresses those that are down do no harm.
#[tokio::test]
async fn the_next_address_is_asked() {
    let server = Server::start(vec![table(), table()]).await;
    let catalog = catalog(&[&Server::nobody(), &server.address]);
    for _ in 0..2 {
        let found = ask(&catalog).await.expect("an answer").expect("the table");
        assert_eq!(found.name, "flights");
    }
    assert_eq!(server.connections(), 1, "the connection is kept");
}

/// One that takes a call and never answers is left at the time limit, for the next address.
#[tokio::test]
async fn a_silent_metastore_is_left() {
    let (class, message) = error_after(Reaction::Silence).await;
    assert_eq!(class, Class::Retry);
    assert!(
        message.contains("did not answer get_table_req within 0.2 s"),
        "{message}"
    );

    let silent = Server::start(vec![Reaction::Silence]).await;
    let server = Server::start(vec![table()]).await;
    let mut settings = settings(&[&silent.address, &server.address]);
    settings.request_timeout = Duration::from_millis(200);
    let catalog = HiveCatalog::new(settings).expect("addresses");
    ask(&catalog).await.expect_err("silence");
    ask(&catalog).await.expect("the other one answers");
}

/// A connection that was closed while it lay idle is made anew within the call.
#[tokio::test]
async fn a_closed_connection_is_made_anew() {
    let server = Server::start(vec![table(), Reaction::Bytes(Vec::new()), table()]).await;
    let catalog = catalog(&[&server.address]);
    for _ in 0..2 {
        ask(&catalog).await.expect("an answer");
    }
    assert_eq!(server.connections(), 2);
}

/// One that dies in the middle of an answer is tried again.
#[tokio::test]
async fn a_broken_answer_is_tried_again() {
    let whole = table().bytes("get_table_req", 1);
    for length in [0, 1, 4, 20, whole.len() - 1] {
        let half = whole[..length].to_vec();
        let (class, message) = error_after(Reaction::Bytes(half)).await;
        assert_eq!(class, Class::Retry, "{length}: {message}");
    }
    let (class, message) = error_after(Reaction::Bytes(table().bytes("get_table_req", 77))).await;
    assert_eq!(class, Class::Retry);
    assert!(message.contains("another call"), "{message}");
}

/// What stands behind the port is named, and how to reach it.
#[tokio::test]
async fn other_servers_are_named() {
    for (bytes, words) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "HTTP"),
        (vec![0x15, 3, 3, 0, 2, 2, 40], "TLS"),
        (
            b"\x04\x00\x00\x00\x13Invalid status -128".to_vec(),
            "Kerberos",
        ),
        (
            [vec![0, 0, 0, 9], table().bytes("get_table_req", 1)].concat(),
            "framed",
        ),
    ] {
        let (class, message) = error_after(Reaction::Bytes(bytes)).await;
        assert_eq!(class, Class::Fatal, "{message}");
        assert!(message.contains(words), "{message}");
    }
}

/// A metastore that is too old or too new says so.
#[tokio::test]
async fn an_unknown_function_is_named() {
    let exception = Struct::new()
        .with(1, "Invalid method name: 'get_table_req'")
        .with(2, 1);
    let (class, message) = error_after(Reaction::Exception(exception)).await;
    assert_eq!(class, Class::Fatal);
    assert!(message.contains("no function get_table_req"), "{message}");
}

/// What it throws is shortened to a line, however long it is.
#[tokio::test]
async fn long_exceptions_are_shortened() {
    let text =
        "javax.jdo.JDODataStoreException: no connection\n\tat org.datanucleus.api\n".repeat(9_999);
    let thrown = Struct::new().with(1, Struct::new().with(1, text.as_str()));
    let (class, message) = error_after(Reaction::Result(thrown)).await;
    assert_eq!(class, Class::Retry);
    assert!(message.len() < 500, "{} bytes", message.len());
    assert!(message.contains("no connection"), "{message}");
}

/// Servers with framed transport are spoken to in frames.
#[tokio::test]
async fn frames_are_spoken() {
    let server = Server::start_framed(vec![table()]).await;
    let mut settings = settings(&[&server.address]);
    settings.framed = true;
    let catalog = HiveCatalog::new(settings).expect("an address");
    let found = ask(&catalog).await.expect("an answer").expect("the table");
    assert_eq!(found.name, "flights");
}

/// What a newer metastore keeps with a table is sent back with it, although nobody here knows it.
#[tokio::test]
async fn an_alteration_keeps_what_it_does_not_know() {
    let found = Struct::new()
        .with(1, "flights")
        .with(2, "air")
        .with(7, Struct::new().with(99, "of the storage"))
        .with(99, Struct::new().with(1, vec!["of the table".to_owned()]));
    let found = Reaction::Result(Struct::new().with(0, Struct::new().with(1, found)));
    let done = Reaction::Result(Struct::new());
    let server = Server::start(vec![found.clone(), found, done]).await;
    let catalog = catalog(&[&server.address]);
    let mut table = ask(&catalog).await.expect("an answer").expect("the table");
    table.columns.push(column("delay", "double"));
    catalog.alter_table(&table, true).await.expect("alter");

    let calls = server.calls();
    let call = calls.last().expect("a call");
    assert_eq!(call.function, "alter_table_with_environment_context");
    let sent = call.body.structure(3).expect("the table");
    let storage = sent.structure(7).expect("its storage");
    assert_eq!(storage.text(99), Some("of the storage"));
    assert_eq!(storage.list(1).len(), 1, "the column");
    let unknown = sent.structure(99).expect("what is unknown");
    assert_eq!(unknown.list(1)[0].text(), Some("of the table"));
    let environment = call.body.structure(4).expect("the environment").text_map(1);
    assert_eq!(environment.get("CASCADE").map(String::as_str), Some("true"));
}

/// Partitions that others made by values that are no dates are not ours to look at.
#[tokio::test]
async fn values_that_are_no_dates_are_left_out() {
    let names = [
        "dt=2019-09-01/hour=01",
        "dt=__HIVE_DEFAULT_PARTITION__/hour=00",
        "dt=2019-09-31/hour=00",
        "country=DE/hour=00",
        "dt=2019-09-01/hour=00",
    ];
    let names = names.map(str::to_owned).to_vec();
    let server = Server::start(vec![Reaction::Result(Struct::new().with(0, names))]).await;
    let table = example_table(&MemoryCatalog::default());
    let dates = catalog(&[&server.address]).partition_dates(&table).await;
    assert_eq!(dates.expect("dates"), [date(0), date(1)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever answers, there is an error or a table, and no panic.
    #[test]
    fn garbage_is_an_error(bytes: Vec<u8>, answers_call: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let bytes = if answers_call { [table().bytes("get_table_req", 1), bytes].concat() } else { bytes };
            let server = Server::start(vec![Reaction::Bytes(bytes)]).await;
            let answer = ask(&catalog(&[&server.address])).await;
            assert_eq!(answer.is_ok(), answers_call, "{answer:?}");
        });
    }
}
