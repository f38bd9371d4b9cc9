//! A record's events, from the record alone.

use std::collections::BTreeMap;
use std::time::Duration;

use sluicebox_chain::{CommitRecord, RecordTable};
use sluicebox_events::{
    Attributes, Event, EventColumn, EventFile, EventPartition, EventSchema, EventTable,
    FilesCommitted, KafkaRange, Totals, rfc3339_micros,
};
use sluicebox_types::{DataFile, FileKind, PartitionDate};

/// What events take from outside the record. All of it is the same on repeat.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The lake's root as users write it.
    pub(super) lake_url: &'a str,
    /// The columns of the record's schema, if they are known.
    pub(super) columns: Option<&'a [EventColumn]>,
    /// The chain's watermark before the record.
    pub(super) watermark: Option<i64>,
    /// How late is not yet late.
    pub(super) allowed_lateness: Duration,
}

/// The golden files of a record by partition, in order: one event each, or several.
pub(super) fn by_partition(record: &CommitRecord) -> BTreeMap<PartitionDate, Vec<&DataFile>> {
    let mut partitions = BTreeMap::<_, Vec<_>>::new();
    for file in record
        .files
        .iter()
        .filter(|file| file.kind == FileKind::Golden)
    {
        partitions
            .entry(file.partition_date)
            .or_default()
            .push(file);
    }
    partitions
}

/// The events of one partition of a record.
///
/// # Errors
/// None that a record can cause; serialisation of well-formed values.
pub(super) fn events(
    record: &CommitRecord,
    table: &RecordTable,
    date: &PartitionDate,
    files: &[&DataFile],
    context: Context<'_>,
) -> Result<Vec<Event>, serde_json::Error> {
    let key = format!("{}.{}", table.database, table.name);
    let attributes = Attributes {
        source: format!("urn:sluicebox:{}", record.chain.pipeline),
        subject: format!("{key}/{date}"),
        time: record.at.clone(),
        partitionkey: key,
        sequence: format!("{:020}", record.seq),
    };
    let url = |path: &str| format!("{}/{path}", context.lake_url.trim_end_matches('/'));
    let folder = files.first().and_then(|file| file.path.rsplit_once('/'));
    let data = FilesCommitted {
        commit_id: format!("{}/{}", record.chain, record.seq),
        table: EventTable {
            database: table.database.clone(),
            name: table.name.clone(),
            location: url(&table.folder),
        },
        partition: EventPartition::new(date, url(folder.map_or("", |(folder, _)| folder))),
        schema: EventSchema {
            fingerprint: table.schema.clone(),
            columns: context.columns.map(<[_]>::to_vec),
        },
        files: files
            .iter()
            .map(|file| event_file(record, file, url(&file.path)))
            .collect(),
        totals: Totals::default(),
        late: is_late(date, context.watermark, context.allowed_lateness),
        part: None,
    };
    Event::files_committed(record.id, date, &attributes, data)
}

fn event_file(record: &CommitRecord, file: &DataFile, uri: String) -> EventFile {
    let [earliest, latest] = file.event_time;
    EventFile {
        uri,
        bytes: file.bytes,
        rows: file.rows,
        event_time: (rfc3339_micros(earliest), rfc3339_micros(latest)),
        kafka: KafkaRange {
            topic: record.chain.topic.clone(),
            partition: record.chain.partition,
            start: record.range.start,
            end: record.range.end,
        },
    }
}

/// Whether the Kafka partition had passed the partition's end by the allowed lateness before these
/// rows came. A partition is sealed only after all Kafka partitions have, so what comes after a seal
/// is late; and it is decided by the chain alone, so a repeat says the same.
fn is_late(date: &PartitionDate, watermark: Option<i64>, allowed_lateness: Duration) -> bool {
    let lateness = i64::try_from(allowed_lateness.as_micros()).unwrap_or(i64::MAX);
    watermark.is_some_and(|watermark| watermark >= date.end_micros().saturating_add(lateness))
}
