use rdkafka::producer::BaseRecord;
use serde_json::{Value, json};
use sluicebox_tests::harness::{MetastoreVersion, duckdb, kafka, s3, start_engines};

use super::lake::ingest;
use super::reader::Reader;

const ROWS: u64 = 1_000;

/// A column that Snappy would hardly shorten lies uncompressed beside others, and every engine reads
/// both.
#[tokio::test]
async fn engines_read_columns_that_are_not_compressed() {
    start_engines();
    let mut random = fastrand::Rng::with_seed(7);
    let rows: Vec<[Value; 2]> = (0..ROWS)
        .map(|n| [json!(n), json!(format!("{:032x}", random.u128(..)))])
        .collect();
    let lake = write(&rows).await;
    let files = lake.path().display();
    let codecs = duckdb(&format!(
        "select distinct path_in_schema as name, compression as codec \
         from parquet_metadata('{files}/**/*.parquet') where path_in_schema in ('n', 'id') order by 1"
    ));
    let codecs: Vec<&Value> = codecs.iter().map(|row| &row["codec"]).collect();
    assert_eq!(codecs, ["UNCOMPRESSED", "SNAPPY"]);
    for reader in Reader::ALL {
        let mut seen = reader.query("select n, id from codecs.ids").rows;
        seen.sort_by_key(|row| row[0].as_u64());
        assert_eq!(seen, rows, "{reader:?}");
    }
}

/// Writes the rows through the pipeline, tells the metastores by the crawler, and gives a copy of the
/// table's folder.
async fn write(rows: &[[Value; 2]]) -> tempfile::TempDir {
    let topic = kafka().create_topic("codecs", 1).await;
    let records: Vec<String> = rows
        .iter()
        .map(|[n, id]| json!({"at": "2019-09-01T01:00:00Z", "n": n, "id": id}).to_string())
        .collect();
    kafka().produce(records.iter().map(|record| {
        BaseRecord::to(&topic)
            .key(b"".as_slice())
            .payload(record.as_bytes())
    }));
    let bucket = s3().create_bucket();
    let config = format!(
        r#"
name: {topic}
kafka: {{ brokers: "{brokers}" }}
lake: {{ url: "s3://{bucket}/lake", control: "s3://{bucket}/_sluicebox" }}
topics:
  {topic}:
    table: codecs.ids
    schema:
      columns:
        - {{ name: at, type: timestamp }}
        - {{ name: n, type: bigint }}
        - {{ name: id, type: string }}
    event_time: {{ field: at }}
    dedup: off
limits: {{ memory: 256MiB, threads: 2 }}
server: {{ listen: "127.0.0.1:0" }}
"#,
        brokers = kafka().brokers,
    );
    ingest(&config, &MetastoreVersion::ALL);
    let folder = tempfile::tempdir().expect("a folder");
    s3().download(&format!("{bucket}/lake/codecs/ids"), folder.path());
    folder
}
