use sluicebox_tests::harness::{spark, start_engines};

use super::judge::differences;
use super::lake::Lake;
use super::reader::{Reader, duckdb_rows};
use super::rows::PARTITIONS;
use super::types::as_seen;

/// What `sluicebox ddl` prints makes a table in its engine that holds every row, in both layouts.
/// What it prints for Athena is taken by Hive's parser.
#[tokio::test]
async fn printed_statements_make_the_table() {
    start_engines();
    for (database, layout) in [("ddl_hive", "hive"), ("ddl_plain", "plain")] {
        let lake = Lake::write(database, layout, &[]).await;
        for (engine, reader) in [
            ("trino", Reader::TrinoOnHive4),
            ("hive", Reader::Hive),
            ("trino", Reader::Trino),
            ("hive", Reader::Hive3),
            ("spark", Reader::Spark),
            ("presto", Reader::Presto),
        ] {
            // Presto's text for the plain layout says that there is no way.
            if (engine, layout) == ("presto", "plain") {
                let (_, comments) = lake.ddl(engine);
                assert!(
                    comments
                        .iter()
                        .any(|comment| comment.contains("no statement"))
                );
                continue;
            }
            // Presto drops tables of its own user only.
            let owner = if reader == Reader::Presto {
                Reader::Trino
            } else {
                reader
            };
            owner.query(&format!("drop table if exists {database}.types"));
            register(&lake, engine, reader);
            let answer = reader.rows(database);
            assert_eq!(differences(&answer), as_seen(reader), "{engine}, {layout}");
        }
        for statement in statements(&lake, "athena") {
            let parsed = spark().parse_as_hive(&statement);
            parsed.unwrap_or_else(|error| panic!("{error:#}"));
        }
    }
}

/// The view that is printed for DuckDB shows every row and the partition keys, in both layouts; here
/// over a copy of the lake, for DuckDB's S3 client would have to be downloaded.
#[tokio::test]
async fn the_printed_view_shows_every_row() {
    for (database, layout) in [("view_hive", "hive"), ("view_plain", "plain")] {
        let lake = Lake::write(database, layout, &[]).await;
        let copy = lake.download();
        let (statements, _) = lake.ddl("duckdb");
        let statements = statements.join(";\n") + ";\n";
        let statements = statements.replace(&lake.location(), &copy.path().to_string_lossy());
        let view = format!("{database}.types");
        assert_eq!(
            differences(&duckdb_rows(&statements, &view)),
            [""; 0],
            "{layout}"
        );
        let partitions = sluicebox_tests::harness::duckdb(&format!(
            "{statements} select dt, hour, count(*) as n from {view} group by dt, hour order by dt, hour"
        ));
        let seen = partitions
            .iter()
            .map(|row| (row["dt"].as_str(), row["hour"].as_str(), row["n"].as_i64()));
        let expected = PARTITIONS.map(|(dt, hour, rows)| (Some(dt), Some(hour), Some(rows)));
        assert_eq!(seen.collect::<Vec<_>>(), expected, "{layout}");
    }
}

/// Makes the table by what is printed for `engine`.
fn register(lake: &Lake, engine: &str, reader: Reader) {
    for statement in statements(lake, engine) {
        reader.query(&statement);
    }
}

/// What is printed for an engine, and what the comments of the plain layout say to run for each
/// partition, of which they show the first.
fn statements(lake: &Lake, engine: &str) -> Vec<String> {
    let (mut statements, comments) = lake.ddl(engine);
    let examples = comments
        .iter()
        .filter_map(|comment| comment.strip_suffix(';'));
    for example in examples.filter(|example| example.contains("2019/09/01/01")) {
        statements.extend(PARTITIONS.map(|(dt, hour, _)| {
            let folder = format!("{}/{hour}", dt.replace('-', "/"));
            let example = example.replace("2019/09/01/01", &folder);
            example
                .replace("2019-09-01", dt)
                .replace("'01'", &format!("'{hour}'"))
        }));
    }
    statements
}
