//! Commits as the driver makes them, without a driver.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sluicebox_chain::{ChainId, CommitRecord, Tail, Writer};
use sluicebox_parquet::{
    ClosedFile, Compression, Cut, Layout, TableSpec, TableWriter, kafka_column, schema_fingerprint,
    table_schema,
};
use sluicebox_types::{DataFile, FileKind, Granularity, Offset, Staged};
use uuid::Uuid;

pub(crate) const PIPELINE: &str = "flights";
const HOUR: i64 = 3_600_000_000;
/// 2026-01-01T00:00:00Z
const NEW_YEAR: i64 = 1_767_225_600_000_000;

/// One chain, as its writer sees it.
pub(crate) struct Chain {
    pub(crate) id: ChainId,
    pub(crate) table: Arc<TableSpec>,
    pub(crate) tail: Tail,
    writer: TableWriter,
    /// Characters of each row's text.
    pub(crate) text: usize,
}

/// A record with its files, still to be staged.
pub(crate) struct Commit {
    pub(crate) record: CommitRecord,
    pub(crate) files: Vec<ClosedFile>,
}

impl Chain {
    /// A chain that begins at offset 0, and its first record.
    pub(crate) fn begin(topic: &str, partition: i32, attempt: Uuid) -> (Self, CommitRecord) {
        let id = ChainId {
            pipeline: PIPELINE.to_owned(),
            topic: topic.to_owned(),
            partition,
        };
        let writer = Writer {
            instance: "test".to_owned(),
            version: "0".to_owned(),
        };
        let record = CommitRecord::genesis(id.clone(), attempt, 0, writer, String::new());
        let table = Arc::new(table(topic));
        let chain = Self {
            id,
            writer: TableWriter::new(Arc::clone(&table)),
            table,
            tail: record.tail(),
            text: 0,
        };
        (chain, record)
    }

    /// The next ten offsets: two files of three rows each in two hours, two duplicates, one skipped,
    /// one without a record.
    pub(crate) fn commit(&mut self, attempt: Uuid) -> Commit {
        let start = self.tail.end;
        self.commit_rows(attempt, &[3, 4, 5, 6, 7, 8].map(|row| start + row))
    }

    /// The same with these rows, whatever sense they make.
    pub(crate) fn commit_rows(&mut self, attempt: Uuid, rows: &[Offset]) -> Commit {
        let start = self.tail.end;
        let mut record = CommitRecord::after(&self.tail, self.id.clone(), attempt, start + 10);
        record.duplicates.insert_range(start, start, start + 2);
        record.skipped.insert(start, start + 2);
        record.absent.insert(start, start + 9);
        record.count.read = 9;
        record.count.golden = 6;
        record.count.duplicate = 2;
        record.count.skipped = 1;
        let hours = NEW_YEAR + start / 1_000 * HOUR;
        let times: Vec<i64> = (0..rows.len())
            .map(|row| hours + if row < rows.len() / 2 { 0 } else { HOUR })
            .collect();
        let batch = self.rows(rows);
        self.writer
            .append(&batch, &times)
            .expect("rows of the table");
        let cut = Cut {
            partition: self.id.partition,
            range: record.range,
            attempt,
            commit_id: format!("{}/{}", self.id, record.seq),
        };
        let files = self.writer.close(&cut).expect("files");
        Commit { record, files }
    }

    fn rows(&self, offsets: &[Offset]) -> RecordBatch {
        let text = |offset: &Offset| {
            // Without repeats, so that it takes its room.
            let mut state = offset.unsigned_abs() | 1 << 40;
            let digits = (0..self.text / 16).map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                format!("{state:016x}")
            });
            Some(digits.collect::<String>())
        };
        let (topic, partition) = (&self.id.topic, self.id.partition);
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(offsets.to_vec())),
            Arc::new(offsets.iter().map(text).collect::<StringArray>()),
        ];
        if self.table.schema.fields().len() > columns.len() {
            columns.push(Arc::new(kafka_column(
                topic,
                partition,
                offsets.to_vec(),
                &[],
            )));
        }
        RecordBatch::try_new(Arc::clone(&self.table.schema), columns).expect("a batch")
    }

    /// Goes on with another table.
    pub(crate) fn set_table(&mut self, table: TableSpec) {
        self.table = Arc::new(table);
        self.writer = TableWriter::new(Arc::clone(&self.table));
    }

    /// Goes on without the column `_kafka`.
    pub(crate) fn drop_kafka_column(&mut self) {
        let mut table = TableSpec::clone(&self.table);
        let own = table.schema.fields().iter().take(2).cloned();
        table.schema = Arc::new(Schema::new(own.collect::<Vec<_>>()));
        self.set_table(table);
    }
}

/// What a record says of a file that is staged like this.
pub(crate) fn data_file(file: &ClosedFile, stage: Staged) -> DataFile {
    DataFile {
        path: file.path.clone(),
        kind: file.kind,
        bytes: file.bytes.len() as u64,
        rows: file.rows,
        xxh3: file.xxh3.clone(),
        partition_date: file.partition_date,
        event_time: file.event_time,
        stage,
    }
}

fn table(topic: &str) -> TableSpec {
    let columns = Schema::new(vec![
        Field::new("n", DataType::Int64, true),
        Field::new("text", DataType::Utf8, true),
    ]);
    let schema: SchemaRef = table_schema(&columns).expect("a schema");
    TableSpec {
        kind: FileKind::Golden,
        database: "air".to_owned(),
        table: topic.to_owned(),
        topic: topic.to_owned(),
        layout: Layout::Hive,
        granularity: Granularity::Hour,
        schema_fingerprint: schema_fingerprint(&schema),
        schema,
        row_group_bytes: 1 << 20,
        compression: Compression::Snappy,
        pipeline: PIPELINE.to_owned(),
        version: "0".to_owned(),
        dictionary: BTreeMap::new(),
        bloom_filters: Vec::new(),
    }
}
