//! The decoder of JSON records against `serde_json`, under a schema that the input chooses.

use sluicebox_decode::{DecodeOptions, JsonDecoder};
use sluicebox_types::{Column, ColumnType, TableSchema};

#[path = "../../../crates/sluicebox-decode/tests/decode/naive.rs"]
mod naive;
#[path = "../../../crates/sluicebox-decode/tests/decode/rows.rs"]
mod rows;

/// Bytes of an input that say what the columns are; the record follows.
const SCHEMA_BYTES: usize = 8;
const NAMES: [&str; 4] = ["a", "b", "c_d", "e"];

/// The decoder accepts what a naive reading accepts, and makes the same row of it.
pub(crate) fn run(data: &[u8]) {
    let Some((schema, record)) = data.split_at_checked(SCHEMA_BYTES) else {
        return;
    };
    let columns = members(&mut schema.iter().copied(), NAMES.len(), 3);
    let schema = TableSchema {
        columns: columns.clone(),
    };
    let decoder = JsonDecoder::new(&schema, DecodeOptions::default());
    let mut decoder = decoder.expect("the columns are good");
    if let Err(told) = naive::agrees(&mut decoder, &columns, record) {
        panic!("{told}");
    }
}

/// Up to so many columns, at least one. Digits are types, letters from `p` are the same required.
fn members(choices: &mut dyn Iterator<Item = u8>, most: usize, depth: usize) -> Vec<Column> {
    let mut columns = Vec::new();
    for name in NAMES.iter().take(most) {
        let choice = match choices.next() {
            Some(choice) => choice,
            None if columns.is_empty() => 0,
            None => break,
        };
        columns.push(Column {
            name: (*name).to_owned(),
            from: vec![(*name).to_owned()],
            data_type: data_type(choice, choices, depth),
            required: choice & 0x40 != 0,
            default: None,
        });
    }
    columns
}

fn data_type(choice: u8, choices: &mut dyn Iterator<Item = u8>, depth: usize) -> ColumnType {
    match choice % 8 {
        1 => ColumnType::Boolean,
        2 => ColumnType::Int,
        3 => ColumnType::Bigint,
        4 => ColumnType::Double,
        5 if depth > 0 => ColumnType::List(inner(choices, depth)),
        6 if depth > 0 => ColumnType::Map(inner(choices, depth)),
        7 if depth > 0 => ColumnType::Struct(members(choices, 2, depth - 1)),
        _ => ColumnType::String,
    }
}

fn inner(choices: &mut dyn Iterator<Item = u8>, depth: usize) -> Box<ColumnType> {
    let choice = choices.next().unwrap_or_default();
    Box::new(data_type(choice, choices, depth - 1))
}
