use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayBuilder as _, ArrayRef, BinaryArray, BinaryBuilder, ListArray, RecordBatch, StringArray,
    StringBuilder, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use sluicebox_types::{Reject, SourceRecord, TimestampType};

use crate::WriteError;
use crate::conform::conform;
use crate::kafka_column::{kafka_column, kafka_field};
use crate::schema::with_field_ids;

/// The last moment that every engine can show: 9999-12-31T23:59:59.999999Z, in microseconds.
const LAST_MOMENT_MICROS: i64 = 253_402_300_799_999_999;

/// Arrow counts the bytes of one array in 31 bits.
const BATCH_BYTES_MAX: usize = 0x7fff_ffff;

/// A record that was judged bad, and the verdict.
#[derive(Clone, Copy, Debug)]
pub struct Rejected<'a> {
    /// The record as it was.
    pub record: SourceRecord<'a>,
    /// What is wrong with it.
    pub reject: &'a Reject,
}

/// The schema of quarantine files, the same for every table: `_kafka` as in golden files; `reason`
/// (the stable code), `stage` and `message`; then the record itself: `key`, `value`, `headers` (a
/// list of name and value, in order) and `timestamp_type` (`create_time` or `log_append_time`).
#[must_use]
pub fn quarantine_schema() -> SchemaRef {
    /// Made once: every batch needs it.
    static SCHEMA: LazyLock<SchemaRef> =
        LazyLock::new(|| Arc::new(Schema::new(with_field_ids(&columns()))));
    Arc::clone(&SCHEMA)
}

/// The columns before they have field ids; these and their parts are made once, as every batch needs
/// them.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| Arc::new(Schema::new(columns())));

static HEADER_MEMBERS: LazyLock<Fields> = LazyLock::new(|| {
    Fields::from(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("value", DataType::Binary, true),
    ])
});

static HEADER: LazyLock<FieldRef> = LazyLock::new(|| {
    let header = DataType::Struct(HEADER_MEMBERS.clone());
    Arc::new(Field::new("element", header, true))
});

fn columns() -> Fields {
    vec![
        kafka_field(),
        Field::new("reason", DataType::Utf8, true),
        Field::new("stage", DataType::Utf8, true),
        Field::new("message", DataType::Utf8, true),
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("headers", DataType::List(Arc::clone(&HEADER)), true),
        Field::new("timestamp_type", DataType::Utf8, true),
    ]
    .into()
}

/// Rejected records as rows of [`quarantine_schema`], and their event times: Kafka's timestamps in
/// microseconds, 0 where there is none, clamped to the years 1970 to 9999, so that every record has
/// a partition date.
///
/// Keys, values and header values keep their bytes, and null stays apart from empty. A header name
/// that is not UTF-8 is shown with replacement characters.
///
/// # Errors
/// [`WriteError::QuarantineBatchTooLarge`] if the records hold 2 GiB or more together.
pub fn quarantine_batch(
    topic: &str,
    partition: i32,
    rejected: &[Rejected<'_>],
) -> Result<(RecordBatch, Vec<i64>), WriteError> {
    check_size(rejected)?;
    let records = || rejected.iter().map(|rejected| &rejected.record);
    let rejects = || rejected.iter().map(|rejected| rejected.reject);
    let timestamps: Vec<_> = records().map(|record| record.timestamp_millis).collect();
    let offsets = records().map(|record| record.offset).collect();
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(kafka_column(topic, partition, offsets, &timestamps)),
        Arc::new(texts(rejects().map(|reject| reject.reason.code()))),
        Arc::new(texts(
            rejects().map(|reject| reject.reason.stage().as_str()),
        )),
        Arc::new(texts(rejects().map(|reject| &*reject.message))),
        Arc::new(records().map(|record| record.key).collect::<BinaryArray>()),
        Arc::new(
            records()
                .map(|record| record.value)
                .collect::<BinaryArray>(),
        ),
        Arc::new(headers(records())?),
        Arc::new(texts(
            records().map(|record| timestamp_type(record.timestamp_type)),
        )),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&COLUMNS), arrays)?;
    let event_times = timestamps.into_iter().map(event_time_micros).collect();
    Ok((conform(&batch, &quarantine_schema())?, event_times))
}

/// Bytes that do not fit one array are refused before they are copied.
fn check_size(rejected: &[Rejected<'_>]) -> Result<(), WriteError> {
    let bytes = rejected.iter().map(text_and_payload_bytes).sum();
    if bytes > BATCH_BYTES_MAX {
        return Err(WriteError::QuarantineBatchTooLarge {
            records: rejected.len(),
            bytes,
            bytes_max: BATCH_BYTES_MAX,
        });
    }
    Ok(())
}

/// A replacement character has three bytes and may stand for a single one.
fn text_and_payload_bytes(Rejected { record, reject }: &Rejected<'_>) -> usize {
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| 3 * name.len() + value.map_or(0, <[u8]>::len));
    reject.message.len() + record.bytes() + headers.sum::<usize>()
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> StringArray {
    values.map(Some).collect()
}

fn headers<'a>(
    records: impl Iterator<Item = &'a SourceRecord<'a>>,
) -> Result<ListArray, ArrowError> {
    let mut names = StringBuilder::new();
    let mut values = BinaryBuilder::new();
    let mut lengths = Vec::new();
    for record in records {
        let before = names.len();
        for (name, value) in record.headers.iter() {
            names.append_value(String::from_utf8_lossy(name));
            values.append_option(value);
        }
        lengths.push(names.len() - before);
    }
    let arrays: Vec<ArrayRef> = vec![Arc::new(names.finish()), Arc::new(values.finish())];
    let headers = StructArray::try_new(HEADER_MEMBERS.clone(), arrays, None)?;
    let lengths = OffsetBuffer::from_lengths(lengths);
    ListArray::try_new(Arc::clone(&HEADER), lengths, Arc::new(headers), None)
}

const fn timestamp_type(timestamp_type: TimestampType) -> &'static str {
    match timestamp_type {
        TimestampType::CreateTime => "create_time",
        TimestampType::LogAppendTime => "log_append_time",
    }
}

fn event_time_micros(timestamp_millis: Option<i64>) -> i64 {
    timestamp_millis
        .unwrap_or(0)
        .saturating_mul(1_000)
        .clamp(0, LAST_MOMENT_MICROS)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use sluicebox_types::{OwnedRecord, RejectReason};

    use super::*;

    fn record(
        timestamp_millis: Option<i64>,
        headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    ) -> OwnedRecord {
        OwnedRecord {
            offset: 7,
            timestamp_millis,
            timestamp_type: TimestampType::LogAppendTime,
            key: None,
            value: Some(vec![]),
            headers,
        }
    }

    fn batch_of(records: &[OwnedRecord]) -> (RecordBatch, Vec<i64>) {
        let reject = Reject::new(RejectReason::EmptyValue, "the value has no bytes");
        let rejected = records.iter().map(|record| Rejected {
            record: record.as_source(),
            reject: &reject,
        });
        quarantine_batch("t", 3, &rejected.collect::<Vec<_>>()).unwrap()
    }

    /// Null and empty are different answers; a header may come twice, and may lack a value.
    #[test]
    fn records_keep_nulls_empties_and_repeated_headers() {
        let headers = vec![
            (b"trace".to_vec(), Some(vec![0xff, 0x00])),
            (b"trace".to_vec(), None),
            (b"\xff".to_vec(), Some(vec![])),
        ];
        let (batch, _) = batch_of(&[record(None, headers), record(None, vec![])]);
        assert_eq!(batch.schema(), quarantine_schema());
        let key = batch["key"].as_binary::<i32>();
        let value = batch["value"].as_binary::<i32>();
        assert_eq!(
            (key.is_null(0), value.is_null(0), value.value(0)),
            (true, false, &[][..])
        );
        let lists = batch["headers"].as_list::<i32>();
        assert_eq!((lists.value_length(0), lists.value_length(1)), (3, 0));
        let pairs = lists.value(0);
        let (names, values) = (pairs.as_struct().column(0), pairs.as_struct().column(1));
        let names: Vec<_> = names.as_string::<i32>().iter().flatten().collect();
        assert_eq!(names, ["trace", "trace", "\u{fffd}"]);
        let values: Vec<_> = values.as_binary::<i32>().iter().collect();
        assert_eq!(values, [Some(&[0xff, 0x00][..]), None, Some(&[][..])]);
    }

    /// Any timestamp gives a partition date that exists.
    #[test]
    fn event_times_stay_within_four_digit_years() {
        for (millis, micros) in [
            (None, 0),
            (Some(1_500), 1_500_000),
            (Some(-1), 0),
            (Some(i64::MIN), 0),
            (Some(i64::MAX), LAST_MOMENT_MICROS),
        ] {
            let (_, event_times) = batch_of(&[record(millis, vec![])]);
            assert_eq!(event_times, [micros], "{millis:?}");
        }
    }
}
