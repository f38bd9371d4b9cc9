//! What is sent, and what is made of answers that Azurite does not give.

use std::sync::Arc;

use sluicebox_pipeline::ports::{Class, LakeStore, Published};
use sluicebox_types::{ManualClock, Staged};

use crate::bucket::{Requests, scripted};
use crate::{AzureSettings, Secret, StoreSettings, open};

/// A store on a server with this script.
fn store(answers: &'static [(u16, &'static str)]) -> (Arc<dyn LakeStore>, Requests) {
    let (endpoint, requests) = scripted(answers);
    let url = |url: &str| url.parse().expect("URL");
    let settings = StoreSettings {
        azure: AzureSettings {
            account: Some("acme".to_owned()),
            endpoint: Some(endpoint),
            allow_http: true,
            access_key: Some(Secret::new("dGhlLXNlY3JldA==")),
            ..AzureSettings::default()
        },
        ..StoreSettings::at(url("az://lake/golden"), url("az://lake/_sluicebox"))
    };
    let store = open(&settings, Arc::new(ManualClock::default()));
    (store.expect("a store"), requests)
}

/// Azure finds the blocks of a list that is committed already no more: then what is there counts.
#[tokio::test]
async fn a_failed_commit_of_blocks_is_settled_by_what_is_there() {
    const GONE: (u16, &str) = (400, "<Error><Code>InvalidBlockList</Code></Error>");
    let staged = Staged::Multipart {
        upload: String::new(),
        parts: vec!["block".to_owned()],
    };
    for (answers, outcome) in [
        (
            &[(404, ""), GONE, (200, "rows")] as &[_],
            Ok(Published::Done),
        ),
        (&[(404, ""), GONE, (404, "")], Ok(Published::StagedDataGone)),
        (&[(404, ""), GONE, (200, "else.")], Err(Class::Fatal)),
        (&[(200, "rows")], Ok(Published::Done)),
        (&[(200, "else.")], Err(Class::Fatal)),
        (&[(429, "")], Err(Class::Retry)),
    ] {
        let (store, requests) = store(answers);
        let published = store.publish("t/a.parquet", 4, &staged).await;
        let published = published.map_err(|error| error.class);
        assert_eq!(published, outcome, "{answers:?}");
        assert_eq!(requests.lock().len(), answers.len(), "{answers:?}");
    }
}

/// A listing begins where it is asked to, and what stands in it by the order of folders, as with a
/// hierarchical namespace, is not taken for what was to be left out.
#[tokio::test]
async fn a_listing_begins_after_a_path_in_any_order() {
    const PAGE: &str = "<EnumerationResults><Blobs>\
        <Blob><Name>golden/a/x.parquet</Name><Properties><Last-Modified>Sun, 01 Sep 2019 01:00:00 \
        GMT</Last-Modified><Content-Length>4</Content-Length><Content-Type>x</Content-Type>\
        </Properties></Blob>\
        <Blob><Name>golden/a-b</Name><Properties><Last-Modified>Sun, 01 Sep 2019 01:00:00 GMT\
        </Last-Modified><Content-Length>0</Content-Length><Content-Type>x</Content-Type>\
        <ResourceType>directory</ResourceType></Properties></Blob>\
        <Blob><Name>golden/a-b/x.parquet</Name><Properties><Last-Modified>Sun, 01 Sep 2019 01:00:00 \
        GMT</Last-Modified><Content-Length>4</Content-Length><Content-Type>x</Content-Type>\
        </Properties></Blob></Blobs><NextMarker/></EnumerationResults>";
    let (store, requests) = store(&[(200, PAGE)]);
    let files = store.list_files("", Some("a/x.parquet"), 2).await;
    let paths: Vec<_> = files
        .expect("a page")
        .into_iter()
        .map(|it| it.path)
        .collect();
    assert_eq!(paths, ["a-b/x.parquet"]);
    let request = requests.lock().concat();
    assert!(
        request.contains("startfrom=golden%2fa%2fx.parquet"),
        "{request}"
    );
}
