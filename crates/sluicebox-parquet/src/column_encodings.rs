use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression as Codec, LogicalType, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{
    DEFAULT_CREATED_BY, EnabledStatistics, WriterProperties, WriterVersion,
};
use parquet::schema::types::{ColumnPath, SchemaDescriptor};

use crate::file_encoder::FileEncoder;
use crate::file_memory::{FileBuffer, FileMemory};
use crate::leaves::leaves;
use crate::sample::{dictionary_pays, snappy_pays};
use crate::schema::check_types;
use crate::selection::SelectedRows;
use crate::snappy::Snappy;
use crate::text_page::LEVEL_MAX;
use crate::{Compression, SchemaError, TableSpec};

/// Size at which a data page ends, before compression. Each column of an open row group holds one
/// page uncompressed, so that a wide table pays for large pages with memory. Snappy, which compresses
/// blocks of 64 KiB, gains nothing from more.
const PAGE_BYTES: usize = 64 * 1024;

/// Of so many files one tries Snappy again on columns that it has judged: in a small file a trial costs
/// as much as a tenth of writing it.
const TRIAL_FILES: u64 = 16;

/// How a table's columns are written: opens encoders, and decides for each column whether a
/// dictionary pays, and whether Snappy does.
///
/// A dictionary on free text costs a third more time and a megabyte per column for nothing: it is
/// given up only when it has outgrown its page, in every row group anew. Snappy is slowest where it
/// finds least: on random ids it takes longer than on text, to save a tenth. So each
/// file looks at its first values; what it learns also holds for later files whose first rows are
/// too few to tell.
#[derive(Debug)]
pub(crate) struct ColumnEncodings {
    schema: SchemaRef,
    parquet_schema: SchemaDescriptor,
    base: WriterProperties,
    leaves: Vec<LeafEncoding>,
    opened: u64,
    /// What all files of the table compress texts with.
    pub(crate) snappy: Snappy,
}

#[derive(Debug)]
struct LeafEncoding {
    path: ColumnPath,
    declared: Option<bool>,
    dictionary: bool,
    /// What the last trial said; none without one, as with a dictionary or another codec.
    snappy: Option<bool>,
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
                LeafEncoding {
                    path,
                    declared,
                    dictionary: declared.unwrap_or(true),
                    snappy: None,
                }
            })
            .collect();
        Ok(Self {
            schema: Arc::clone(&spec.schema),
            parquet_schema,
            base,
            leaves,
            opened: 0,
            snappy: Snappy::new(),
        })
    }

    /// An encoder for a file whose first rows are those of `runs`.
    pub(crate) fn open(&mut self, runs: &[SelectedRows]) -> Result<FileEncoder, ParquetError> {
        self.learn(runs);
        let mut properties = self.base.clone().into_builder();
        for leaf in &self.leaves {
            properties =
                properties.set_column_dictionary_enabled(leaf.path.clone(), leaf.dictionary);
            if !leaf.dictionary && leaf.snappy == Some(false) {
                properties =
                    properties.set_column_compression(leaf.path.clone(), Codec::UNCOMPRESSED);
            }
        }
        let memory = FileMemory::default();
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true)
            .with_page_store_factory(Arc::new(memory.clone()))
            .with_parquet_schema(self.parquet_schema.clone());
        let writer = ArrowWriter::try_new_with_options(
            FileBuffer::new(memory.clone()),
            Arc::clone(&self.schema),
            options,
        )?;
        let is_text = (0..).zip(&self.leaves);
        let is_text = is_text.map(|(index, leaf)| self.is_text(index, leaf));
        FileEncoder::new(writer, memory, is_text.collect())
    }

    /// Whether a column is written by [`crate::text_column::TextColumn`].
    fn is_text(&self, index: usize, leaf: &LeafEncoding) -> bool {
        let column = self.parquet_schema.column(index);
        !leaf.dictionary
            && column.logical_type_ref() == Some(&LogicalType::String)
            && column.max_rep_level() == 0
            && column.max_def_level() <= i16::from(LEVEL_MAX)
            && self.base.compression(&leaf.path) == Codec::SNAPPY
            && self.base.bloom_filter_properties(&leaf.path).is_none()
    }

    /// How many leaf columns the table has.
    pub(crate) const fn leaf_count(&self) -> usize {
        self.leaves.len()
    }

    /// Looks at the batches of these runs. That rows are left out of them says nothing about a column.
    fn learn(&mut self, runs: &[SelectedRows]) {
        let tries = self.opened.is_multiple_of(TRIAL_FILES);
        self.opened = self.opened.wrapping_add(1);
        let runs = runs.iter().map(|run| leaves(run.batch()));
        let runs: Vec<_> = runs.collect();
        for (index, leaf) in self.leaves.iter_mut().enumerate() {
            let values = runs.iter().filter_map(|leaves| leaves.get(index));
            let values: Vec<_> = values.map(|leaf| leaf.values).collect();
            if leaf.declared.is_none() {
                leaf.dictionary = dictionary_pays(&values).unwrap_or(leaf.dictionary);
            }
            let is_snappy = self.base.compression(&leaf.path) == Codec::SNAPPY;
            if is_snappy && !leaf.dictionary && (tries || leaf.snappy.is_none()) {
                leaf.snappy = snappy_pays(&values).or(leaf.snappy);
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

#[cfg(test)]
mod tests {
    use super::*;

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
