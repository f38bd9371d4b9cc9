use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use sluicebox_parquet::{
    Compression, Cut, DEFAULT_ROW_GROUP_BYTES, Layout, TableSpec, TableWriter, schema_fingerprint,
    table_schema,
};
use sluicebox_pipeline::ports::LakeStore as _;
use sluicebox_storage::memory::MemoryStore;
use sluicebox_types::{FileKind, Granularity, OffsetRange, PartitionDate};
use uuid::Uuid;

use crate::crawler::lake_table::tests::flights;
use crate::crawler::{LakeTable, TableMap};

/// A lake in memory with one table, `air.flights`, split by hour.
#[derive(Clone, Debug)]
pub(super) struct Lake {
    pub(super) store: MemoryStore,
    name: &'static str,
    layout: Layout,
    files: Arc<AtomicU32>,
}

/// The partition of an hour since 1970.
pub(super) fn date(hour: i64) -> PartitionDate {
    PartitionDate::of_micros(hour * 3_600_000_000, Granularity::Hour)
}

impl Lake {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            store: MemoryStore::default(),
            name: "flights",
            layout,
            files: Arc::default(),
        }
    }

    /// The same lake with another table.
    pub(super) fn with(&self, name: &'static str) -> Self {
        Self {
            name,
            ..self.clone()
        }
    }

    pub(super) fn table(&self) -> LakeTable {
        let flights = flights(self.layout, Granularity::Hour);
        let renamed = |text: &str| text.replace("flights", self.name);
        LakeTable {
            name: renamed(&flights.name),
            folder: renamed(&flights.folder),
            location: renamed(&flights.location),
            ..flights
        }
    }

    /// A file with one row of nulls, of columns such as `a:int,b:string`, as the pipeline writes it.
    pub(super) async fn write(&self, hour: i64, columns: &str) {
        let field = |column: &str| {
            let (name, data_type) = column.split_once(':').expect("name:type");
            let data_type = match data_type {
                "int" => DataType::Int32,
                "bigint" => DataType::Int64,
                "float" => DataType::Float32,
                _ => DataType::Utf8,
            };
            Field::new(name, data_type, true)
        };
        let fields: Vec<Field> = columns.split(',').map(field).collect();
        let count = fields.len();
        let schema = table_schema(&Schema::new(fields)).expect("a schema");
        let own: Vec<_> = schema.fields().iter().take(count).cloned().collect();
        let schema = Arc::new(Schema::new(own));
        let nulls = schema
            .fields()
            .iter()
            .map(|field| new_null_array(field.data_type(), 1));
        let batch = RecordBatch::try_new(Arc::clone(&schema), nulls.collect()).expect("a batch");
        let mut writer = TableWriter::new(Arc::new(TableSpec {
            kind: FileKind::Golden,
            database: "air".to_owned(),
            table: self.name.to_owned(),
            topic: "flights".to_owned(),
            layout: self.layout,
            granularity: Granularity::Hour,
            row_group_bytes: DEFAULT_ROW_GROUP_BYTES,
            compression: Compression::Snappy,
            pipeline: "flights".to_owned(),
            version: "1".to_owned(),
            schema_fingerprint: schema_fingerprint(&schema),
            schema,
            dictionary: BTreeMap::new(),
            bloom_filters: Vec::new(),
        }));
        writer
            .append(&batch, &[hour * 3_600_000_000])
            .expect("appended");
        let number = i64::from(self.files.fetch_add(1, Ordering::Relaxed));
        let cut = Cut {
            partition: 0,
            range: OffsetRange::new(number, number + 1),
            attempt: Uuid::from_u128(7),
            commit_id: format!("flights/flights/0/{number}"),
        };
        for file in writer.close(&cut).expect("closed") {
            self.put(&file.path, file.bytes.to_bytes()).await;
        }
    }

    /// A file of somebody else in a partition.
    pub(super) async fn put_foreign(&self, hour: i64, name: &str, text: &str) {
        let path = format!("{}{name}", self.table().partition_folder(&date(hour)));
        self.put(&path, Bytes::copy_from_slice(text.as_bytes()))
            .await;
    }

    async fn put(&self, path: &str, bytes: Bytes) {
        let length = bytes.len() as u64;
        let staged = self
            .store
            .stage("flights/flights/0/0.json", path, bytes.into())
            .await
            .expect("staged");
        self.store
            .publish(path, length, &staged)
            .await
            .expect("published");
    }
}

impl TableMap for Lake {
    fn parents(&self) -> Vec<String> {
        let folder = self.table().folder;
        folder.split('/').take(1).map(str::to_owned).collect()
    }

    fn table(&self, folder: &str) -> Option<LakeTable> {
        let table = Self::table(self);
        (table.folder == folder).then_some(table)
    }
}
