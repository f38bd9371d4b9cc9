use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use sluicebox_parquet::{Rejected, WriteError, kafka_column, kafka_field, quarantine_batch};
use sluicebox_types::{SourceRecord, TopicPartition};

use super::Fate;
use super::dedup::Unique;
use super::event_time::Timed;
use crate::open_range::OpenRange;
use crate::ports::DeadLetter;

/// Puts every record of a run where its fate says, and counts it. Records below the open range are
/// a replay: the window has seen them, nothing else happens to them.
pub(crate) fn write(
    range: &mut OpenRange,
    partition: &TopicPartition,
    records: &[SourceRecord<'_>],
    dead_letter: bool,
    Unique(timed): Unique,
    outbox: &mut VecDeque<DeadLetter>,
) -> Result<(), WriteError> {
    let mut rejected = Vec::new();
    let mut settle = |record: usize, fate| {
        let Some(record) = records
            .get(record)
            .filter(|record| record.offset >= range.start())
        else {
            return;
        };
        range.count(record.offset, fate);
        if let Fate::Rejected(reject) = fate {
            let record = *record;
            rejected.push(Rejected { record, reject });
        }
    };
    for (record, fate) in &timed.rows.rowless {
        settle(*record, fate);
    }
    for (origin, fate) in timed.rows.origins.iter().zip(&timed.rows.fates) {
        settle(origin.record, fate);
    }
    // As in the log: whoever replays dead letters of one key must not turn their order around.
    rejected.sort_unstable_by_key(|rejected| rejected.record.offset);
    count_rejected(partition, &rejected);
    write_rejected(range, partition, &rejected, dead_letter, outbox)?;
    write_golden(range, partition, timed)
}

/// Once for each reason, not for each record: a counter is looked up by its labels.
fn count_rejected(partition: &TopicPartition, rejected: &[Rejected<'_>]) {
    let mut counts = BTreeMap::<_, u64>::new();
    for Rejected { reject, .. } in rejected {
        *counts.entry(reject.reason).or_default() += 1;
    }
    for (reason, count) in counts {
        let labels = [
            ("topic", partition.topic.to_string()),
            ("stage", reason.stage().as_str().to_owned()),
            ("reason", reason.code().to_owned()),
        ];
        metrics::counter!("sluicebox_rejected_records_total", &labels).increment(count);
    }
}

fn write_golden(
    range: &mut OpenRange,
    partition: &TopicPartition,
    timed: Timed,
) -> Result<(), WriteError> {
    let start = range.start();
    let Timed { rows, micros } = timed;
    let origins = rows.origins.iter();
    let kept: Vec<bool> = origins
        .zip(&rows.fates)
        .map(|(origin, fate)| *fate == Fate::Golden && origin.offset >= start)
        .collect();
    if !kept.contains(&true) {
        return Ok(());
    }
    let mut batch = rows.batch;
    if range.kafka_column {
        let origins = rows.origins.iter();
        let offsets = origins.clone().map(|origin| origin.offset).collect();
        let timestamps: Vec<_> = origins.map(|origin| origin.timestamp_millis).collect();
        let column = kafka_column(&partition.topic, partition.partition, offsets, &timestamps);
        batch = append_column(&batch, Arc::new(column))?;
    }
    range.golden.append_kept(&batch, &micros, &kept)
}

fn write_rejected(
    range: &mut OpenRange,
    partition: &TopicPartition,
    rejected: &[Rejected<'_>],
    dead_letter: bool,
    outbox: &mut VecDeque<DeadLetter>,
) -> Result<(), WriteError> {
    if rejected.is_empty() {
        return Ok(());
    }
    let (batch, times) = quarantine_batch(&partition.topic, partition.partition, rejected)?;
    range.quarantine.append(&batch, &times)?;
    if dead_letter {
        outbox.extend(
            rejected
                .iter()
                .map(|Rejected { record, reject }| DeadLetter {
                    source: partition.clone(),
                    record: record.to_owned_record(),
                    reject: (*reject).clone(),
                    receipt: range.outstanding.receipt(),
                }),
        );
    }
    Ok(())
}

/// The golden schema: the rows' columns and, last, `_kafka`.
#[must_use]
pub fn with_kafka_column(schema: &SchemaRef) -> SchemaRef {
    let fields = schema
        .fields()
        .iter()
        .cloned()
        .chain([Arc::new(kafka_field())]);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Under the batch's own schema, which need not be the table's in every detail of nested columns:
/// the writer brings it there.
fn append_column(batch: &RecordBatch, kafka_column: ArrayRef) -> Result<RecordBatch, WriteError> {
    let mut columns = batch.columns().to_vec();
    columns.push(kafka_column);
    let schema = with_kafka_column(batch.schema_ref());
    Ok(RecordBatch::try_new(schema, columns)?)
}
