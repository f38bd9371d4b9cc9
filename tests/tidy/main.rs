//! What the workspace promises about itself and a machine can check. Each failure says why the rule
//! is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The layer of each crate: a crate imports lower layers only.
const LAYERS: [(&str, u8); 17] = [
    ("sluicebox-types", 0),
    ("sluicebox-config", 1),
    ("sluicebox-events", 1),
    ("sluicebox-decode", 2),
    ("sluicebox-rules", 2),
    ("sluicebox-dedup", 2),
    ("sluicebox-parquet", 2),
    ("sluicebox-chain", 2),
    ("sluicebox-telemetry", 2),
    ("sluicebox-pipeline", 3),
    ("sluicebox-kafka", 4),
    ("sluicebox-storage", 4),
    ("sluicebox-catalog", 4),
    ("sluicebox-console", 4),
    ("sluicebox", 5),
    ("sluicebox-tests", 6),
    ("sluicebox-benches", 7),
];

/// Clients that stand behind a port: who may name them.
const CONFINED: [(&str, &[&str]); 6] = [
    (
        "rdkafka",
        &["sluicebox-kafka", "sluicebox-tests", "sluicebox-benches"],
    ),
    ("rdkafka-sys", &["sluicebox-kafka"]),
    ("object_store", &["sluicebox-storage"]),
    ("hdfs-native", &["sluicebox-storage", "sluicebox-tests"]),
    ("aws-sdk-glue", &["sluicebox-catalog"]),
    (
        "axum",
        &["sluicebox-console", "sluicebox-catalog", "sluicebox-tests"],
    ),
];

/// Lines before the tests of a file.
const FILE_LINES_MAX: usize = 350;

/// Crates import lower layers only, so that every piece can be read and tested without those above.
#[test]
fn crates_import_lower_layers_only() {
    let layers = BTreeMap::from(LAYERS);
    for (name, dependencies) in workspace() {
        let layer = layers.get(name.as_str());
        let layer = layer.unwrap_or_else(|| panic!("{name} has no layer: give it one in LAYERS"));
        for (dependency, kind) in dependencies {
            if kind == "dev" {
                continue;
            }
            if let Some(below) = layers.get(dependency.as_str()) {
                assert!(
                    below < layer,
                    "{name} must not import {dependency}: it is not below it"
                );
            }
        }
    }
}

/// A client library is named by its adapter alone, so that it can be replaced there.
#[test]
fn client_libraries_stay_behind_their_ports() {
    for (name, dependencies) in workspace() {
        for (library, allowed) in CONFINED {
            let named = dependencies
                .iter()
                .any(|(dependency, _)| dependency == library);
            let may = allowed.contains(&name.as_str());
            assert!(
                !named || may,
                "{name} must not name {library}: it is behind a port"
            );
        }
    }
}

/// A source file fits in the head; one that does not is asking for a seam. Lists of cases may be
/// long.
#[test]
fn files_are_short() {
    let is_source = |path: &Path| {
        !path.ends_with("tests.rs") && path.components().any(|part| part.as_os_str() == "src")
    };
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]\nmod tests").next();
        let lines = code.unwrap_or_default().lines().count();
        assert!(
            lines <= FILE_LINES_MAX || !is_source(&path),
            "{}: {lines} lines before its tests: split it",
            path.display()
        );
    }
}

/// Every metric that is counted has a kind, a unit and a sentence, and none is described that nobody
/// counts.
#[test]
fn metrics_are_described_and_counted() {
    let (mut described, mut counted) = (BTreeSet::new(), BTreeSet::new());
    for (path, text) in sources() {
        if path.ends_with("sluicebox-telemetry/src/catalog.rs") {
            described.extend(metrics_in(&text));
        } else if path.components().any(|part| part.as_os_str() == "src") {
            counted.extend(metrics_in(&text));
        }
    }
    assert_eq!(described, counted);
}

/// String literals that are metrics' names.
fn metrics_in(text: &str) -> impl Iterator<Item = String> {
    let literals = text.split('"').filter(|literal| {
        let name = literal.strip_prefix("sluicebox_").unwrap_or_default();
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    });
    literals.map(str::to_owned)
}

/// A test that is left out says why; one that nobody can explain protects nobody.
#[test]
fn ignored_tests_give_a_reason() {
    let bare = concat!("#[", "ignore]");
    for (path, text) in sources() {
        assert!(
            !text.contains(bare),
            "{}: {bare} without a reason",
            path.display()
        );
    }
}

/// Modules are `foo.rs` and `foo/`, so that an editor's tabs tell them apart.
#[test]
fn there_is_no_mod_rs() {
    for (path, _) in sources() {
        assert!(
            !path.ends_with("mod.rs"),
            "{}: call it by its module's name",
            path.display()
        );
    }
}

/// Name of each member with what it names: dependency and kind (`normal`, `dev`, `build`).
fn workspace() -> Vec<(String, Vec<(String, String)>)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &Value| value.as_str().unwrap_or("normal").to_owned();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let named = dependencies
                .iter()
                .map(|d| (text(&d["name"]), text(&d["kind"])));
            (text(&package["name"]), named.collect())
        })
        .collect()
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for folder in ["crates", "tests", "benches"] {
        collect(&root().join(folder), &mut files);
    }
    files
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.ends_with("target") {
            // Fuzzing builds beside its sources.
        } else if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            files.push((path, text));
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
