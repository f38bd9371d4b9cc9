//! `verify` as a program: what it takes of a machine, what its output is called.

#[path = "../../sluicebox-pipeline/tests/verify/commits.rs"]
#[expect(dead_code, reason = "only what a long chain is made of is used here")]
mod commits;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use bytes::Bytes;
use parquet::file::metadata::ParquetMetaDataWriter;
use sluicebox_chain::CommitRecord;
use sluicebox_parquet::inspect::read_footer;
use sluicebox_types::Staged;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::commits::{Chain, data_file};

/// Two files each.
const COMMITS: u64 = 10_000;
/// What a long chain may take beyond a short one: pages that are full. Its records alone would take
/// 30.
const BEYOND_MIB: u64 = 4;

/// Memory does not grow with the chain: 10,000 commits and 20,000 files take hardly more than ten
/// and twenty, for records and listings go by in pages, and no path is kept.
#[test]
fn memory_does_not_grow_with_the_chain() {
    let [short, long] = [10, COMMITS].map(|commits| {
        let folder = tempfile::tempdir().expect("a folder");
        make(folder.path(), commits);
        let (report, peak_mib) = verify_measured(folder.path());
        assert_eq!(report["problems_found"], 0, "{report:#}");
        assert_eq!(report["partitions"][0]["records"], commits + 1);
        assert_eq!(report["partitions"][0]["files"], 2 * commits);
        peak_mib
    });
    println!("{short} MiB for 10 commits, {long} MiB for {COMMITS}");
    assert!(long <= short + BEYOND_MIB, "{short} MiB, then {long} MiB");
}

/// Programs read the report by these names.
#[test]
fn fields_keep_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    make(folder.path(), 2);
    fs::write(folder.path().join("golden/air/flights/notes"), "").expect("a file");
    let output = verify(folder.path(), &["--json", "--checksums"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let detail = &report["problems"][0]["detail"];
    let expected = serde_json::json!({
        "checksums": true,
        "partitions": [{
            "pipeline": "flights", "topic": "flights", "partition": 0,
            "records": 3, "start": 0, "end": 20,
            "files": 4, "bytes": report["partitions"][0]["bytes"],
            "counts": { "read": 18, "golden": 12, "rejected": 0, "duplicate": 4, "skipped": 2 },
            "absent": 2, "lost": 0, "gaps": [], "files_without_offsets": 0,
            "pending": { "files": 0, "bytes": 0 }, "staged": { "files": 0, "bytes": 0 },
            "orphans": { "files": 0, "bytes": 0 }, "problems": 0,
        }],
        "problems": [{ "kind": "file_foreign", "path": "air/flights/notes", "detail": detail }],
        "problems_found": 1,
    });
    assert_eq!(report, expected, "{report:#}");
}

/// A person is told what is wrong where, and what to do; a failed check and a wrong command line or
/// configuration have exit codes of their own.
#[test]
fn a_person_is_told_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    make(folder.path(), 3);
    let holds = verify(folder.path(), &[]);
    let said = String::from_utf8_lossy(&holds.stdout);
    assert_eq!(holds.status.code(), Some(0), "{said}");
    assert!(
        said.contains("The promise holds: each of 27 records"),
        "{said}"
    );

    let record = record(folder.path(), 2);
    let path = &record.files[1].path;
    fs::remove_file(folder.path().join("golden").join(path)).expect("removed");
    let broken = verify(folder.path(), &[]);
    let said = String::from_utf8_lossy(&broken.stdout);
    assert_eq!(broken.status.code(), Some(1), "{said}");
    for words in [
        &format!(
            "PROBLEM file_missing: {path}: it is not there, and {}",
            record.path()
        ),
        "What to do:\n  file_missing (1): Put the file back",
        "broken in 1 place.",
    ] {
        assert!(said.contains(words), "no `{words}` in\n{said}");
    }
    assert_eq!(
        verify(folder.path(), &["--nonsense"]).status.code(),
        Some(2)
    );
    fs::write(folder.path().join("sluicebox.yaml"), "name: []").expect("a config");
    assert_eq!(verify(folder.path(), &[]).status.code(), Some(78));
}

/// Lengths that make the Parquet reader panic are damage like any other, in the file's own words.
#[test]
fn a_footer_that_cannot_be_borne_is_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    make(folder.path(), 2);
    let mut record = record(folder.path(), 1);
    let file = &mut record.files[0];
    let place = folder.path().join("golden").join(&file.path);
    let damaged = with_impossible_lengths(&fs::read(&place).expect("a file").into());
    fs::write(&place, &damaged).expect("a file");
    (file.bytes, file.xxh3) = (damaged.len() as u64, format!("{:032x}", xxh3_128(&damaged)));
    let place = folder.path().join("_sluicebox").join(record.path());
    fs::write(place, record.to_bytes().expect("JSON")).expect("a record");
    let output = verify(folder.path(), &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("PROBLEM file_changed: air/flights/"),
        "{said}"
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

fn with_impossible_lengths(file: &Bytes) -> Vec<u8> {
    let footer = read_footer(file).expect("a footer");
    let group = footer.row_group(0).clone();
    let columns = group.columns().iter().map(|column| {
        let column = column.clone().into_builder();
        column
            .set_total_compressed_size(-1)
            .build()
            .expect("a column")
    });
    let columns = columns.collect();
    let group = group.into_builder().set_column_metadata(columns).build();
    let groups = vec![group.expect("a row group")];
    let footer = footer.into_builder().set_row_groups(groups).build();
    let mut damaged = b"PAR1".to_vec();
    let writer = ParquetMetaDataWriter::new(&mut damaged, &footer);
    writer.finish().expect("a footer");
    damaged
}

fn record(folder: &Path, seq: u64) -> CommitRecord {
    let path = format!("flights/flights/p00000/c/00000000000000000/{seq:020}.json");
    let bytes = fs::read(folder.join("_sluicebox").join(&path)).expect("a record");
    CommitRecord::parse(&path, &bytes).expect("a record")
}

/// A chain of so many commits, on disk as the service leaves it.
fn make(folder: &Path, commits: u64) {
    let attempt = |seq: u64| Uuid::from_u128(u128::from(seq) << 96);
    let (mut chain, genesis) = Chain::begin("flights", 0, attempt(0));
    let write = |path: String, bytes: &[u8]| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    };
    let control = |path: String| format!("_sluicebox/{path}");
    write(control(genesis.path()), &genesis.to_bytes().expect("JSON"));
    for seq in 1..=commits {
        let commit = chain.commit(attempt(seq));
        let mut record = commit.record;
        for file in commit.files {
            write(format!("golden/{}", file.path), &file.bytes.to_bytes());
            let stage = Staged::File {
                path: format!("{}-{}", record.path(), attempt(seq)),
            };
            record.files.push(data_file(&file, stage));
        }
        write(control(record.path()), &record.to_bytes().expect("JSON"));
        chain.tail = record.tail();
    }
    let config = "\
name: flights
kafka: { brokers: 127.0.0.1:1 }
lake: { url: ./golden, control: ./_sluicebox }
topics: { flights: { table: air.flights, schema: { columns: [{ name: n, type: bigint }] }, dedup: off } }
";
    write("sluicebox.yaml".to_owned(), config.as_bytes());
}

fn command(folder: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluicebox"));
    command
        .args(["verify", "-c", "sluicebox.yaml"])
        .args(options);
    command.current_dir(folder);
    command
}

fn verify(folder: &Path, options: &[&str]) -> Output {
    command(folder, options).output().expect("the program runs")
}

/// The report, and the most memory that it took to make, in MiB.
fn verify_measured(folder: &Path) -> (serde_json::Value, u64) {
    let mut child = command(folder, &["--json"])
        // One arena for all threads: what glibc keeps for each depends on which of them happen to
        // list at the same time.
        .env("MALLOC_ARENA_MAX", "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut peak_kib = 0;
    while child.try_wait().expect("its state").is_none() {
        peak_kib = peak_kib.max(peak_memory_kib(&child).unwrap_or(0));
        std::thread::yield_now();
    }
    let output = child.wait_with_output().expect("its output");
    let report = serde_json::from_slice(&output.stdout).expect("JSON");
    (report, peak_kib >> 10)
}

fn peak_memory_kib(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}
