//! The demo from start to end, as a new user runs it, and what can be done with what it leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn sluicebox(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluicebox"));
    command.current_dir(folder).args(arguments);
    command
        .env("NO_COLOR", "1")
        .output()
        .expect("the program runs")
}

/// What came out, for the message of a failed assertion.
fn text(output: &Output) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    format!("{out}\n{err}")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every flight is in the lake once, every repeat and every malformed record is accounted for, and
/// the proof can be had again. A lake in which a file is missing is not proved.
#[test]
fn the_demo_adds_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = sluicebox(folder.path(), &["demo"]);
    let told = text(&demo);
    assert_eq!(demo.status.code(), Some(0), "{told}");
    for line in [
        "27004 golden",
        "541 duplicates, dropped",
        "The promise holds",
        "dt=2013-01-01",
        "invalid_text",
        "SELECT count(*) FROM read_parquet(",
    ] {
        assert!(told.contains(line), "no `{line}` in\n{told}");
    }

    let proof = sluicebox(
        folder.path(),
        &["verify", "-c", "sluicebox-demo/sluicebox.yaml"],
    );
    assert_eq!(proof.status.code(), Some(0), "{}", text(&proof));

    let golden = files(&folder.path().join("sluicebox-demo/lake/air/flights"));
    let first = golden.first().expect("a file");
    let inspected = sluicebox(
        folder.path(),
        &["inspect", "--json", &first.to_string_lossy()],
    );
    let footer: serde_json::Value = serde_json::from_slice(&inspected.stdout).expect("JSON");
    assert_eq!(footer["lineage"]["topic"], "flights", "{footer:#}");
    let inspected = sluicebox(folder.path(), &["inspect", &first.to_string_lossy()]);
    let told = text(&inspected);
    assert!(told.contains("event time  2013-01-01 "), "{told}");

    fs::remove_file(first).expect("removed");
    let proof = sluicebox(
        folder.path(),
        &["verify", "-c", "sluicebox-demo/sluicebox.yaml"],
    );
    assert_eq!(proof.status.code(), Some(1), "{}", text(&proof));
}

/// A demo never deletes what it has not made.
#[test]
fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("thesis.txt"), "").expect("a file");
    let demo = sluicebox(folder.path(), &["demo", "--dir", "."]);
    assert_eq!(demo.status.code(), Some(1), "{}", text(&demo));
    assert!(folder.path().join("thesis.txt").exists());
}
