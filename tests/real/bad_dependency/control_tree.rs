//! Control trees that are not this pipeline's own, or not any more.

use std::fs;
use std::path::{Path, PathBuf};

use sluicebox_tests::harness::kafka;

use super::{Pipeline, assert_says, produce, rows_of_tables, waits_and_says};

/// A chain that another pipeline wrote is left alone: both owners are named, with the settings that
/// part them.
#[tokio::test(flavor = "multi_thread")]
async fn the_chain_of_another_pipeline_is_left_alone() {
    let (pipeline, folder) = ingested("foreign").await;
    let mut other = pipeline.clone();
    other.name = format!("{}-other", pipeline.name);
    fs::rename(
        chain(folder.path(), &pipeline),
        chain(folder.path(), &other),
    )
    .expect("renamed");
    let words = ["belongs to", &pipeline.name, "`name`", "`lake.control`"];
    halts_and_says(&other, &words).await;
    assert_nothing_was_added(folder.path());
}

/// A chain that is gone while Kafka remembers it is not begun again, which would double every row
/// of the lake.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_gone_is_not_begun_again() {
    let (pipeline, folder) = ingested("no-chain").await;
    fs::remove_dir_all(chain(folder.path(), &pipeline)).expect("removed");
    let words = [
        "control tree went back in time",
        "Stop all instances",
        "restore",
    ];
    halts_and_says(&pipeline, &words).await;
    assert_nothing_was_added(folder.path());
}

/// A pipeline whose topic is in the lake.
async fn ingested(name: &str) -> (Pipeline, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let topic = kafka().create_topic(name, 1).await;
    produce(&topic);
    let pipeline = Pipeline::new(&topic, folder.path());
    let (code, said) = pipeline.run_until_end().await;
    assert_eq!(code, 0, "{said}");
    (pipeline, folder)
}

/// A bounded pass fails with the reason; one without an end shows it and waits for a person.
async fn halts_and_says(pipeline: &Pipeline, words: &[&str]) {
    let (code, said) = pipeline.run_until_end().await;
    assert_eq!(code, 1, "{said}");
    assert_says(&said, words);
    waits_and_says(&pipeline.run(), words).await;
}

fn assert_nothing_was_added(folder: &Path) {
    let rows = rows_of_tables(folder);
    let counts: Vec<_> = rows.iter().map(|row| row["rows"].as_i64()).collect();
    assert_eq!(counts, [Some(1), Some(2)], "{rows:?}");
}

fn chain(folder: &Path, pipeline: &Pipeline) -> PathBuf {
    folder.join("_sluicebox").join(&pipeline.name)
}
