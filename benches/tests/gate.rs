//! The gate of what a record costs, as part of `cargo test --workspace`.

use std::env;
use std::io::{self, Write};
use std::process::Command;

/// No stage of the data plane takes more than a few per cent more instructions than are recorded for it,
/// whatever else the machine does. With `SLUICEBOX_GATE=record` what is counted is recorded instead.
#[test]
fn no_stage_got_dearer() {
    let mut gate = Command::new(env!("CARGO_BIN_EXE_gate"));
    gate.env("RUST_LIB_BACKTRACE", "0"); // what is wrong is a stage, or this machine
    if env::var_os("SLUICEBOX_GATE").is_some_and(|what| what == "record") {
        gate.arg("--record");
    }
    let output = gate.output().expect("the gate starts");
    let [told, error] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "\n{told}{error}");
    // Past the test harness, which would keep to itself that there is something to record.
    io::stderr().write_all(&output.stdout).expect("stderr");
}
