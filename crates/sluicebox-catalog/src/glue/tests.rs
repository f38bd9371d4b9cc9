//! The adapter against a server that is as strict as Glue and fails on demand.

mod server;

use std::sync::Arc;

use serde_json::json;
use sluicebox_types::PartitionDate;

use self::server::{Answer, Server};
use super::{GlueCatalog, GlueCredentials, GlueSettings, GlueSettingsError};
use crate::conformance::{Subject, column, date, example_table, partition};
use crate::{Catalog, CatalogPartition, CatalogTable, Class, TableKind};

struct GlueSubject {
    server: Server,
    catalog: GlueCatalog,
}

impl GlueSubject {
    async fn new() -> Self {
        let server = Server::start().await;
        let catalog = open(&server.endpoint).await;
        Self { server, catalog }
    }

    /// With the example table in it.
    async fn with_table() -> (Self, CatalogTable) {
        let subject = Self::new().await;
        let table = example_table(&subject);
        subject.catalog.create_table(&table).await.expect("create");
        (subject, table)
    }
}

impl Subject for GlueSubject {
    fn open(&self) -> Arc<dyn Catalog> {
        Arc::new(self.catalog.clone())
    }

    fn database(&self) -> &str {
        "air"
    }

    fn location(&self) -> &str {
        "s3://lake/air"
    }
}

fn settings(endpoint: &str) -> GlueSettings {
    GlueSettings {
        region: Some("eu-central-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        allow_http: true,
        credentials: Some(GlueCredentials {
            access_key_id: "id".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        }),
        ..GlueSettings::default()
    }
}

async fn open(endpoint: &str) -> GlueCatalog {
    GlueCatalog::open(&settings(endpoint))
        .await
        .expect("settings")
}

mod conformance {
    crate::conformance_tests!(super::GlueSubject::new());
}

/// Status, code and message of an error; its class, and words for people.
const ERRORS: [(u16, &str, &str, Class, &str); 10] = [
    (
        400,
        "ThrottlingException",
        "Rate exceeded",
        Class::Retry,
        "Rate exceeded",
    ),
    (429, "Other", "slow down", Class::Retry, "slow down"),
    (
        500,
        "InternalServiceException",
        "oops",
        Class::Retry,
        "oops",
    ),
    (503, "", "", Class::Retry, "status 503"),
    (
        400,
        "ConcurrentModificationException",
        "meanwhile",
        Class::Conflict,
        "meanwhile",
    ),
    (
        400,
        "AccessDeniedException",
        "User x is not authorized",
        Class::Fatal,
        "grant glue:GetTable",
    ),
    (
        400,
        "AccessDeniedException",
        "Insufficient Lake Formation permission(s)",
        Class::Fatal,
        "grant it in Lake Formation",
    ),
    (
        400,
        "ExpiredTokenException",
        "expired",
        Class::Fatal,
        "renew",
    ),
    (
        400,
        "ResourceNumberLimitExceededException",
        "too many",
        Class::Fatal,
        "quota",
    ),
    (400, "InvalidInputException", "a\nb", Class::Fatal, "a b"),
];

/// Every error of Glue has its class, and says what to do where a person must.
#[tokio::test]
async fn errors_are_told_apart() {
    let (subject, table) = GlueSubject::with_table().await;
    for (status, code, message, class, words) in ERRORS {
        subject
            .server
            .answer_once("GetTable", Answer::Error(status, code, message));
        let error = subject
            .catalog
            .table("air", "flights")
            .await
            .expect_err(code);
        assert_eq!(error.class, class, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert_eq!((error.catalog, error.operation), ("glue", "table"));
    }
    let found = subject.catalog.table("air", "flights").await;
    assert_eq!(
        found.expect("it heals").expect("the table").columns,
        table.columns
    );
}

/// A request is made once: whoever calls decides about the next.
#[tokio::test]
async fn the_client_does_not_try_again() {
    let subject = GlueSubject::new().await;
    let throttled = Answer::Error(400, "ThrottlingException", "Rate exceeded");
    subject.server.answer_once("GetTable", throttled);
    let asked = subject.catalog.table("air", "flights").await;
    asked.expect_err("throttled");
    assert_eq!(subject.server.requests("GetTable").len(), 1);
}

/// An answer that is none passes.
#[tokio::test]
async fn garbage_is_tried_again() {
    let subject = GlueSubject::new().await;
    for garbage in ["", "{", "[]", "<html>busy</html>", "\u{0}\u{1}"] {
        subject
            .server
            .answer_once("GetPartitions", Answer::Body(garbage.to_owned()));
        let listed = subject
            .catalog
            .partition_dates(&example_table(&subject))
            .await;
        if let Err(error) = listed {
            assert_eq!(error.class, Class::Retry, "{garbage}: {error}");
        }
    }
}

/// Nobody at the address, or a server that takes no more than the connection.
#[tokio::test]
async fn an_unreachable_server_is_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let mut settings = settings(&format!("http://{address}"));
    settings.request_timeout = std::time::Duration::from_millis(200);
    let catalog = GlueCatalog::open(&settings).await.expect("settings");
    let silent = catalog.table("air", "flights").await.expect_err("silent");
    assert_eq!(silent.class, Class::Retry, "{silent}");
    assert!(silent.message.contains("in time"), "{silent}");

    drop(listener);
    let catalog = open(&format!("http://{address}")).await;
    let gone = catalog.table("air", "flights").await.expect_err("gone");
    assert_eq!(gone.class, Class::Retry, "{gone}");
    assert!(gone.message.contains("cannot be reached"), "{gone}");
}

/// Of a batch, parts may fail: those that exist are as they should be, the others are named.
#[tokio::test]
async fn parts_of_a_batch_may_fail() {
    let (subject, table) = GlueSubject::with_table().await;
    let wanted = [0, 1].map(|hours| partition(&table, date(hours)));
    let failed = |code: &str| {
        json!({"Errors": [
            {"PartitionValues": ["2019-09-01", "00"],
             "ErrorDetail": {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "exists"}},
            {"PartitionValues": ["2019-09-01", "01"],
             "ErrorDetail": {"ErrorCode": code, "ErrorMessage": "because"}},
        ]})
    };
    for (code, class) in [
        ("InternalServiceException", Class::Retry),
        ("InvalidInputException", Class::Fatal),
        ("EntityNotFoundException", Class::Conflict),
    ] {
        let answer = Answer::Body(failed(code).to_string());
        subject.server.answer_once("BatchCreatePartition", answer);
        let error = subject.catalog.add_partitions(&table, &wanted).await;
        let error = error.expect_err(code);
        assert_eq!(error.class, class, "{error}");
        assert!(
            error
                .message
                .contains("1 of a batch failed, as 2019-09-01/01"),
            "{error}"
        );
        assert!(error.message.contains("because"), "{error}");
    }
    let answer = Answer::Body(failed("AlreadyExistsException").to_string());
    subject.server.answer_once("BatchCreatePartition", answer);
    let added = subject.catalog.add_partitions(&table, &wanted).await;
    added.expect("all of them exist");
}

/// What is left unprocessed is asked for again, as long as there is progress.
#[tokio::test]
async fn unprocessed_keys_are_asked_for_again() {
    let (subject, table) = GlueSubject::with_table().await;
    let added = [0, 1].map(|hours| partition(&table, date(hours)));
    subject
        .catalog
        .add_partitions(&table, &added)
        .await
        .expect("add");
    let dates = [date(0), date(1)];
    let left = |hours: &[&str]| {
        let keys: Vec<_> = hours
            .iter()
            .map(|hour| json!({"Values": ["2019-09-01", hour]}))
            .collect();
        Answer::Body(json!({"Partitions": [], "UnprocessedKeys": keys}).to_string())
    };
    subject
        .server
        .answer_once("BatchGetPartition", left(&["01"]));
    let found = subject
        .catalog
        .partitions(&table, &dates)
        .await
        .expect("get");
    assert_eq!(found, added[1..], "the first was answered: it is not there");

    subject
        .server
        .answer_once("BatchGetPartition", left(&["00", "01"]));
    let stuck = subject.catalog.partitions(&table, &dates).await;
    assert_eq!(stuck.expect_err("no progress").class, Class::Retry);
}

/// A server that gives one page for ever is not listened to for ever.
#[tokio::test]
async fn a_page_that_repeats_is_an_error() {
    let (subject, table) = GlueSubject::with_table().await;
    let page = json!({"Partitions": [], "NextToken": "again"}).to_string();
    for _ in 0..2 {
        subject
            .server
            .answer_once("GetPartitions", Answer::Body(page.clone()));
    }
    let listed = subject.catalog.partition_dates(&table).await;
    assert_eq!(listed.expect_err("endless").class, Class::Retry);
}

/// Somebody who was quicker between our look and our change is told by Glue's own version check.
#[tokio::test]
async fn a_change_in_between_conflicts() {
    let (subject, table) = GlueSubject::with_table().await;
    let mut found = subject
        .catalog
        .table("air", "flights")
        .await
        .expect("an answer")
        .expect("it");
    let version = found.version.take();
    found.columns.push(column("delay", "double"));
    let modified = Answer::Error(
        400,
        "ConcurrentModificationException",
        "Update table failed",
    );
    subject.server.answer_once("UpdateTable", modified);
    let error = subject.catalog.alter_table(&found, false).await;
    assert_eq!(error.expect_err("too late").class, Class::Conflict);
    let request = &subject.server.requests("UpdateTable")[0];
    assert_eq!(request["VersionId"].as_str(), version.as_deref());
    assert_eq!(request["SkipArchive"], true);
    let unchanged = subject
        .catalog
        .table("air", "flights")
        .await
        .expect("an answer");
    assert_eq!(unchanged.expect("it").columns, table.columns);
}

/// What others keep in Glue is told from what is ours, and so is a table of which Glue says nothing.
#[tokio::test]
async fn tables_of_others_are_told_apart() {
    let (subject, _) = GlueSubject::with_table().await;
    for (table_type, kind) in [
        (json!("EXTERNAL_TABLE"), TableKind::External),
        (json!("MANAGED_TABLE"), TableKind::Managed),
        (json!("VIRTUAL_VIEW"), TableKind::View),
        (json!(null), TableKind::Managed),
    ] {
        let change = |input: &mut serde_json::Value| input["TableType"] = table_type.clone();
        subject.server.change_table("flights", change);
        let found = subject.catalog.table("air", "flights").await;
        let found = found.expect("an answer").expect("it");
        assert_eq!(found.kind, kind, "{table_type}");
    }
}

/// What a table has beside columns and parameters is sent back with it: an update in Glue replaces
/// all.
#[tokio::test]
async fn an_update_keeps_what_it_does_not_change() {
    let (subject, table) = GlueSubject::with_table().await;
    subject.server.change_table("flights", |input| {
        input["Description"] = json!("all flights");
        input["Retention"] = json!(7);
        input["StorageDescriptor"]["SortColumns"] = json!([{"Column": "carrier", "SortOrder": 1}]);
        input["StorageDescriptor"]["Columns"][0]["Parameters"] = json!({"tag": "open"});
    });
    let mut wanted = table;
    wanted.columns.push(column("delay", "double"));
    subject
        .catalog
        .alter_table(&wanted, false)
        .await
        .expect("alter");
    let input = &subject.server.requests("UpdateTable")[0]["TableInput"];
    assert_eq!(input["Description"], "all flights");
    assert_eq!(input["Retention"], 7);
    assert_eq!(
        input["StorageDescriptor"]["SortColumns"][0]["Column"],
        "carrier"
    );
    assert_eq!(
        input["StorageDescriptor"]["Columns"][0]["Parameters"]["tag"],
        "open"
    );
    let written = input["StorageDescriptor"]["Columns"]
        .as_array()
        .expect("columns");
    assert_eq!(written.len(), wanted.columns.len());
}

/// Names go in lower case, as Glue stores and finds them.
#[tokio::test]
async fn names_are_sent_in_lower_case() {
    let subject = GlueSubject::new().await;
    let mut table = example_table(&subject);
    table.database = "Air".to_owned();
    table.name = "Flights".to_owned();
    subject.catalog.create_table(&table).await.expect("create");
    let added: Vec<CatalogPartition> = vec![partition(&table, date(0))];
    subject
        .catalog
        .add_partitions(&table, &added)
        .await
        .expect("add");
    subject
        .catalog
        .alter_partitions(&table, &added)
        .await
        .expect("alter");
    let found = subject
        .catalog
        .table("AIR", "FLIGHTS")
        .await
        .expect("an answer");
    assert_eq!(found.expect("it").name, "flights");
    let dates: Vec<PartitionDate> = subject
        .catalog
        .partition_dates(&table)
        .await
        .expect("dates");
    assert_eq!(dates, [date(0)]);
}

/// Settings that lead nowhere, or would show signed requests to everybody, are refused at once, and
/// no secret is shown.
#[tokio::test]
async fn mistaken_settings_are_refused() {
    let mut plain = settings("http://glue.example.com");
    plain.allow_http = false;
    let refused = GlueCatalog::open(&plain).await.expect_err("plain HTTP");
    assert!(
        matches!(refused, GlueSettingsError::PlainHttp(_)),
        "{refused}"
    );
    let mut nowhere = settings("https://glue.example.com");
    nowhere.region = None;
    let refused = GlueCatalog::open(&nowhere).await.expect_err("no region");
    assert_eq!(refused, GlueSettingsError::NoRegion);
    assert!(
        !format!("{nowhere:?}").contains("secret_access_key"),
        "{nowhere:?}"
    );
}
