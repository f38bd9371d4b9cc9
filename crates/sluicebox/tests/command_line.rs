//! The program as scripts see it: exit codes, and what goes to which stream.

use std::process::{Command, Output};

fn sluicebox(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluicebox"));
    command
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program runs")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

/// A wrong command line is 2, a wrong config is 78 and names the file.
#[test]
fn exit_codes_tell_what_is_wrong() {
    assert_eq!(sluicebox(&["run"]).status.code(), Some(2));
    let missing = sluicebox(&["run", "-c", "no-such-file.yaml"]);
    assert_eq!(missing.status.code(), Some(78), "{}", stderr(&missing));
    assert!(
        stderr(&missing).contains("\nno-such-file.yaml:1:1: "),
        "{}",
        stderr(&missing)
    );
}

/// The schema for editors is JSON on standard output, and nothing else.
#[test]
fn the_schema_is_json() {
    let output = sluicebox(&["schema", "config"]);
    let schema: serde_json::Value = serde_json::from_str(stdout(&output)).expect("JSON");
    assert!(schema["properties"]["kafka"].is_object(), "{schema:#}");
}

/// Completion scripts name the commands.
#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let output = sluicebox(&["completions", shell]);
        assert!(stdout(&output).contains("dry-run"), "{shell}");
    }
}
