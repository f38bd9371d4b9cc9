use std::sync::Arc;

use arrow::array::{Array, AsArray};
use proptest::prelude::*;
use sluicebox_parquet::{
    Rejected, TableSpec, TableWriter, quarantine_batch, quarantine_schema, schema_fingerprint,
};
use sluicebox_types::{
    FileKind, Granularity, OwnedRecord, PartitionDate, Reject, RejectReason, TimestampType,
};

use crate::tables::{cut, read, spec};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..40)
}

fn rejected() -> impl Strategy<Value = (OwnedRecord, Reject)> {
    let header = ("[a-c]{0,2}", prop::option::of(bytes()));
    (
        prop::option::of(bytes()),
        prop::option::of(bytes()),
        prop::collection::vec(header, 0..4),
        prop::option::of(any::<i64>()),
        prop::sample::select(RejectReason::ALL),
    )
        .prop_map(|(key, value, headers, timestamp_millis, reason)| {
            let record = OwnedRecord {
                offset: 0,
                timestamp_millis,
                timestamp_type: TimestampType::CreateTime,
                key,
                value,
                headers: headers
                    .into_iter()
                    .map(|(name, value)| (name.into(), value))
                    .collect(),
            };
            (record, Reject::new(reason, reason.meaning()))
        })
}

fn numbered(mut rejected: Vec<(OwnedRecord, Reject)>) -> Vec<(OwnedRecord, Reject)> {
    (100..)
        .zip(&mut rejected)
        .for_each(|(offset, (record, _))| record.offset = offset);
    rejected
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// What was in Kafka is in quarantine, byte for byte, once, under the day of its timestamp.
    #[test]
    fn rejected_records_keep_their_bytes(
        rejected in prop::collection::vec(rejected(), 1..40).prop_map(numbered),
    ) {
        let schema = quarantine_schema();
        let spec = TableSpec {
            kind: FileKind::Quarantine,
            granularity: Granularity::Day,
            schema_fingerprint: schema_fingerprint(&schema),
            ..spec(&schema)
        };
        let mut writer = TableWriter::new(Arc::new(spec));
        let borrowed: Vec<_> = rejected
            .iter()
            .map(|(record, reject)| Rejected { record: record.as_source(), reject })
            .collect();
        let (batch, event_times) = quarantine_batch("raw.flights", 12, &borrowed).unwrap();
        writer.append(&batch, &event_times).unwrap();
        let mut found = Vec::new();
        for file in writer.close(&cut(100, 200)).unwrap() {
            prop_assert!(file.path.starts_with("_quarantine/air/flights/dt="), "{}", file.path);
            let batch = read(&file.bytes.to_bytes());
            for row in 0..batch.num_rows() {
                let rejected = row_of(&batch, row);
                let micros = event_times[usize::try_from(rejected.0.offset - 100).unwrap()];
                let date = PartitionDate::of_micros(micros, Granularity::Day);
                prop_assert_eq!(date, file.partition_date);
                found.push(rejected);
            }
        }
        found.sort_by_key(|(record, _)| record.offset);
        let mut expected = rejected;
        for (record, _) in &mut expected {
            let fits = record.timestamp_millis.is_some_and(|ms| ms.checked_mul(1_000).is_some());
            record.timestamp_millis = record.timestamp_millis.filter(|_| fits);
        }
        prop_assert_eq!(found, expected);
    }
}

fn row_of(batch: &arrow::array::RecordBatch, row: usize) -> (OwnedRecord, Reject) {
    let text = |column: &str| batch[column].as_string::<i32>().value(row).to_owned();
    let payload = |column: &str| {
        let values = batch[column].as_binary::<i32>();
        values.is_valid(row).then(|| values.value(row).to_vec())
    };
    let kafka = batch["_kafka"].as_struct();
    let timestamps = kafka
        .column(3)
        .as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
    let headers = batch["headers"].as_list::<i32>().value(row);
    let names = headers.as_struct().column(0).as_string::<i32>();
    let values = headers.as_struct().column(1).as_binary::<i32>();
    let reason = RejectReason::ALL
        .iter()
        .find(|reason| reason.code() == text("reason"))
        .unwrap();
    assert_eq!(reason.stage().as_str(), text("stage"));
    assert_eq!(text("timestamp_type"), "create_time");
    let record = OwnedRecord {
        offset: kafka
            .column(2)
            .as_primitive::<arrow::datatypes::Int64Type>()
            .value(row),
        timestamp_millis: timestamps
            .is_valid(row)
            .then(|| timestamps.value(row) / 1_000),
        timestamp_type: TimestampType::CreateTime,
        key: payload("key"),
        value: payload("value"),
        headers: names
            .iter()
            .zip(values.iter())
            .map(|(name, value)| (name.unwrap().into(), value.map(<[u8]>::to_vec)))
            .collect(),
    };
    (record, Reject::new(*reason, text("message")))
}
