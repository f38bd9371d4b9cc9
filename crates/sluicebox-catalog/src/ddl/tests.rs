use sluicebox_types::CatalogType;

use super::*;

fn declaration(layout: Layout) -> Declaration {
    let columns = [
        ("carrier", "string"),
        ("select", "array<map<string,decimal(9,2)>>"),
        ("_kafka", "struct<partition:int,timestamp:timestamp>"),
    ];
    let mut columns: Vec<CatalogColumn> = columns
        .map(|(name, data_type)| CatalogColumn {
            name: name.to_owned(),
            data_type: data_type.parse().expect("a type"),
        })
        .into();
    columns.push(CatalogColumn {
        name: "local".to_owned(),
        data_type: CatalogType::TimestampNtz,
    });
    Declaration {
        database: "air".to_owned(),
        name: "o'flights".to_owned(),
        location: "s3://lake/golden/air/o'flights".to_owned(),
        columns,
        layout,
        granularity: Granularity::Hour,
        compression: Compression::Snappy,
    }
}

/// Names are quoted, texts escaped and types spelled as each engine wants it. That engines take the
/// statements is tested with the engines.
#[test]
fn each_engine_gets_its_spelling() {
    for (engine, parts) in [
        (
            Engine::Hive,
            &[
                "`select` array<map<string,decimal(9,2)>>",
                "`_kafka` struct<`partition`:int,`timestamp`:timestamp>",
                "`local` timestamp\n",
                r"LOCATION 's3://lake/golden/air/o\'flights'",
                "(`dt` string, `hour` string)",
                "fs.s3.impl",
                "-- For Hive 4:",
            ][..],
        ),
        (
            Engine::Athena,
            &[r"LOCATION 's3://lake/golden/air/o\'flights/'"],
        ),
        (
            Engine::Spark,
            &[
                "`local` timestamp_ntz,\n",
                "`hour` string\n",
                "PARTITIONED BY (`dt`, `hour`)",
            ],
        ),
        (
            Engine::Trino,
            &[
                "\"select\" array(map(varchar, decimal(9,2)))",
                "row(\"partition\" integer, \"timestamp\" timestamp(6))",
                "external_location = 's3://lake/golden/air/o''flights'",
                "sync_partition_metadata('air', 'o''flights', 'ADD')",
            ],
        ),
        (Engine::Presto, &["\"local\" timestamp,"]),
        (
            Engine::Duckdb,
            &[
                "o''flights/**/*.parquet'",
                "hive_types = {'dt': VARCHAR, 'hour': VARCHAR}",
            ],
        ),
    ] {
        let ddl = declaration(Layout::Hive).ddl(engine);
        for part in parts {
            assert!(ddl.contains(part), "{part} in {ddl}");
        }
    }
}

/// Nothing that would find no partition is told to be run; the way that works is told instead.
#[test]
fn partitions_of_the_plain_layout_are_registered_one_by_one() {
    for (engine, told) in [
        (
            Engine::Hive,
            "-- ALTER TABLE `air`.`o'flights` ADD IF NOT EXISTS PARTITION (`dt`='2019-09-01', \
             `hour`='01') LOCATION 's3://lake/golden/air/o\\'flights/2019/09/01/01';\n",
        ),
        (Engine::Athena, "-- ALTER TABLE"),
        (Engine::Spark, "-- ALTER TABLE"),
        (
            Engine::Trino,
            "ARRAY['dt', 'hour'], ARRAY['2019-09-01', '01'], \
             's3://lake/golden/air/o''flights/2019/09/01/01'",
        ),
        (Engine::Presto, "-- Folders of the plain layout"),
        (Engine::Duckdb, r"'\1-\2-\3'"),
    ] {
        let ddl = declaration(Layout::Plain).ddl(engine);
        assert!(ddl.contains(told), "{told} in {ddl}");
        assert!(
            !ddl.contains("MSCK") && !ddl.contains("sync_partition"),
            "{ddl}"
        );
    }
}

/// A table that is split by day has one key.
#[test]
fn a_table_by_day_has_one_key() {
    let by_day = Declaration {
        granularity: Granularity::Day,
        ..declaration(Layout::Plain)
    };
    for engine in [Engine::Hive, Engine::Trino, Engine::Spark, Engine::Duckdb] {
        let ddl = by_day.ddl(engine);
        assert!(!ddl.contains("hour"), "{ddl}");
    }
}
