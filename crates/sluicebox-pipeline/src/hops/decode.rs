use sluicebox_decode::JsonDecoder;
use sluicebox_dedup::{KeyDomain, KeySpec, LogClock, ResumePoints, hash_bytes};
use sluicebox_types::{Reject, RejectReason, SourceRecord, TimestampType};

use super::{Fate, Origin, Rows};
use crate::topic::{Tombstones, TopicSpec};

/// Values are decoded into at most about this much Arrow memory before the rows go on.
pub(crate) const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes of records after which the decoder is asked how much it holds. The answer costs a look at
/// every column, and rows take at most a few times as much memory as their JSON.
const ASK_AFTER_BYTES: usize = 256 * 1024;

/// What a record counts beside its value: a short one may have many columns, each of them null.
const RECORD_BYTES: usize = 1024;

/// Records that became rows, and those that did not.
#[derive(Debug)]
pub(crate) struct Decoded(pub(crate) Rows);

/// The log's time, as it is read.
#[derive(Debug)]
pub(crate) struct LogTime {
    /// The log clock.
    pub(crate) clock: LogClock,
    /// Where a rebuild of the dedup window may start.
    pub(crate) resume: ResumePoints,
}

impl LogTime {
    fn pass(&mut self, record: &SourceRecord<'_>) -> i64 {
        let before = self.clock.value();
        let after = match record.timestamp_type {
            TimestampType::CreateTime => self.clock.advance(record.timestamp_millis),
            TimestampType::LogAppendTime => self.clock.advance_unlimited(record.timestamp_millis),
        };
        self.resume.observe(record.offset, before, after);
        after
    }
}

/// Decodes records until the batch is full. Answers how many it took, at least one.
pub(crate) fn decode(
    spec: &TopicSpec,
    decoder: &mut JsonDecoder,
    time: &mut LogTime,
    records: &[SourceRecord<'_>],
) -> (Decoded, usize) {
    let mut origins = Vec::with_capacity(records.len());
    let mut rowless = Vec::new();
    let mut taken = 0;
    let mut unasked = 0;
    for (index, record) in records.iter().enumerate() {
        taken = index + 1;
        let clock_millis = time.pass(record);
        match decode_one(spec, decoder, record) {
            Ok(key) => {
                let (offset, timestamp_millis) = (record.offset, record.timestamp_millis);
                let row = Origin {
                    record: index,
                    offset,
                    timestamp_millis,
                    clock_millis,
                    key,
                };
                origins.push(row);
            }
            Err(fate) => rowless.push((index, fate)),
        }
        unasked += record.value.map_or(0, <[u8]>::len) + RECORD_BYTES;
        if unasked >= ASK_AFTER_BYTES {
            unasked = 0;
            if decoder.buffered_bytes() >= BATCH_BYTES_MAX {
                break;
            }
        }
    }
    let fates = vec![Fate::Golden; origins.len()];
    (
        Decoded(Rows {
            batch: decoder.finish(),
            origins,
            fates,
            rowless,
        }),
        taken,
    )
}

/// One record to one row; answers the row's key where it is not made of columns.
fn decode_one(
    spec: &TopicSpec,
    decoder: &mut JsonDecoder,
    record: &SourceRecord<'_>,
) -> Result<Option<u128>, Fate> {
    let Some(value) = record.value else {
        return match spec.tombstones {
            Tombstones::Skip => Err(Fate::Skipped),
            Tombstones::DeadLetter => Err(rejected(RejectReason::Tombstone, "the value is null")),
            Tombstones::Write => {
                decoder.push_null_row();
                Ok(raw_key(spec, record))
            }
        };
    };
    // The value first, so that its faults are reported rather than a missing key.
    decoder.push(value).map_err(Fate::Rejected)?;
    Ok(raw_key(spec, record))
}

/// The dedup key of a record where it is made of the record itself. None where columns make it, or
/// where the record lacks it: the dedup hop tells the two apart.
fn raw_key(spec: &TopicSpec, record: &SourceRecord<'_>) -> Option<u128> {
    match &spec.dedup.as_ref()?.key {
        KeySpec::Fields(_) => None,
        KeySpec::Payload => Some(hash_bytes(
            KeyDomain::Payload,
            record.value.unwrap_or_default(),
        )),
        KeySpec::RecordKey => record.key.map(|key| hash_bytes(KeyDomain::RecordKey, key)),
        KeySpec::Header(name) => record
            .headers
            .iter()
            .filter(|(header, _)| *header == name.as_bytes())
            .last()
            .and_then(|(_, value)| value)
            .map(|value| hash_bytes(KeyDomain::Header, value)),
    }
}

fn rejected(reason: RejectReason, message: &'static str) -> Fate {
    Fate::Rejected(Reject::new(reason, message))
}
