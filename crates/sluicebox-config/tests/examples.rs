//! The files in `config/` are right, and the schema beside them is the one of this build.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sluicebox_config::{Config, ConfigErrors, Environment, json_schema, load};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config")
}

fn example(name: &str) -> Result<Config, ConfigErrors> {
    let environment: Environment = [("KAFKA_PASSWORD", "x")].into_iter().collect();
    load(&folder().join(name), &[], &environment)
}

/// Whoever copies an example starts from a config that works, and that warns of nothing.
#[test]
fn each_example_is_right() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let config = example(path.file_name().unwrap().to_str().unwrap())
                .unwrap_or_else(|errors| panic!("{errors}"));
            assert_eq!(config.warnings, [], "{}", path.display());
            assert!(!config.topics.is_empty());
        }
    }
}

/// `full.yaml` shows every key there is: one that is new in the schema is missing there.
#[test]
fn the_full_example_has_every_key() {
    let config = example("full.yaml").unwrap();
    let schema = json_schema();
    let mut missing = Vec::new();
    collect_missing(&schema, &schema, "", &config, &mut missing);
    assert_eq!(missing, Vec::<String>::new());
}

fn collect_missing(
    root: &Value,
    schema: &Value,
    at: &str,
    config: &Config,
    missing: &mut Vec<String>,
) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = root
            .pointer(target.trim_start_matches('#'))
            .unwrap_or(&Value::Null);
        collect_missing(root, target, at, config, missing);
    }
    for branch in schema
        .get("anyOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if branch.get("$ref").is_some() && !at.contains("columns") {
            collect_missing(root, branch, at, config, missing);
        }
    }
    for (key, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let at = format!("{at}/{key}");
        if !config.places.contains_key(&at) {
            missing.push(at);
        } else if key == "topics" {
            let topic = &property["additionalProperties"];
            collect_missing(root, topic, "/topics/flights", config, missing);
        } else if key != "schema" && key != "rules" && at != "/topics/flights/file" {
            collect_missing(root, property, &at, config, missing);
        }
    }
}

/// Editors check against this file; a stale one tells lies.
#[test]
fn the_schema_file_is_fresh() {
    let fresh = format!("{:#}\n", json_schema());
    let path = folder().join("config.schema.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == fresh,
        "config/config.schema.json is stale; run: cargo run -- schema config > config/config.schema.json"
    );
}
