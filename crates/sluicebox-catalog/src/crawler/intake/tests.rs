use serde_json::json;
use tokio::sync::mpsc::{self, Receiver};

use super::*;
use crate::crawler::tests::{any_crawler, flights_table};

fn intake() -> (CrawlerIntake, Receiver<Touch>) {
    let (sender, receiver) = mpsc::channel(100);
    (
        CrawlerIntake::new(Arc::new(any_crawler()), sender),
        receiver,
    )
}

fn event(location: &str) -> serde_json::Value {
    json!({
        "specversion": "1.0", "id": "0b6c1f5e-0000-5000-8000-000000000000",
        "source": "urn:sluicebox:flights", "type": "io.sluicebox.partition.files_committed.v1",
        "subject": "air.flights/dt=2019-09-01/hour=01", "time": "1970-01-01T00:00:01Z",
        "datacontenttype": "application/json", "partitionkey": "air.flights",
        "sequence": "00000000000000001842",
        "data": {
            "commit_id": "flights/flights/12/1842",
            "table": {"database": "air", "name": "flights", "location": location},
            "partition": {"spec": [["dt", "2019-09-01"], ["hour", "01"]], "location": format!("{location}/x")},
            "schema": {"fingerprint": "xxh3:0", "columns": []},
            "files": [], "totals": {"files": 0, "rows": 0, "bytes": 0}, "late": false,
        }
    })
}

async fn take(intake: &CrawlerIntake, content_type: &str, body: &str) -> Taken {
    let message = IncomingMessage {
        way: Way::Http,
        headers: vec![("content-type", content_type)],
        body: body.as_bytes(),
        receipt: None,
    };
    intake.take(message).await
}

/// One event, a batch with a repeat in it, and one by Kafka: each touches its partition once.
#[tokio::test]
async fn events_touch_their_partition() {
    let (intake, mut touches) = intake();
    let event = event(&flights_table().location);
    let structured = "application/cloudevents+json";
    assert_eq!(
        take(&intake, structured, &event.to_string())
            .await
            .partitions,
        1
    );
    let batch = json!([event, event]).to_string();
    assert_eq!(
        take(&intake, "application/cloudevents-batch+json", &batch)
            .await
            .partitions,
        1
    );
    let body = event.to_string();
    let message = IncomingMessage {
        way: Way::Kafka,
        headers: Vec::new(),
        body: body.as_bytes(),
        receipt: None,
    };
    assert_eq!(intake.take(message).await.partitions, 1);
    for _message in 0..3 {
        let touch = touches.recv().await.expect("a touch");
        assert_eq!(touch.folder, "air/flights");
        assert_eq!(touch.date.to_string(), "dt=2019-09-01/hour=01");
        assert_eq!(touch.committed_millis, Some(1_000));
    }
}

/// What cannot be used is answered with its reason, touches nothing, and holds nobody.
#[tokio::test]
async fn other_messages_touch_nothing() {
    let (intake, mut touches) = intake();
    let structured = "application/cloudevents+json";
    let of_version = |version: &str| {
        let text = event(&flights_table().location).to_string();
        text.replace(
            r#""specversion":"1.0""#,
            &format!(r#""specversion":"{version}""#),
        )
    };
    let huge = " ".repeat(BATCH_BYTES_MAX + 1);
    for (body, reason) in [
        (of_version("9.9"), Some("9.9")),
        (huge, Some("too large")),
        ("{\"specversion\":".to_owned(), Some("malformed")),
        (event("memory://lake/air/other").to_string(), None),
        (event("s3://elsewhere/air/flights").to_string(), None),
        (json!({"Event": "s3:TestEvent"}).to_string(), None),
    ] {
        let taken = take(&intake, structured, &body).await;
        let found = taken.refused.first();
        assert_eq!(taken.partitions, 0);
        assert_eq!(found.is_some(), reason.is_some(), "{found:?}");
        assert!(
            found.is_none_or(|found| found.contains(reason.unwrap_or_default())),
            "{found:?}"
        );
    }
    touches.try_recv().expect_err("nothing was queued");
}
