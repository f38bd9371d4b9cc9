#![no_main]

use std::panic::{set_hook, take_hook};

#[path = "../src/parquet.rs"]
mod target;

libfuzzer_sys::fuzz_target!(
    init: {
        // Any panic ends the process, but not those over damaged bytes, which are caught.
        let abort = take_hook();
        set_hook(Box::new(move |panic| {
            if !sluicebox_parquet::inspect::is_guarded() {
                abort(panic);
            }
        }));
    },
    |data: &[u8]| target::run(data)
);
