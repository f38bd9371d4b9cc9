use sluicebox_types::{Column as DeclaredColumn, RejectReason};

use crate::buffer::ColumnBuffer;
use crate::column::Column;
use crate::fault::Fault;
use crate::json::{JsonReader, Scratch};
use crate::schema::{Mistakes, NESTING_MAX, SchemaProblem};
use crate::unknown::{Record, UnknownFields, UnknownSink};

/// One column with what is declared about its absence.
pub(super) struct Member {
    pub(super) column: Column,
    required: bool,
    /// JSON text, read like any other value when the field is missing.
    default: Option<String>,
}

impl Member {
    /// An empty column; a default that it cannot take is a mistake at `path`.
    pub(super) fn new(
        declared: &DeclaredColumn,
        column: Column,
        path: &str,
        mistakes: &mut Mistakes,
    ) -> Self {
        let default = declared.default.as_ref().map(ToString::to_string);
        let mut member = Self {
            column,
            required: declared.required,
            default,
        };
        if let Some(default) = member.default.clone() {
            if let Err(fault) = member.read_default(&default, UnknownFields::Reject) {
                let reject = fault.into_reject();
                mistakes.add(path, SchemaProblem::Default(reject.message.into_owned()));
            }
            member.column.truncate(0);
        }
        member
    }

    /// Reads the value of the field.
    #[inline]
    pub(super) fn read(&mut self, record: &mut Record<'_>) -> Result<(), Fault> {
        if self.required && record.json.peek() == Some(b'n') {
            record.json.null()?;
            return Err(Fault::new(RejectReason::MissingField, "required, but null"));
        }
        self.column.read(record)
    }

    /// Adds what stands in for the missing field.
    pub(super) fn fill(&mut self) -> Result<(), Fault> {
        if let Some(default) = self.default.take() {
            let filled = self.read_default(&default, UnknownFields::Ignore);
            self.default = Some(default);
            return filled;
        }
        if self.required {
            return Err(Fault::new(
                RejectReason::MissingField,
                "required, but missing",
            ));
        }
        self.column.push_null();
        Ok(())
    }

    pub(super) fn default_bytes(&self) -> usize {
        self.default.as_ref().map_or(0, String::len)
    }

    fn read_default(&mut self, default: &str, policy: UnknownFields) -> Result<(), Fault> {
        let mut scratch = Scratch::default();
        let mut unknown = UnknownSink::new(policy);
        let json = JsonReader::new(default, NESTING_MAX, &mut scratch);
        self.read(&mut Record {
            json,
            unknown: &mut unknown,
        })
    }
}
