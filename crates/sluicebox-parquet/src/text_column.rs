use std::io::{self, Write};

use arrow::array::AsArray;
use bytes::Bytes;
use parquet::basic::{Compression as Codec, Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats,
};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use crate::bounds::Bounds;
use crate::file_memory::FileMemory;
use crate::leaves::Leaf;
use crate::snappy::Snappy;
use crate::text_page::TextPage;

/// Bytes of a page's header at most, which is but a few numbers.
const HEADER_BYTES_MAX: usize = 64;

/// One column of texts in one row group: what Parquet's own writer would write without a dictionary,
/// but straight from the arrays that the texts were decoded into.
pub(crate) struct TextColumn {
    description: ColumnDescPtr,
    codec: Codec,
    memory: FileMemory,
    page: TextPage,
    written: Vec<Bytes>,
    pages: usize,
    rows: usize,
    nulls: usize,
    text_bytes: usize,
    plain_bytes: usize,
    written_bytes: usize,
    bounds: Option<Bounds>,
    column_index: ColumnIndexBuilder,
    offset_index: OffsetIndexBuilder,
}

impl TextColumn {
    /// A column whose pages end at `page_bytes` and lie in `memory`. The codec is Snappy or none.
    pub(crate) fn new(
        description: ColumnDescPtr,
        codec: Codec,
        page_bytes: usize,
        memory: FileMemory,
    ) -> Result<Self> {
        let level_max = u8::try_from(description.max_def_level())?;
        Ok(Self {
            column_index: ColumnIndexBuilder::new(description.physical_type()),
            offset_index: OffsetIndexBuilder::new(),
            description,
            codec,
            memory,
            page: TextPage::new(level_max, page_bytes),
            written: Vec::new(),
            pages: 0,
            rows: 0,
            nulls: 0,
            text_bytes: 0,
            plain_bytes: 0,
            written_bytes: 0,
            bounds: None,
        })
    }

    /// Adds these rows of a leaf.
    pub(crate) fn append(
        &mut self,
        leaf: &Leaf<'_>,
        rows: impl Iterator<Item = usize>,
        snappy: &mut Snappy,
    ) -> Result<()> {
        let texts = leaf.values.as_string::<i32>();
        for row in rows {
            let level = leaf.definition_level(row);
            let text = (level == leaf.level_max).then(|| texts.value(row));
            if !self.page.has_room_for(text) {
                self.end_page(snappy)?;
            }
            match text {
                Some(text) => self.page.push(text),
                None => self.page.push_null(u8::try_from(level)?),
            }
        }
        Ok(())
    }

    /// About how many bytes it has in the file.
    pub(crate) fn bytes(&self) -> usize {
        self.written_bytes + self.page.len()
    }

    /// Bytes of memory, without the complete pages, which are the file's.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.page.memory_bytes() + self.bounds.as_ref().map_or(0, Bounds::memory_bytes)
    }

    /// The pages, and what the footer says about them.
    pub(crate) fn close(mut self, snappy: &mut Snappy) -> Result<(Vec<Bytes>, ColumnCloseResult)> {
        if self.page.rows() > 0 {
            self.end_page(snappy)?;
        }
        let encoding_stats = PageEncodingStats {
            page_type: PageType::DATA_PAGE,
            encoding: Encoding::PLAIN,
            count: i32::try_from(self.pages)?,
        };
        let metadata = ColumnChunkMetaData::builder(self.description)
            .set_compression(self.codec)
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE])
            .set_page_encoding_stats(vec![encoding_stats])
            .set_total_compressed_size(i64::try_from(self.written_bytes)?)
            .set_total_uncompressed_size(i64::try_from(self.plain_bytes)?)
            .set_num_values(i64::try_from(self.rows)?)
            .set_data_page_offset(0)
            .set_statistics(statistics(self.bounds.as_ref(), self.nulls))
            .set_unencoded_byte_array_data_bytes(Some(i64::try_from(self.text_bytes)?))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: self.written_bytes as u64,
            rows_written: self.rows as u64,
            metadata,
            bloom_filter: None,
            column_index: Some(self.column_index.build()?),
            offset_index: Some(self.offset_index.build()),
        };
        Ok((self.written, close))
    }

    fn end_page(&mut self, snappy: &mut Snappy) -> Result<()> {
        let plain = self.page.plain();
        let plain_bytes = plain.len();
        let data = match self.codec {
            Codec::SNAPPY => snappy.compress(plain, &self.memory)?,
            _ => self.memory.keep(plain),
        };
        let page = Page::DataPage {
            buf: data.clone(),
            num_values: u32::try_from(self.page.rows())?,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let mut beginning = TrackedWrite::new(Beginning::default());
        let page = CompressedPage::new(page, plain_bytes);
        let written = SerializedPageWriter::new(&mut beginning).write_page(page)?;
        let beginning = beginning.into_inner()?.0;
        let header = beginning.get(..written.compressed_size - data.len());
        self.written
            .push(self.memory.keep(header.ok_or_else(too_long)?));
        self.written.push(data);
        self.index_page(written.compressed_size)?;
        self.pages += 1;
        self.rows += self.page.rows();
        self.nulls += self.page.nulls();
        self.text_bytes += self.page.text_bytes();
        self.plain_bytes += written.uncompressed_size;
        self.written_bytes += written.compressed_size;
        self.page.clear();
        Ok(())
    }

    /// What the page index says of the page at hand.
    fn index_page(&mut self, written_bytes: usize) -> Result<()> {
        let nulls = i64::try_from(self.page.nulls())?;
        match self.page.bounds() {
            None => self.column_index.append(true, vec![], vec![], nulls),
            Some(page) => {
                let (lower, upper) = (page.lower().0.into(), page.upper().0.into());
                self.column_index.append(false, lower, upper, nulls);
                match &mut self.bounds {
                    Some(bounds) => bounds.widen_by(page),
                    none => *none = Some(page.clone()),
                }
            }
        }
        let (offset, bytes) = (
            i64::try_from(self.written_bytes)?,
            i32::try_from(written_bytes)?,
        );
        let index = &mut self.offset_index;
        index.append_row_count(i64::try_from(self.page.rows())?);
        index.append_offset_and_size(offset, bytes);
        let text_bytes = i64::try_from(self.page.text_bytes())?;
        index.append_unencoded_byte_array_data_bytes(Some(text_bytes));
        Ok(())
    }
}

/// Keeps the first bytes of what is written: of a page its header.
#[derive(Default)]
struct Beginning(Vec<u8>);

impl Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = HEADER_BYTES_MAX - self.0.len();
        self.0.extend(bytes.iter().take(room));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_long() -> ParquetError {
    ParquetError::General(format!("a page's header has over {HEADER_BYTES_MAX} bytes"))
}

fn statistics(bounds: Option<&Bounds>, nulls: usize) -> Statistics {
    let (min, min_is_exact) = bounds.map(Bounds::lower).unzip();
    let (max, max_is_exact) = bounds.map(Bounds::upper).unzip();
    let statistics = ValueStatistics::new(
        min.map(|min| ByteArray::from(min.as_bytes().to_vec())),
        max.map(|max| ByteArray::from(max.into_bytes())),
        None,
        Some(nulls as u64),
        false,
    );
    Statistics::ByteArray(
        statistics
            .with_min_is_exact(min_is_exact.unwrap_or(true))
            .with_max_is_exact(max_is_exact.unwrap_or(true)),
    )
}
