//! Events as others see them: their bytes, their schema, and what is made of foreign bytes.

use proptest::prelude::*;
use serde_json::{Value, json};
use sluicebox_events::{
    Attributes, EVENT_BYTES_MAX, Event, EventColumn, EventData, EventError, EventFile,
    EventPartition, EventSchema, EventTable, EventType, FilesCommitted, KafkaRange, KafkaWatermark,
    Sealed, Totals, json_schema, json_schema_of_all, parse, parse_kafka, parse_structured,
    rfc3339_micros,
};
use sluicebox_types::{Granularity, PartitionDate};
use uuid::Uuid;

const MICROS: i64 = 1_567_299_723_000_004;

fn date() -> PartitionDate {
    PartitionDate::of_micros(MICROS, Granularity::Hour)
}

fn attributes() -> Attributes {
    Attributes {
        source: "urn:sluicebox:flights".to_owned(),
        subject: format!("air.flights/{}", date()),
        time: "2026-11-24T01:02:03Z".to_owned(),
        partitionkey: "air.flights".to_owned(),
        sequence: format!("{:020}", 1842),
    }
}

fn table() -> EventTable {
    EventTable {
        database: "air".to_owned(),
        name: "flights".to_owned(),
        location: "s3://lake/air/flights".to_owned(),
    }
}

fn partition() -> EventPartition {
    EventPartition::new(&date(), format!("s3://lake/air/flights/{}", date()))
}

fn file(index: usize) -> EventFile {
    EventFile {
        uri: format!(
            "s3://lake/air/flights/{}/p00012-{index:040}.snappy.parquet",
            date()
        ),
        bytes: 1_000 + index as u64,
        rows: 10,
        event_time: (rfc3339_micros(MICROS), rfc3339_micros(MICROS + 1)),
        kafka: KafkaRange {
            topic: "flights".to_owned(),
            partition: 12,
            start: 1_841_022,
            end: 1_870_981,
        },
    }
}

fn files_committed(files: usize, columns: usize) -> FilesCommitted {
    let column = |index| EventColumn {
        name: format!("column_{index}"),
        data_type: "array<struct<a:int,b:decimal(9,2)>>".to_owned(),
    };
    FilesCommitted {
        commit_id: "flights/flights[12]/1842".to_owned(),
        table: table(),
        partition: partition(),
        schema: EventSchema {
            fingerprint: "xxh3:00".to_owned(),
            columns: Some((0..columns).map(column).collect()),
        },
        files: (0..files).map(file).collect(),
        totals: Totals::default(),
        late: false,
        part: None,
    }
}

fn events(files: usize, columns: usize) -> Vec<Event> {
    let data = files_committed(files, columns);
    Event::files_committed(Uuid::from_u128(7), &date(), &attributes(), data).expect("serialised")
}

fn sealed() -> Event {
    let data = Sealed {
        table: table(),
        partition: partition(),
        allowed_lateness_seconds: 300,
        kafka: vec![KafkaWatermark {
            topic: "flights".to_owned(),
            partition: 0,
            end: 7,
            watermark: Some(rfc3339_micros(MICROS)),
        }],
    };
    let data = EventData::Sealed(data);
    Event::named(Uuid::from_u128(7), &date().to_string(), attributes(), data)
}

fn document(event: &Event) -> Value {
    serde_json::from_slice(&event.to_json().expect("serialised")).expect("JSON")
}

/// The envelope's attributes stand as the design has them.
#[test]
fn an_event_reads_as_documented() {
    let [event] = &events(1, 1)[..] else {
        panic!("one event")
    };
    let mut expected = json!({
        "specversion": "1.0", "id": event.id, "source": "urn:sluicebox:flights",
        "type": "io.sluicebox.partition.files_committed.v1",
        "subject": "air.flights/dt=2019-09-01/hour=01", "time": "2026-11-24T01:02:03Z",
        "datacontenttype": "application/json", "partitionkey": "air.flights",
        "sequence": "00000000000000001842",
        "data": {
            "commit_id": "flights/flights[12]/1842",
            "table": {"database": "air", "name": "flights", "location": "s3://lake/air/flights"},
            "partition": {"spec": [["dt", "2019-09-01"], ["hour", "01"]],
                          "location": "s3://lake/air/flights/dt=2019-09-01/hour=01"},
            "schema": {"fingerprint": "xxh3:00", "columns": [
                {"name": "column_0", "type": "array<struct<a:int,b:decimal(9,2)>>"}]},
            "files": [], "totals": {"files": 1, "rows": 10, "bytes": 1_000}, "late": false,
        },
    });
    let found = document(event);
    expected["data"]["files"] = found["data"]["files"].clone();
    assert_eq!(found, expected);
    assert_eq!(
        found["data"]["files"][0]["event_time"],
        json!(["2019-09-01T01:02:03.000004Z", "2019-09-01T01:02:03.000005Z"])
    );
}

/// Every event that is written fits the schema that is printed, and the schema refuses others.
#[test]
fn events_fit_their_schemas() {
    let committed = jsonschema::validator_for(&json_schema(EventType::FilesCommitted));
    let committed = committed.expect("a schema");
    let of_sealed = jsonschema::validator_for(&json_schema(EventType::Sealed)).expect("a schema");
    for event in events(1, 2).iter().chain(&events(3_000, 2)) {
        assert!(committed.is_valid(&document(event)));
        assert!(!of_sealed.is_valid(&document(event)));
    }
    assert!(of_sealed.is_valid(&document(&sealed())));
    let of_all = jsonschema::validator_for(&json_schema_of_all()).expect("a schema");
    assert!(of_all.is_valid(&document(&sealed())) && of_all.is_valid(&document(&events(1, 2)[0])));
    assert!(!of_all.is_valid(&json!({})));
    let mut without_files = document(&events(1, 1)[0]);
    without_files["data"]
        .as_object_mut()
        .expect("data")
        .remove("files");
    assert!(!committed.is_valid(&without_files));
}

/// The same commit gives the same bytes; another commit, partition or part another id.
#[test]
fn repeats_are_equal_to_the_byte() {
    let bytes = |events: Vec<Event>| {
        let each = events
            .iter()
            .map(|event| event.to_json().expect("serialised"));
        each.collect::<Vec<_>>()
    };
    assert_eq!(bytes(events(3_000, 5)), bytes(events(3_000, 5)));
    let mut ids: Vec<String> = events(3_000, 5).into_iter().map(|event| event.id).collect();
    ids.extend(events(1, 1).into_iter().map(|event| event.id));
    let other = Event::files_committed(
        Uuid::from_u128(8),
        &date(),
        &attributes(),
        files_committed(1, 1),
    );
    ids.extend(other.expect("serialised").into_iter().map(|event| event.id));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

/// Files that do not fit go into parts: none is lost, none twice, none too large; columns that leave
/// no room go first.
#[test]
fn large_commits_are_split() {
    for (files, columns) in [(1, 1), (3_000, 10), (10_000, 5_000), (1, 5_000)] {
        let events = events(files, columns);
        let parts = events.len();
        let mut uris = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let EventData::FilesCommitted(data) = &event.data else {
                panic!("of another type")
            };
            assert!(event.to_json().expect("serialised").len() <= EVENT_BYTES_MAX);
            assert_eq!(data.totals, Totals::of(&data.files));
            assert_eq!(data.schema.columns.is_none(), columns == 5_000);
            let part = data
                .part
                .map(|part| (part.part as usize, part.parts as usize));
            assert_eq!(part, (parts > 1).then_some((index + 1, parts)));
            uris.extend(data.files.iter().map(|file| file.uri.clone()));
        }
        let all: Vec<String> = (0..files).map(|index| file(index).uri).collect();
        assert_eq!(uris, all);
    }
}

/// What is sent is read back, in every mode and by either way.
#[test]
fn modes_are_read_back() {
    let mut odd = sealed();
    odd.attributes.subject = "größe \"100 %\"/dt=2019-09-01".to_owned();
    for event in events(1, 2).into_iter().chain([sealed(), odd]) {
        let structured = event.to_json().expect("serialised");
        let data = event.data_json().expect("serialised");
        let content_type = (
            "Content-Type",
            "application/cloudevents+json; charset=utf-8",
        );
        assert_eq!(
            parse([content_type], &structured),
            Ok(vec![Ok(event.clone())])
        );
        assert_eq!(parse_kafka([], &structured), Ok(event.clone()));

        let mut headers = event.http_headers();
        assert!(headers.iter().all(|(_, value)| value.is_ascii()));
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        assert_eq!(parse(headers, &data), Ok(vec![Ok(event.clone())]));

        let headers = event.kafka_headers();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()));
        assert_eq!(parse_kafka(headers, &data), Ok(event.clone()));

        let batch = [b"[", &structured[..], b",{}]"].concat();
        let read = parse(
            [("content-type", "application/cloudevents-batch+json")],
            &batch,
        );
        let read = read.expect("a batch");
        assert_eq!(read[0], Ok(event));
        assert!(matches!(read[1], Err(EventError::Malformed(_))));
    }
}

/// Every kind of unusable event is told apart.
#[test]
fn unusable_events_are_told_apart() {
    let changed = |pointer: &str, value: Value| {
        let mut document = document(&events(1, 1)[0]);
        *document.pointer_mut(pointer).expect("a member") = value;
        parse_structured(document.to_string().as_bytes())
            .expect_err("unusable")
            .kind()
    };
    for (pointer, value, kind) in [
        ("/specversion", json!("0.3"), "unknown_version"),
        ("/specversion", json!(1.0), "malformed"),
        (
            "/type",
            json!("io.sluicebox.partition.files_committed.v2"),
            "unknown_version",
        ),
        ("/type", json!("com.example.order.v1"), "unknown_type"),
        ("/id", json!(""), "malformed"),
        ("/source", Value::Null, "malformed"),
        ("/datacontenttype", json!("text/xml"), "malformed"),
        ("/subject", json!("x".repeat(2_000)), "malformed"),
        ("/data", json!([]), "malformed"),
        ("/data/table/name", json!(""), "malformed"),
        (
            "/data/partition/spec",
            json!([["dt", "2019-02-30"]]),
            "malformed",
        ),
        (
            "/data/partition/spec",
            json!([["country", "x"]]),
            "malformed",
        ),
        ("/data/files/0/rows", json!(-1), "malformed"),
    ] {
        assert_eq!(changed(pointer, value), kind, "{pointer}");
    }
    let large = vec![b' '; EVENT_BYTES_MAX + 1];
    assert_eq!(
        parse_structured(&large).expect_err("unusable").kind(),
        "too_large"
    );
    assert_eq!(
        parse([], b"{}").expect("one")[0],
        Err(EventError::Malformed(
            "neither a content type of CloudEvents nor headers `ce-…`".to_owned()
        ))
    );
}

/// Members that a later version adds do not disturb.
#[test]
fn more_members_are_ignored() {
    let mut document = document(&events(1, 1)[0]);
    document["traceparent"] = json!("00-1");
    document["data"]["more"] = json!({"a": 1});
    assert_eq!(
        parse_structured(document.to_string().as_bytes()).expect("read"),
        events(1, 1)[0]
    );
}

proptest! {
    /// Foreign bytes are an event or an error, never a panic, in every mode.
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        mode in prop::sample::select(vec![
            "application/cloudevents+json", "application/cloudevents-batch+json", "", "\u{1f980}",
        ]),
        value in ".*",
    ) {
        let headers = [("content-type", mode), ("ce-specversion", "1.0"), ("ce-type", &value)];
        if let Ok(events) = parse(headers, &bytes) {
            prop_assert!(events.iter().all(Result::is_err));
        }
        let headers = [("ce_specversion", &bytes[..]), ("ce_id", value.as_bytes())];
        prop_assert!(parse_kafka(headers, &bytes).is_err());
    }

    /// An event of which something is cut out or overwritten is read or refused, never a panic.
    #[test]
    fn damaged_events_are_read_or_refused(at in 0usize..1_200, byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = events(1, 1)[0].to_json().expect("serialised");
        let at = at.min(bytes.len() - 1);
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(event) = parse_structured(&bytes) {
            let again = parse_structured(&event.to_json().expect("serialised"));
            prop_assert_eq!(again, Ok(event));
        }
    }
}
