#![no_main]

#[path = "../src/dead_letter.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));
