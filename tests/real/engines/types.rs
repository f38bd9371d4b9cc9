use sluicebox_tests::harness::{MetastoreVersion, presto, start_engines};

use super::judge::differences;
use super::lake::Lake;
use super::reader::{Reader, duckdb_rows, pyarrow_rows};
use super::rows::{COLUMNS, PARTITIONS};

/// Every engine reads the same rows with the same values and types, from files of two versions of
/// the schema, in both layouts, with nobody but the crawler to tell the metastores. Where one does not, that is said in the catalog's README.
#[tokio::test]
async fn engines_read_the_same() {
    start_engines();
    for (database, layout) in [("kinds_hive", "hive"), ("kinds_plain", "plain")] {
        let lake = Lake::write(database, layout, &MetastoreVersion::ALL).await;
        for reader in [
            Reader::Trino,
            Reader::TrinoOnHive4,
            Reader::Presto,
            Reader::Spark,
        ] {
            let seen = reader.rows(database);
            assert_eq!(differences(&seen), as_seen(reader), "{reader:?}, {layout}");
            let expected = COLUMNS.map(|column| match reader {
                Reader::Trino | Reader::TrinoOnHive4 => (column.name, column.trino),
                Reader::Presto => (column.name, column.presto),
                Reader::Spark => (column.name, column.spark),
            });
            assert_types(&reader.types(database), &expected);
            let expected =
                PARTITIONS.map(|(dt, hour, rows)| (dt.to_owned(), hour.to_owned(), rows));
            assert_eq!(
                partitions(reader, database),
                expected,
                "{reader:?}, {layout}"
            );
        }
        let copy = lake.download();
        let files = copy.path().display();
        let seen = duckdb_rows(&format!(
            "read_parquet('{files}/**/*.parquet', union_by_name = true)"
        ));
        assert_eq!(differences(&seen), [""; 0], "DuckDB, {layout}");
        assert_types(
            &seen.columns,
            &COLUMNS.map(|column| (column.name, column.duckdb)),
        );
        let seen = pyarrow_rows(copy.path());
        assert_eq!(differences(&seen), [""; 0], "pyarrow, {layout}");
        assert_types(
            &seen.columns,
            &COLUMNS.map(|column| (column.name, column.pyarrow)),
        );

        let sql = format!("select w_decimal_wide from {database}.types");
        let error = presto()
            .query(&sql)
            .expect_err("a decimal that outgrew 18 digits");
        assert!(
            format!("{error:#}").contains("LongDecimalType"),
            "{error:#}"
        );
    }
}

/// What an engine makes of some values other than what was written. Presto cuts moments to
/// milliseconds, towards 1970.
pub(super) fn as_seen(reader: Reader) -> &'static [&'static str] {
    match reader {
        Reader::Trino | Reader::TrinoOnHive4 | Reader::Spark => &[],
        Reader::Presto => &[
            r#"1 c_timestamp: "2019-09-01 01:02:03.123""#,
            r#"1 c_timestamp_ntz: "2019-09-01 01:02:03.123""#,
            r#"1 c_struct: [7,"x",["2019-09-01 01:02:03.123"]]"#,
            r#"2 c_timestamp: "9999-12-31 23:59:59.999""#,
            r#"2 c_timestamp_ntz: "9999-12-31 23:59:59.999""#,
            r#"3 c_timestamp: "0001-01-01 00:00:00.000""#,
            r#"3 c_timestamp_ntz: "0001-01-01 00:00:00.000""#,
            r#"5 c_timestamp: "1582-10-10 12:00:00.001""#,
            r#"5 c_timestamp_ntz: "1582-10-10 12:00:00.001""#,
            r#"6 c_timestamp: "1970-01-01 00:00:00.000""#,
            r#"6 c_timestamp_ntz: "1970-01-01 00:00:00.000""#,
        ],
    }
}

fn partitions(reader: Reader, database: &str) -> Vec<(String, String, i64)> {
    let sql = format!(
        "select dt, hour, count(*) from {database}.types group by dt, hour order by dt, hour"
    );
    let rows = reader.query(&sql).rows;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let rows = rows
        .iter()
        .map(|row| (text(&row[0]), text(&row[1]), row[2].as_i64().unwrap_or(-1)));
    rows.collect()
}

fn assert_types(seen: &[(String, String)], expected: &[(&str, &str)]) {
    let seen: Vec<(&str, &str)> = seen
        .iter()
        .map(|(name, data_type)| (&**name, &**data_type))
        .collect();
    assert_eq!(seen, expected);
}
