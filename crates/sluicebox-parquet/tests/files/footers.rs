use std::sync::Arc;

use parquet::basic::{Compression as Codec, Encoding, PageType};
use parquet::column::page::{Page, PageReader};
use parquet::file::reader::{FileReader, SerializedFileReader};
use sluicebox_parquet::inspect::{read_footer, read_lineage, read_offsets};
use sluicebox_parquet::{ClosedFile, Compression, Lineage, TableSpec, TableWriter};
use sluicebox_types::OffsetRange;
use xxhash_rust::xxh3::xxh3_128;

use crate::tables::{HOUR, SEPTEMBER, cut, flights, flights_batch, read, spec};

fn write(spec: TableSpec, rows: i64) -> ClosedFile {
    let mut writer = TableWriter::new(Arc::new(spec));
    let times: Vec<i64> = (0..rows).map(|row| SEPTEMBER + HOUR + row).collect();
    writer.append(&flights_batch(0..rows), &times).unwrap();
    writer.close(&cut(0, 1_000_000)).unwrap().remove(0)
}

/// The catalog can be rebuilt from the files alone.
#[test]
fn footers_tell_where_files_come_from() {
    let file = write(spec(&flights()), 10);
    let footer = read_footer(&file.bytes.to_bytes()).unwrap();
    assert_eq!(
        read_lineage(&footer),
        Ok(Lineage {
            pipeline: "flights".to_owned(),
            version: "0.1.0".to_owned(),
            commit_id: "flights/raw.flights/12/1842".to_owned(),
            topic: "raw.flights".to_owned(),
            partition: 12,
            range: OffsetRange::new(0, 1_000_000),
            rows: 10,
            schema_fingerprint: spec(&flights()).schema_fingerprint,
            event_time: [SEPTEMBER + HOUR, SEPTEMBER + HOUR + 9],
        })
    );
    let offsets: Vec<i64> = read_offsets(footer, file.bytes.to_bytes())
        .unwrap()
        .flat_map(Result::unwrap)
        .collect();
    assert!(offsets.into_iter().eq(0..10));
}

/// Other tools read these entries by name: names and forms are an interface.
#[test]
fn footer_entries_have_their_names_and_nothing_of_arrow() {
    let file = write(spec(&flights()), 1);
    let footer = read_footer(&file.bytes.to_bytes()).unwrap();
    let entries = footer.file_metadata().key_value_metadata().unwrap();
    let entries: Vec<_> = entries
        .iter()
        .map(|entry| (entry.key.as_str(), entry.value.as_deref().unwrap()))
        .collect();
    let fingerprint = spec(&flights()).schema_fingerprint;
    assert_eq!(
        entries,
        [
            ("sluicebox.pipeline", "flights"),
            ("sluicebox.version", "0.1.0"),
            ("sluicebox.commit_id", "flights/raw.flights/12/1842"),
            ("sluicebox.schema_fingerprint", &fingerprint),
            ("sluicebox.event_time_min", "1567299600000000"),
            ("sluicebox.event_time_max", "1567299600000000"),
            (
                "sluicebox.kafka",
                r#"{"topic":"raw.flights","partition":12,"start":0,"end":1000000}"#
            ),
        ]
    );
    assert!(
        footer
            .file_metadata()
            .created_by()
            .unwrap()
            .starts_with("sluicebox version 0.1.0 (")
    );
}

/// Old readers can read the files: format 1, data pages v1, and encodings of that time.
#[test]
fn files_are_of_format_one_with_data_pages_of_version_one() {
    let file = write(spec(&flights()), 5_000);
    let reader = SerializedFileReader::new(file.bytes.to_bytes()).unwrap();
    assert_eq!(reader.metadata().file_metadata().version(), 1);
    let row_group = reader.get_row_group(0).unwrap();
    for column in 0..row_group.num_columns() {
        assert_eq!(
            row_group.metadata().column(column).compression(),
            Codec::SNAPPY
        );
        let mut pages = row_group.get_column_page_reader(column).unwrap();
        while let Some(page) = next_page(&mut *pages) {
            assert_ne!(page.page_type(), PageType::DATA_PAGE_V2);
            let known = [
                Encoding::PLAIN,
                Encoding::PLAIN_DICTIONARY,
                Encoding::RLE_DICTIONARY,
            ];
            assert!(known.contains(&page.encoding()), "{}", page.encoding());
        }
    }
}

fn next_page(pages: &mut dyn PageReader) -> Option<Page> {
    pages.get_next_page().unwrap()
}

/// Readers can skip row groups and pages.
#[test]
fn chunks_have_statistics_and_page_indexes() {
    let file = write(spec(&flights()), 50_000);
    let footer = read_footer(&file.bytes.to_bytes()).unwrap();
    for column in footer.row_group(0).columns() {
        let statistics = column.statistics().unwrap();
        assert!(
            statistics.null_count_opt().is_some(),
            "{}",
            column.column_path()
        );
        assert!(column.column_index_offset().is_some() && column.offset_index_offset().is_some());
    }
}

/// A row group ends by its bytes, never by a number of rows. The next one begins behind its Bloom
/// filters, and all rows come out again.
#[test]
fn row_groups_end_by_bytes() {
    let small = TableSpec {
        row_group_bytes: 100_000,
        bloom_filters: vec!["n".to_owned()],
        ..spec(&flights())
    };
    let mut writer = TableWriter::new(Arc::new(small));
    for start in (0..100_000).step_by(5_000) {
        writer
            .append(&flights_batch(start..start + 5_000), &[SEPTEMBER; 5_000])
            .unwrap();
    }
    let file = writer.close(&cut(0, 100_000)).unwrap().remove(0);
    let rows = read(&file.bytes.to_bytes());
    assert_eq!(rows.columns(), flights_batch(0..100_000).columns());
    let footer = read_footer(&file.bytes.to_bytes()).unwrap();
    assert!(footer.num_row_groups() > 5);
    for row_group in footer.row_groups() {
        assert!(
            row_group.compressed_size() < 150_000,
            "{}",
            row_group.compressed_size()
        );
    }
    let offsets = read_offsets(footer, file.bytes.to_bytes()).unwrap();
    let offsets = offsets.flat_map(Result::unwrap);
    assert!(offsets.eq(0..100_000));
}

/// The checksum is that of the bytes, and the same rows give the same bytes.
#[test]
fn files_are_deterministic_and_carry_their_checksum() {
    let (one, two) = (
        write(spec(&flights()), 3_000),
        write(spec(&flights()), 3_000),
    );
    assert_eq!(one, two);
    assert_eq!(
        one.xxh3,
        format!("{:032x}", xxh3_128(&one.bytes.to_bytes()))
    );
}

/// The other codec is named in the file name and used in the file.
#[test]
fn zstd_is_an_option() {
    let file = write(
        TableSpec {
            compression: Compression::Zstd,
            ..spec(&flights())
        },
        10,
    );
    assert!(file.path.ends_with("-0.zstd.parquet"), "{}", file.path);
    let footer = read_footer(&file.bytes.to_bytes()).unwrap();
    assert!(matches!(
        footer.row_group(0).column(0).compression(),
        Codec::ZSTD(_)
    ));
}
