//! Short ways to declare schemas.

use serde_json::Value;
use sluicebox_decode::{DecodeOptions, JsonDecoder, UnknownFields};
use sluicebox_types::{Column, ColumnType, RejectReason, TableSchema};

use crate::rows::rows;

pub(crate) fn column(name: &str, data_type: ColumnType) -> Column {
    let from = vec![name.to_owned()];
    Column {
        name: name.to_owned(),
        from,
        data_type,
        required: false,
        default: None,
    }
}

pub(crate) trait Declare {
    fn from(self, path: &[&str]) -> Self;
    fn required(self) -> Self;
    fn default(self, value: Value) -> Self;
}

impl Declare for Column {
    fn from(self, path: &[&str]) -> Self {
        Self {
            from: path.iter().map(|name| (*name).to_owned()).collect(),
            ..self
        }
    }

    fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    fn default(self, value: Value) -> Self {
        Self {
            default: Some(value),
            ..self
        }
    }
}

pub(crate) fn list(element: ColumnType) -> ColumnType {
    ColumnType::List(Box::new(element))
}

pub(crate) fn map(value: ColumnType) -> ColumnType {
    ColumnType::Map(Box::new(value))
}

pub(crate) fn with(columns: &[Column], unknown_fields: UnknownFields) -> JsonDecoder {
    let options = DecodeOptions {
        unknown_fields,
        ..DecodeOptions::default()
    };
    JsonDecoder::new(
        &TableSchema {
            columns: columns.to_vec(),
        },
        options,
    )
    .unwrap()
}

pub(crate) fn decoder(columns: &[Column]) -> JsonDecoder {
    with(columns, UnknownFields::Ignore)
}

/// The row that a record becomes, or its reject.
pub(crate) fn row(columns: &[Column], record: &str) -> Result<Value, (RejectReason, String)> {
    let mut decoder = decoder(columns);
    let pushed = decoder.push(record.as_bytes());
    pushed.map_err(|reject| (reject.reason, reject.message.into_owned()))?;
    Ok(rows(&decoder.finish()).remove(0))
}
