use sluicebox_tests::harness::{MetastoreVersion, hive, presto, start_engines};

use super::judge::differences;
use super::lake::Lake;
use super::reader::{Reader, duckdb_rows, pyarrow_rows};
use super::rows::{COLUMNS, PARTITIONS};

/// Every engine reads the same rows with the same values and types, from files of two versions of
/// the schema, in both layouts, with nobody but the crawler to tell the metastores. Where one does
/// not, that is said in the catalog's README.
#[tokio::test]
async fn engines_read_the_same() {
    start_engines();
    for (database, layout) in [("kinds_hive", "hive"), ("kinds_plain", "plain")] {
        let lake = Lake::write(database, layout, &MetastoreVersion::ALL).await;
        for reader in Reader::ALL {
            let seen = reader.rows(database);
            assert_eq!(differences(&seen), as_seen(reader), "{reader:?}, {layout}");
            let expected = COLUMNS.map(|column| match reader {
                Reader::Trino | Reader::TrinoOnHive4 => (column.name, column.trino),
                Reader::Presto => (column.name, column.presto),
                Reader::Spark | Reader::Hive | Reader::Hive3 => (column.name, column.hive),
            });
            assert_types(&reader.types(database), &expected);
            let expected =
                PARTITIONS.map(|(dt, hour, rows)| (dt.to_owned(), hour.to_owned(), rows));
            let seen = reader.partitions(database);
            assert_eq!(seen, expected, "{reader:?}, {layout}");
        }
        let copy = lake.download();
        let files = copy.path().display();
        let seen = duckdb_rows(
            "",
            &format!("read_parquet('{files}/**/*.parquet', union_by_name = true)"),
        );
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
        trino_rounds_by_default(database);
        presto_refuses_what_outgrew_18_digits(database);
        hive_3_refuses_what_it_cannot_read(database);
    }
}

/// The precision that Trino has without a setting puts the last microsecond of a day into the next.
fn trino_rounds_by_default(database: &str) {
    let sql = format!(
        "with session hive.timestamp_precision = 'MILLISECONDS' \
         select c_timestamp from {database}.types where id = 6"
    );
    let seen = Reader::Trino.query(&sql);
    assert_eq!(seen.rows, [["1970-01-01 00:00:00.000"]]);
}

/// In files from before the change, that is: others are read.
fn presto_refuses_what_outgrew_18_digits(database: &str) {
    let sql = format!("select w_decimal_wide from {database}.types");
    let error = presto().query(&sql).expect_err("old files");
    let error = format!("{error:#}");
    assert!(error.contains("LongDecimalType"), "{error}");
    let seen = Reader::Presto.query(&format!("{sql} where dt = '2019-09-02' and id = 8"));
    let wide = "-999999999999999999999999999999999999.99";
    assert_eq!(seen.rows, [[wide]]);
}

/// Timestamps and decimals of up to 18 digits, and so what reads all columns; no value is made up.
/// What lies beside a timestamp is read.
fn hive_3_refuses_what_it_cannot_read(database: &str) {
    let unread = COLUMNS.iter().filter(|column| !column.is_read_by_hive_3());
    for column in unread.map(|column| column.name).chain(["*"]) {
        let sql = format!("select {column} from {database}.types");
        let error = hive(MetastoreVersion::V3).query(&sql).expect_err(column);
        let error = format!("{error:#}");
        let words = [
            "LongWritable cannot be cast to class org.apache.hadoop.hive.serde2.io.TimestampWritable",
            "PlainValuesDictionary$PlainIntegerDictionary",
            "PlainValuesDictionary$PlainLongDictionary",
        ];
        assert!(
            words.iter().any(|word| error.contains(word)),
            "{column}: {error}"
        );
    }
    let seen = Reader::Hive3.query(&format!(
        "select id - 1, `_kafka`.`offset` from {database}.types"
    ));
    assert!(seen.rows.iter().all(|row| row[0] == row[1]), "{seen:?}");
}

/// What an engine makes of some values other than what was written. Presto cuts moments to
/// milliseconds, towards 1970. Hive takes a struct inside of another for null if all its members are.
pub(super) fn as_seen(reader: Reader) -> &'static [&'static str] {
    match reader {
        Reader::Trino | Reader::TrinoOnHive4 | Reader::Spark | Reader::Hive3 => &[],
        Reader::Hive => &["6 c_struct: [null,null,null]"],
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

fn assert_types(seen: &[(String, String)], expected: &[(&str, &str)]) {
    let seen: Vec<(&str, &str)> = seen
        .iter()
        .map(|(name, data_type)| (&**name, &**data_type))
        .collect();
    assert_eq!(seen, expected);
}
