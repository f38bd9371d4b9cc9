//! What fuzzing found stays found: every input that is kept goes through its target again.
#![cfg(test)]

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[path = "src/chain_record.rs"]
mod chain_record;
#[path = "src/config.rs"]
mod config;
#[path = "src/dead_letter.rs"]
mod dead_letter;
#[path = "src/event.rs"]
mod event;
#[path = "src/json.rs"]
mod json;
#[path = "src/json_types.rs"]
mod json_types;
#[path = "src/parquet.rs"]
mod parquet;
#[path = "src/rules.rs"]
mod rules;

/// The kept inputs of a target all pass.
fn replay(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let inputs = fs::read_dir(corpus.join(target)).expect("a folder of inputs");
    let mut count = 0;
    for input in inputs {
        let path = input.expect("an input").path();
        let bytes = fs::read(&path).expect("an input");
        let passed = catch_unwind(|| run(&bytes));
        assert!(passed.is_ok(), "{}", path.display());
        count += 1;
    }
    assert!(count > 0, "{target} has no inputs");
}

macro_rules! targets {
    ($($target:ident)+) => { $(
        #[test]
        fn $target() {
            replay(stringify!($target), $target::run);
        }
    )+ };
}

targets!(json json_types chain_record config rules dead_letter parquet event);
