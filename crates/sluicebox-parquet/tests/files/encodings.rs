use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::basic::{Compression as Codec, ZstdLevel};
use sluicebox_parquet::inspect::read_footer;
use sluicebox_parquet::{
    Compression, SchemaError, TableSpec, TableWriter, WriteError, kafka_column, table_schema,
};
use xxhash_rust::xxh3::xxh3_128;

use crate::tables::{SEPTEMBER, cut, flights, flights_batch, spec};

fn schema() -> SchemaRef {
    let texts = ["carrier", "comment"].map(|name| Field::new(name, DataType::Utf8, true));
    table_schema(&Schema::new(texts.to_vec())).unwrap()
}

/// Rows with one of 16 carriers and a comment that never repeats.
fn batch(rows: i64) -> RecordBatch {
    let text = |name: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new(
            (0..rows)
                .map(|row| Some(name(row)))
                .collect::<StringArray>(),
        )
    };
    let columns: Vec<ArrayRef> = vec![
        text(&|row| format!("carrier {}", row % 16)),
        text(&|row| format!("comment {row}")),
        Arc::new(kafka_column("raw.flights", 12, (0..rows).collect(), &[])),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn write(writer: &mut TableWriter, rows: i64) -> Bytes {
    let times = vec![SEPTEMBER; usize::try_from(rows).unwrap()];
    writer.append(&batch(rows), &times).unwrap();
    writer
        .close(&cut(0, rows))
        .unwrap()
        .remove(0)
        .bytes
        .to_bytes()
}

fn dictionaries(file: &Bytes) -> Vec<String> {
    let footer = read_footer(file).unwrap();
    let columns = footer.row_group(0).columns();
    let with_dictionary = columns
        .iter()
        .filter(|c| c.dictionary_page_offset().is_some());
    with_dictionary
        .map(|column| column.column_path().string())
        .collect()
}

/// Free text pays for no dictionary, and what one file has taught holds for small ones after it.
#[test]
fn columns_learn_whether_a_dictionary_pays() {
    let mut writer = TableWriter::new(Arc::new(spec(&schema())));
    let repeating = ["carrier", "_kafka.topic", "_kafka.partition"];
    assert!(
        dictionaries(&write(&mut writer, 3)).contains(&"comment".to_owned()),
        "not known yet"
    );
    assert_eq!(dictionaries(&write(&mut writer, 2_000))[..3], repeating);
    assert!(!dictionaries(&write(&mut writer, 3)).contains(&"comment".to_owned()));
}

/// What is declared is not learned.
#[test]
fn declared_dictionaries_and_bloom_filters_are_obeyed() {
    let declared = TableSpec {
        dictionary: [("carrier".to_owned(), false), ("_kafka".to_owned(), true)].into(),
        bloom_filters: vec!["comment".to_owned()],
        ..spec(&schema())
    };
    let file = write(&mut TableWriter::new(Arc::new(declared)), 2_000);
    let all_of_kafka = dictionaries(&file);
    assert!(
        all_of_kafka.contains(&"_kafka.offset".to_owned()),
        "{all_of_kafka:?}"
    );
    assert!(
        !all_of_kafka.contains(&"carrier".to_owned()),
        "{all_of_kafka:?}"
    );
    let footer = read_footer(&file).unwrap();
    let with_filter: Vec<bool> = footer
        .row_group(0)
        .columns()
        .iter()
        .map(|c| c.bloom_filter_offset().is_some())
        .collect();
    assert_eq!(with_filter[..3], [false, true, false]);
}

/// Random ids are not compressed, and come back as they were; the columns beside them are. What one
/// file has taught holds for small ones after it.
#[test]
fn columns_learn_whether_snappy_pays() {
    let ids: Vec<String> = (0..2_000_u64)
        .map(|row| format!("{:032x}", xxh3_128(&row.to_le_bytes())))
        .collect();
    let mut columns = batch(2_000).columns().to_vec();
    columns[1] = Arc::new(StringArray::from_iter_values(&ids));
    let rows = RecordBatch::try_new(schema(), columns).unwrap();
    for (compression, expected) in [
        (Compression::Snappy, Codec::UNCOMPRESSED),
        (Compression::Zstd, Codec::ZSTD(ZstdLevel::default())),
    ] {
        let spec = TableSpec {
            compression,
            ..spec(&schema())
        };
        let mut writer = TableWriter::new(Arc::new(spec));
        for rows in [rows.clone(), rows.slice(0, 3)] {
            let count = rows.num_rows();
            writer.append(&rows, &vec![SEPTEMBER; count]).unwrap();
            let file = writer.close(&cut(0, 2_000)).unwrap().remove(0);
            let file = file.bytes.to_bytes();
            let footer = read_footer(&file).unwrap();
            let [carrier, comment, ..] = footer.row_group(0).columns() else {
                panic!("two columns")
            };
            assert_eq!(comment.compression(), expected);
            assert_ne!(carrier.compression(), Codec::UNCOMPRESSED);
            let mut reader = ParquetRecordBatchReader::try_new(file, 2_000).unwrap();
            let read = reader.next().unwrap().unwrap();
            let read = read.column(1).as_string::<i32>().iter().flatten();
            assert!(read.eq(ids.iter().take(count)));
        }
    }
}

/// A misspelt column is found at the first append, by name.
#[test]
fn settings_of_unknown_columns_are_refused() {
    let misspelt = TableSpec {
        bloom_filters: vec!["txet".to_owned()],
        ..spec(&flights())
    };
    let refused = TableWriter::new(Arc::new(misspelt)).append(&flights_batch([0]), &[SEPTEMBER]);
    let Err(WriteError::Schema(SchemaError::UnknownColumn { setting, column })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((setting, column.as_str()), ("bloom_filters", "txet"));
}
