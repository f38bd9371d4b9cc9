use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::properties::{
    DEFAULT_CREATED_BY, EnabledStatistics, WriterProperties, WriterVersion,
};
use parquet::schema::types::{ColumnPath, SchemaDescriptor};
use xxhash_rust::xxh3::xxh3_64;

use crate::file_memory::{FileBuffer, FileMemory};
use crate::schema::check_types;
use crate::{Compression, SchemaError, TableSpec};

/// Size at which a data page ends, before compression. Each column of an open row group holds one
/// page uncompressed, so that a wide table pays for large pages with memory; Snappy gains nothing from
/// more than 64 KiB.
const PAGE_BYTES: usize = 128 * 1024;

/// Values of a column that are looked at before a file is opened.
const SAMPLE_VALUES: usize = 1_024;

/// With fewer values than this a sample says nothing.
const SAMPLE_VALUES_MIN: usize = 64;

/// How a table's columns are written: opens encoders, and decides for each column whether a
/// dictionary pays.
///
/// A dictionary on free text costs a third more time and a megabyte per column for nothing: it is
/// given up only when it has outgrown its page, in every row group anew. So each file looks at its
/// first values; what it learns also holds for later files whose first rows are too few to tell.
#[derive(Debug)]
pub(crate) struct ColumnEncodings {
    schema: SchemaRef,
    parquet_schema: SchemaDescriptor,
    base: WriterProperties,
    leaves: Vec<Leaf>,
}

#[derive(Debug)]
struct Leaf {
    path: ColumnPath,
    declared: Option<bool>,
    dictionary: bool,
}

impl ColumnEncodings {
    /// Works out the Parquet schema and the properties that all files of the table share.
    pub(crate) fn new(spec: &TableSpec) -> Result<Self, SchemaError> {
        check_types(&spec.schema)?;
        let parquet_schema = ArrowSchemaConverter::new()
            .with_coerce_types(true)
            .schema_root("schema")
            .convert(&spec.schema)
            .map_err(|error| SchemaError::NoParquetForm(error.to_string()))?;
        let paths: Vec<ColumnPath> = parquet_schema
            .columns()
            .iter()
            .map(|column| column.path().clone())
            .collect();
        check_names("dictionary", spec.dictionary.keys(), &paths)?;
        check_names("bloom_filters", &spec.bloom_filters, &paths)?;
        let base = shared_properties(spec, &paths);
        let leaves = paths
            .into_iter()
            .map(|path| {
                let text = path.string();
                let declared = spec.dictionary.iter().find(|(name, _)| covers(name, &text));
                let declared = declared.map(|(_, &declared)| declared);
                Leaf {
                    path,
                    declared,
                    dictionary: declared.unwrap_or(true),
                }
            })
            .collect();
        Ok(Self {
            schema: Arc::clone(&spec.schema),
            parquet_schema,
            base,
            leaves,
        })
    }

    /// An encoder for a file whose first rows are `first`.
    pub(crate) fn open(
        &mut self,
        first: &RecordBatch,
    ) -> Result<ArrowWriter<FileBuffer>, parquet::errors::ParquetError> {
        self.learn(first);
        let mut properties = self.base.clone().into_builder();
        for leaf in &self.leaves {
            properties =
                properties.set_column_dictionary_enabled(leaf.path.clone(), leaf.dictionary);
        }
        let memory = FileMemory::default();
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true)
            .with_page_store_factory(Arc::new(memory.clone()))
            .with_parquet_schema(self.parquet_schema.clone());
        ArrowWriter::try_new_with_options(
            FileBuffer::new(memory),
            Arc::clone(&self.schema),
            options,
        )
    }

    /// How many leaf columns the table has.
    pub(crate) const fn leaf_count(&self) -> usize {
        self.leaves.len()
    }

    fn learn(&mut self, first: &RecordBatch) {
        let mut arrays = Vec::with_capacity(self.leaves.len());
        first
            .columns()
            .iter()
            .for_each(|column| collect_leaves(column, &mut arrays));
        for (leaf, array) in self.leaves.iter_mut().zip(&arrays) {
            if leaf.declared.is_none() {
                leaf.dictionary = dictionary_pays(array).unwrap_or(leaf.dictionary);
            }
        }
    }
}

/// The properties that do not depend on what a file holds.
fn shared_properties(spec: &TableSpec, paths: &[ColumnPath]) -> WriterProperties {
    let codec = match spec.compression {
        Compression::Snappy => Codec::SNAPPY,
        Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
    };
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(format!(
            "sluicebox version {} (build {DEFAULT_CREATED_BY})",
            spec.version
        ))
        .set_compression(codec)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_coerce_types(true)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_max_row_group_row_count(None)
        .set_max_row_group_bytes(Some(spec.row_group_bytes.max(1)));
    for path in paths {
        let text = path.string();
        if spec.bloom_filters.iter().any(|name| covers(name, &text)) {
            properties = properties.set_column_bloom_filter_enabled(path.clone(), true);
        }
    }
    properties.build()
}

fn check_names<'a>(
    setting: &'static str,
    names: impl IntoIterator<Item = &'a String>,
    paths: &[ColumnPath],
) -> Result<(), SchemaError> {
    for name in names {
        if !paths.iter().any(|path| covers(name, &path.string())) {
            return Err(SchemaError::UnknownColumn {
                setting,
                column: name.clone(),
            });
        }
    }
    Ok(())
}

/// Whether `name` is the leaf at `path`, or something that it lies in.
fn covers(name: &str, path: &str) -> bool {
    path.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The leaf arrays below `array` in the order of Parquet's columns: depth first.
fn collect_leaves(array: &ArrayRef, leaves: &mut Vec<ArrayRef>) {
    match array.data_type() {
        DataType::Struct(_) => {
            array
                .as_struct()
                .columns()
                .iter()
                .for_each(|member| collect_leaves(member, leaves));
        }
        DataType::List(_) => collect_leaves(array.as_list::<i32>().values(), leaves),
        DataType::Map(_, _) => {
            array
                .as_map()
                .entries()
                .columns()
                .iter()
                .for_each(|side| collect_leaves(side, leaves));
        }
        _ => leaves.push(Arc::clone(array)),
    }
}

/// Whether more than half of the first values are repeats; none if there are too few to tell. A
/// short sample must be nearly free of repeats to count as free text, as repeats take time to show.
fn dictionary_pays(leaf: &ArrayRef) -> Option<bool> {
    let mut hashes = hash_values(leaf);
    let values = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    let distinct = hashes.len();
    match values {
        SAMPLE_VALUES.. => Some(distinct * 2 <= values),
        SAMPLE_VALUES_MIN.. => Some(distinct * 10 <= values * 9),
        _ => None,
    }
}

fn hash_values(leaf: &ArrayRef) -> Vec<u64> {
    match leaf.data_type() {
        DataType::Utf8 => first_hashes(leaf.as_string::<i32>().iter()),
        DataType::Binary => first_hashes(leaf.as_binary::<i32>().iter()),
        _ => hash_fixed_width(leaf).unwrap_or_default(),
    }
}

fn first_hashes(values: impl Iterator<Item = Option<impl AsRef<[u8]>>>) -> Vec<u64> {
    values
        .flatten()
        .take(SAMPLE_VALUES)
        .map(|value| xxh3_64(value.as_ref()))
        .collect()
}

/// Booleans have no width in bytes, and never a dictionary.
fn hash_fixed_width(leaf: &ArrayRef) -> Option<Vec<u64>> {
    let width = leaf.data_type().primitive_width()?;
    let data = leaf.to_data();
    let values = data
        .buffers()
        .first()?
        .as_slice()
        .chunks_exact(width)
        .skip(data.offset());
    let present = values
        .take(data.len())
        .enumerate()
        .filter(|&(row, _)| data.is_valid(row))
        .take(SAMPLE_VALUES)
        .map(|(_, value)| xxh3_64(value));
    Some(present.collect())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};

    use super::*;

    fn texts(rows: usize, distinct: usize) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            (0..rows).map(|row| format!("v{}", row % distinct)),
        ))
    }

    /// Free text gets no dictionary, names get one, and a handful of values decides nothing.
    #[test]
    fn repeats_decide_on_the_dictionary() {
        for (array, pays) in [
            (texts(5_000, 5_000), Some(false)),
            (texts(5_000, 600), Some(false)),
            (texts(5_000, 500), Some(true)),
            (texts(100, 100), Some(false)),
            (texts(100, 60), Some(true)),
            (texts(63, 63), None),
        ] {
            assert_eq!(dictionary_pays(&array), pays);
        }
    }

    /// Numbers are judged like texts; nulls count for nothing.
    #[test]
    fn nulls_are_no_values() {
        let offsets: ArrayRef = Arc::new(Int64Array::from_iter_values(0..2_000));
        assert_eq!(dictionary_pays(&offsets.slice(500, 1_500)), Some(false));
        let sparse: ArrayRef = Arc::new(
            (0..2_000)
                .map(|n| (n % 50 == 0).then_some(n))
                .collect::<Int64Array>(),
        );
        assert_eq!(dictionary_pays(&sparse), None);
    }

    /// A name covers the column itself and what lies in it, not its neighbours.
    #[test]
    fn names_cover_whole_columns() {
        for (name, path, covered) in [
            ("tags", "tags.list.element", true),
            ("tags.list.element", "tags.list.element", true),
            ("tag", "tags.list.element", false),
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
        ] {
            assert_eq!(covers(name, path), covered, "{name} {path}");
        }
    }
}
