use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{SchemaRef, Utf8Type};
use sluicebox_types::{Reject, RejectReason, TableSchema};

use crate::arrow_schema::arrow_schema;
use crate::buffer::{ByteBuffer, ColumnBuffer};
use crate::fault::Fault;
use crate::json::{JsonReader, Scratch};
use crate::object::ObjectColumns;
use crate::schema::{SchemaError, check};
use crate::unknown::{Record, UnknownFields, UnknownSink};

/// Bytes of JSON after which a batch is full. No column can hold more than was read, so its 32-bit
/// offsets reach four times as far.
const BATCH_BYTES_MAX: usize = 512 << 20;

/// Limits and policies for the records of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeOptions {
    /// What becomes of fields that the schema does not declare. Default: ignore.
    pub unknown_fields: UnknownFields,
    /// How many objects and arrays may be open at once, the record itself included; a record with
    /// more is `too_deep`. Default: 64.
    pub max_depth: usize,
    /// Largest value in bytes; a larger one is `too_large` before it is looked at. More than 512 MiB
    /// counts as 512 MiB. Default: 16 MiB.
    pub max_value_bytes: usize,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        let unknown_fields = UnknownFields::default();
        Self {
            unknown_fields,
            max_depth: 64,
            max_value_bytes: 16 << 20,
        }
    }
}

/// Gathers JSON records into Arrow batches of one schema.
pub struct JsonDecoder {
    options: DecodeOptions,
    schema: SchemaRef,
    columns: ObjectColumns,
    extra: Option<ByteBuffer<Utf8Type>>,
    scratch: Scratch,
    unknown: UnknownSink,
    unknown_fields: u64,
    rows: usize,
    default_bytes: usize,
    batch_bytes: usize,
}

impl JsonDecoder {
    /// A decoder without rows. The error holds every mistake of the schema.
    pub fn new(schema: &TableSchema, options: DecodeOptions) -> Result<Self, SchemaError> {
        let mut mistakes = check(schema, options.max_depth)?;
        let keeps = options.unknown_fields == UnknownFields::Keep;
        let arrow = arrow_schema(schema, keeps);
        let columns = ObjectColumns::new(&schema.columns, arrow.fields(), "", &mut mistakes);
        mistakes.into_result()?;
        Ok(Self {
            unknown: UnknownSink::new(options.unknown_fields),
            options,
            schema: arrow,
            default_bytes: columns.default_bytes(),
            columns,
            extra: keeps.then(ByteBuffer::new),
            scratch: Scratch::default(),
            unknown_fields: 0,
            rows: 0,
            batch_bytes: 0,
        })
    }

    /// The schema of the batches: columns in the order declared, all of them nullable, then `_extra`
    /// if unknown fields are kept.
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Adds one record as a row. If it is rejected, nothing is added.
    pub fn push(&mut self, value: &[u8]) -> Result<(), Reject> {
        let text = self.checked_text(value)?;
        if let Err(fault) = self.read(text) {
            self.columns.truncate(self.rows);
            if let Some(extra) = &mut self.extra {
                extra.truncate(self.rows);
            }
            return Err(fault.into_reject());
        }
        self.rows += 1;
        self.batch_bytes += value.len() + self.default_bytes;
        self.unknown_fields += self.unknown.count();
        Ok(())
    }

    /// Adds a row of nulls, whatever is required: a tombstone that is to be written.
    pub fn push_null_row(&mut self) {
        self.columns.push_null();
        if let Some(extra) = &mut self.extra {
            extra.push_null();
        }
        self.rows += 1;
    }

    /// Rows added since the last batch.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes the rows take. Goes through all columns: ask once per poll, not per
    /// record.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.columns.bytes() + self.extra.as_ref().map_or(0, ColumnBuffer::bytes)
    }

    /// Whether the rows must be finished before the next record: 512 MiB of JSON went into them. A
    /// record pushed all the same may be rejected as `too_large` although it is good.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.batch_bytes >= BATCH_BYTES_MAX
    }

    /// Undeclared fields of all records accepted since the decoder was made.
    #[must_use]
    pub const fn unknown_fields(&self) -> u64 {
        self.unknown_fields
    }

    /// Takes the rows out as a batch, which may be empty. Once a batch is dropped, its memory serves
    /// the batch after the next.
    pub fn finish(&mut self) -> RecordBatch {
        let mut columns = self.columns.finish();
        columns.extend(self.extra.as_mut().map(ColumnBuffer::finish));
        self.rows = 0;
        self.batch_bytes = 0;
        RecordBatch::try_new(self.arrow_schema(), columns)
            .expect("the columns were built from this schema and have one value for each row")
    }

    fn checked_text<'a>(&self, value: &'a [u8]) -> Result<&'a str, Reject> {
        let limit = self.options.max_value_bytes.min(BATCH_BYTES_MAX);
        if value.is_empty() {
            return Err(Reject::new(
                RejectReason::EmptyValue,
                "the value has zero bytes",
            ));
        }
        if value.len() > limit {
            let message = format!("the value has {} bytes, the limit is {limit}", value.len());
            return Err(Reject::new(RejectReason::TooLarge, message));
        }
        simdutf8::basic::from_utf8(value)
            .map_err(|_invalid| Reject::new(RejectReason::InvalidUtf8, "the value is not UTF-8"))
    }

    fn read(&mut self, text: &str) -> Result<(), Fault> {
        self.unknown.clear();
        let json = JsonReader::new(text, self.options.max_depth, &mut self.scratch);
        let mut record = Record {
            json,
            unknown: &mut self.unknown,
        };
        if record.json.peek() != Some(b'{') {
            return Err(record.json.not_an_object());
        }
        self.columns.read(&mut record)?;
        record.json.end()?;
        match (&mut self.extra, self.unknown.kept()) {
            (Some(extra), Some(kept)) => extra.push(kept)?,
            (Some(extra), None) => extra.push_null(),
            (None, _) => {}
        }
        Ok(())
    }
}

impl fmt::Debug for JsonDecoder {
    /// Payloads stay out of logs: counts only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonDecoder")
            .field("options", &self.options)
            .field("rows", &self.rows)
            .field("unknown_fields", &self.unknown_fields)
            .finish_non_exhaustive()
    }
}
