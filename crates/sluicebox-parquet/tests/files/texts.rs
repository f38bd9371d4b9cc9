use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, StructArray,
};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::basic::Compression;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use sluicebox_parquet::{TableSpec, TableWriter, kafka_column, table_schema};

use crate::tables::{SEPTEMBER, cut, read, spec};

/// Texts at three depths, numbers between them.
fn schema() -> SchemaRef {
    let inner = Fields::from(vec![Field::new("c", DataType::Utf8, true)]);
    let outer = Fields::from(vec![
        Field::new("n", DataType::Int64, true),
        Field::new("b", DataType::Utf8, true),
        Field::new("inner", DataType::Struct(inner), true),
    ]);
    table_schema(&Schema::new(vec![
        Field::new("a", DataType::Utf8, true),
        Field::new("outer", DataType::Struct(outer), true),
    ]))
    .unwrap()
}

fn members(field: &Field) -> Fields {
    match field.data_type() {
        DataType::Struct(members) => members.clone(),
        _ => Fields::empty(),
    }
}

/// What a load of rows looks like.
#[derive(Clone, Debug)]
struct Load {
    seed: u64,
    /// Of each append.
    rows: Vec<usize>,
    length_max: usize,
    /// Of a hundred.
    nulls: u8,
    /// Rows that are left out, of a hundred.
    left_out: u8,
}

/// What is appended at once, and which rows of it are kept.
type Append = (RecordBatch, Vec<bool>);

fn loads() -> impl Strategy<Value = Load> {
    let rows = prop::collection::vec(1_usize..1_500, 1..5);
    let length_max = prop_oneof![Just(0_usize), Just(20), Just(500), Just(5_000)];
    let nulls = prop_oneof![Just(0_u8), Just(10), Just(90), Just(100)];
    let left_out = prop_oneof![Just(0_u8), Just(2), Just(60)];
    let load = (any::<u64>(), rows, length_max, nulls, left_out);
    load.prop_map(|(seed, rows, length_max, nulls, left_out)| Load {
        seed,
        rows,
        length_max,
        nulls,
        left_out,
    })
}

impl Load {
    fn appends(&self) -> Vec<Append> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let rows = self.rows.iter();
        let append = |rows: &usize| {
            let batch = self.batch(*rows, &mut random);
            let mut kept = shares(*rows, self.left_out, &mut random);
            kept[0] = true;
            (batch, kept)
        };
        rows.map(append).collect()
    }

    fn batch(&self, rows: usize, random: &mut fastrand::Rng) -> RecordBatch {
        let schema = schema();
        let outer = members(schema.field(1));
        let inner = members(&outer[2]);
        let c = self.texts(rows, random);
        let inner = StructArray::new(
            inner,
            vec![c],
            Some(shares(rows, self.nulls, random).into()),
        );
        let n = Int64Array::from_iter_values((0..).take(rows));
        let columns: Vec<ArrayRef> = vec![Arc::new(n), self.texts(rows, random), Arc::new(inner)];
        let outer = StructArray::new(
            outer,
            columns,
            Some(shares(rows, self.nulls, random).into()),
        );
        let kafka = kafka_column("raw.flights", 12, (0..).take(rows).collect(), &[]);
        let columns: Vec<ArrayRef> =
            vec![self.texts(rows, random), Arc::new(outer), Arc::new(kafka)];
        RecordBatch::try_new(schema, columns).unwrap()
    }

    fn texts(&self, rows: usize, random: &mut fastrand::Rng) -> ArrayRef {
        let texts = shares(rows, self.nulls, random)
            .into_iter()
            .map(|is_there| {
                let length = random.usize(0..=self.length_max);
                let text = (0..length).map(|_| ['a', 'b', 'ß', '€', '😀'][random.usize(0..5)]);
                is_there.then(|| text.collect::<String>())
            });
        Arc::new(texts.collect::<StringArray>())
    }

    fn write(&self, appends: &[Append]) -> Bytes {
        let spec = TableSpec {
            dictionary: [("a".to_owned(), false), ("outer".to_owned(), false)].into(),
            row_group_bytes: 1_000_000,
            ..spec(&schema())
        };
        let mut writer = TableWriter::new(Arc::new(spec));
        for (batch, kept) in appends {
            let times = vec![SEPTEMBER; batch.num_rows()];
            writer.append_kept(batch, &times, kept).unwrap();
        }
        let mut files = writer.close(&cut(0, 10_000)).unwrap();
        files.remove(0).bytes.to_bytes()
    }
}

/// False for so many of a hundred.
fn shares(rows: usize, hundredths: u8, random: &mut fastrand::Rng) -> Vec<bool> {
    let shares = (0..rows).map(|_| random.u8(0..100) >= hundredths);
    shares.collect()
}

/// The rows that are kept.
fn kept_rows(appends: &[Append]) -> RecordBatch {
    let kept = appends.iter().map(|(batch, kept)| {
        filter_record_batch(batch, &BooleanArray::from(kept.clone())).unwrap()
    });
    concat_batches(&schema(), &kept.collect::<Vec<_>>()).unwrap()
}

fn footer(file: &Bytes) -> Arc<ParquetMetaData> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options);
    Arc::clone(reader.unwrap().metadata())
}

/// Those rows as Parquet's own writer writes them, in one row group.
fn by_the_library(rows: &RecordBatch) -> Bytes {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), Some(properties)).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    file.into()
}

/// The texts of a leaf in some rows.
fn texts(rows: &RecordBatch, path: &str) -> Vec<Option<String>> {
    let mut names = path.split('.');
    let mut array = Arc::clone(rows.column_by_name(names.next().unwrap()).unwrap());
    let mut is_there = vec![true; rows.num_rows()];
    for name in names {
        let parent = array.as_struct().clone();
        (0..parent.len()).for_each(|row| is_there[row] &= parent.is_valid(row));
        array = Arc::clone(parent.column_by_name(name).unwrap());
    }
    let texts = array.as_string::<i32>().iter().zip(is_there);
    texts
        .map(|(text, is_there)| text.filter(|_| is_there).map(str::to_owned))
        .collect()
}

/// The rows of each page of a column chunk.
fn page_rows(footer: &ParquetMetaData, row_group: usize, column: usize) -> Vec<Range<usize>> {
    let pages = footer.offset_index().unwrap()[row_group][column].page_locations();
    let end = footer.row_group(row_group).num_rows();
    let ends = pages[1..]
        .iter()
        .map(|page| page.first_row_index)
        .chain([end]);
    let rows = pages.iter().zip(ends);
    rows.map(|(page, end)| {
        usize::try_from(page.first_row_index).unwrap()..usize::try_from(end).unwrap()
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The pages of texts that are not the library's hold what was given, be it missing, nested or
    /// long, and the footer says of them what the library's would.
    #[test]
    fn texts_come_back_and_the_footer_is_right(load in loads()) {
        let appends = load.appends();
        let rows = kept_rows(&appends);
        let file = load.write(&appends);
        let found = read(&file);
        prop_assert_eq!(found.columns(), rows.columns());

        let footer = footer(&file);
        let mut start = 0;
        for (index, row_group) in footer.row_groups().iter().enumerate() {
            let length = usize::try_from(row_group.num_rows()).unwrap();
            let rows = rows.slice(start, length);
            start += length;
            let theirs = self::footer(&by_the_library(&rows));
            for (column, path) in [(0, "a"), (2, "outer.b"), (3, "outer.inner.c")] {
                let (ours, theirs) = (row_group.column(column), theirs.row_group(0).column(column));
                prop_assert_eq!(ours.statistics(), theirs.statistics());
                prop_assert_eq!(ours.num_values(), theirs.num_values());
                prop_assert_eq!(
                    ours.unencoded_byte_array_data_bytes(),
                    theirs.unencoded_byte_array_data_bytes()
                );
                let texts = texts(&rows, path);
                let ColumnIndexMetaData::BYTE_ARRAY(pages) = &footer.column_index().unwrap()[index][column] else {
                    panic!("{path} has an index of bytes")
                };
                for (page, rows) in page_rows(&footer, index, column).into_iter().enumerate() {
                    let texts = &texts[rows];
                    let nulls = texts.iter().filter(|text| text.is_none()).count();
                    prop_assert_eq!(pages.null_count(page), Some(i64::try_from(nulls).unwrap()));
                    prop_assert_eq!(pages.is_null_page(page), nulls == texts.len());
                    for text in texts.iter().flatten() {
                        prop_assert!(pages.min_value(page).unwrap() <= text.as_bytes());
                        prop_assert!(pages.max_value(page).unwrap() >= text.as_bytes());
                    }
                }
            }
        }
    }

    /// Who reads only some rows finds them by the index of the pages.
    #[test]
    fn pages_are_found_by_their_rows(load in loads(), skipped in 0_usize..3_000, taken in 1_usize..50) {
        let appends = load.appends();
        let rows = kept_rows(&appends);
        let skipped = skipped.min(rows.num_rows() - 1);
        let taken = taken.min(rows.num_rows() - skipped);
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(load.write(&appends), options);
        let selection = RowSelection::from_consecutive_ranges(
            std::iter::once(skipped..skipped + taken),
            rows.num_rows(),
        );
        let reader = reader.unwrap().with_row_selection(selection).build().unwrap();
        let found = reader.map(Result::unwrap).collect::<Vec<_>>();
        let found = concat_batches(&found[0].schema(), &found).unwrap();
        let expected = rows.slice(skipped, taken);
        prop_assert_eq!(found.columns(), expected.columns());
    }
}
