use serde_json::{Value, json};
use sluicebox_types::ColumnType;

use crate::rows::rows;
use crate::support::{Declare, column, decoder, list, map};

fn columns() -> Vec<sluicebox_types::Column> {
    vec![
        column("n", ColumnType::Bigint).required(),
        column("flag", ColumnType::Boolean),
        column("text", ColumnType::String),
        column("list", list(ColumnType::String)),
        column("map", map(ColumnType::Int)),
    ]
}

fn record(n: usize) -> Value {
    let text = "x".repeat(n % 50);
    json!({"n": n, "flag": n.is_multiple_of(3), "text": text, "list": [text, null], "map": {"k": n}})
}

/// Batches are independent: memory that is used again never shows in a batch that is still held, and
/// nothing of one batch shows in the next.
#[test]
fn batches_do_not_touch_each_other() {
    let mut recycling = decoder(&columns());
    let mut held = Vec::new();
    for batch in 0..20_usize {
        let size = [1_000, 10, 0, 3_000][batch % 4];
        let mut fresh = decoder(&columns());
        for n in batch..batch + size {
            let record = record(n).to_string();
            recycling.push(record.as_bytes()).unwrap();
            fresh.push(record.as_bytes()).unwrap();
        }
        assert_eq!(recycling.rows(), size);
        let (batch_recycled, batch_fresh) = (recycling.finish(), fresh.finish());
        assert_eq!(batch_recycled, batch_fresh);
        assert_eq!(recycling.rows(), 0);
        if batch.is_multiple_of(3) {
            held.push((batch_recycled, batch_fresh));
        }
    }
    for (recycled, fresh) in held {
        assert_eq!(recycled, fresh);
    }
}

/// A null row is null in every column, even a required one.
#[test]
fn null_rows_are_null_everywhere() {
    let mut decoder = decoder(&columns());
    decoder.push_null_row();
    decoder.push(record(1).to_string().as_bytes()).unwrap();
    let batch = decoder.finish();
    let nulls = json!({"n": null, "flag": null, "text": null, "list": null, "map": null});
    assert_eq!(rows(&batch)[0], nulls);
    assert_eq!(rows(&batch)[1]["n"], json!(1));
}

/// The bytes reported follow what is buffered.
#[test]
fn buffered_bytes_follow_the_rows() {
    let mut decoder = decoder(&columns());
    let empty = decoder.buffered_bytes();
    let big = json!({"n": 1, "text": "x".repeat(100_000)}).to_string();
    decoder.push(big.as_bytes()).unwrap();
    let full = decoder.buffered_bytes();
    assert!((100_000..101_000).contains(&full), "{full}");
    decoder.push(&big.as_bytes()[..90_000]).unwrap_err();
    assert_eq!(decoder.buffered_bytes(), full);
    assert!(!decoder.is_full());
    decoder.finish();
    assert_eq!(decoder.buffered_bytes(), empty);
}
