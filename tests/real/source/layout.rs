//! Where rows lie, and what readers find there.

use sluicebox_tests::harness::{Row, duckdb, kafka};

use super::{Pipeline, completed, produce};

/// The folders that hold files, without repeats.
fn folders(files: &[String]) -> Vec<&str> {
    let mut folders: Vec<&str> = files
        .iter()
        .filter_map(|file| file.rsplit_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    folders.dedup();
    folders
}

fn rows(pipeline: &Pipeline, place: &str) -> Vec<Row> {
    duckdb(&format!(
        "select id, \"at\" from {} order by id",
        pipeline.parquet(place)
    ))
}

/// Plain or Hive's, by day or by hour: the paths are those of the event time in UTC, and DuckDB
/// reads the same rows whichever it is. Hive's keys say of each row what its event time says.
#[tokio::test]
async fn layouts_differ_in_paths_only() {
    let topic = kafka().create_topic("layout", 1).await;
    produce(&topic, 0, 22..26);
    let pipeline = |layout: &str, by: &str| {
        Pipeline::new(&format!("{topic}-{layout}-{by}"))
            .with_lake(&format!("layout: {layout}"))
            .with_lake(&format!("partition_by: {by}"))
            .with_topic(&topic, "db.events", &[])
    };
    let plain = format!("golden/{topic}");
    let hours = ["01/22", "01/23", "02/00", "02/01"];
    let plain_hours = hours.map(|hour| format!("2026/01/{hour}"));
    let hive_hours = hours.map(|hour| {
        let (day, hour) = hour.split_once('/').expect("two parts");
        format!("dt=2026-01-{day}/hour={hour}")
    });
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let cases: [(Pipeline, &str, Vec<String>); 4] = [
        (pipeline("hive", "hour"), "db/events", hive_hours.to_vec()),
        (
            pipeline("hive", "day"),
            "db/events",
            texts(&["dt=2026-01-01", "dt=2026-01-02"]),
        ),
        (pipeline("plain", "hour"), &plain, plain_hours.to_vec()),
        (
            pipeline("plain", "day"),
            &plain,
            texts(&["2026/01/01", "2026/01/02"]),
        ),
    ];
    let passes: Vec<_> = cases.iter().map(|(pipeline, ..)| pipeline.pass()).collect();
    passes.into_iter().for_each(completed);

    let first = rows(&cases[0].0, "db/events");
    assert_eq!(first.len(), 4);
    for (pipeline, place, paths) in &cases {
        assert_eq!(folders(&pipeline.files(place)), *paths, "{}", pipeline.name);
        assert_eq!(pipeline.files(""), {
            let below = pipeline.files(place).into_iter();
            below
                .map(|file| format!("{place}/{file}"))
                .collect::<Vec<_>>()
        });
        assert_eq!(rows(pipeline, place), first, "{}", pipeline.name);
        pipeline.verify();
    }
    assert_keys_are_event_times(
        &cases[0].0,
        "strftime(\"at\" at time zone 'UTC', '%H') = hour",
    );
    assert_keys_are_event_times(&cases[1].0, "true");
}

/// Hive's keys as DuckDB finds them by itself, as texts.
fn assert_keys_are_event_times(pipeline: &Pipeline, hour_is_right: &str) {
    let files = pipeline.parquet("db/events");
    let files = files.replace(
        "hive_partitioning=false",
        "hive_partitioning=true, hive_types_autocast=false",
    );
    let right = duckdb(&format!(
        "select count(*) as rows from {files} \
         where strftime(\"at\" at time zone 'UTC', '%Y-%m-%d') = dt and {hour_is_right}"
    ));
    assert_eq!(right[0]["rows"], 4, "{}", pipeline.name);
}
