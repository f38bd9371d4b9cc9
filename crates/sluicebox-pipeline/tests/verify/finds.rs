use sluicebox_chain::CommitRecord;
use sluicebox_parquet::TableSpec;
use sluicebox_pipeline::verify::ProblemKind::*;
use sluicebox_pipeline::verify::{Amount, Scope};
use sluicebox_types::OffsetRange;

use crate::commits::PIPELINE;
use crate::lake::{Lake, problems};

/// A whole lake is proved, and the proof says what is in it.
#[test]
fn a_whole_lake_holds() {
    let lake = Lake::new();
    lake.store
        .put_file("air/flights/dt=2026-01-01/hour=00/_SUCCESS", "".into());
    lake.store.put_file("notes.txt", "ours?".into());
    let report = lake.verify();
    assert!(report.holds(), "{report:#?}");
    let proof = &report.partitions[1];
    assert_eq!(
        (proof.chain.partition, proof.records, proof.files),
        (1, 5, 8)
    );
    assert_eq!((proof.start, proof.end), (0, 40));
    assert_eq!((proof.counts.golden, proof.counts.duplicate), (24, 8));
    assert_eq!((proof.counts.skipped, proof.absent), (4, 4));
    assert_eq!(proof.staged, Some(Amount::default()));
}

/// A committed file that is not what was committed is named, whatever is wrong with it.
#[test]
fn changed_files_are_named() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 5] = [
        ("checksum", |bytes| bytes[100] ^= 1),
        ("bytes, its record says", |bytes| {
            bytes.truncate(bytes.len() - 1);
        }),
        ("bytes, its record says", Vec::clear),
        // Its first bytes are as they were: only the listing tells.
        ("no record gives it its", |bytes| bytes.push(0)),
        ("bytes, its record says", |bytes| {
            bytes.splice(0..0, [7; 100]).for_each(drop);
        }),
    ];
    for (says, change) in changes {
        let lake = Lake::new();
        let path = lake.file(0, 2, 1);
        lake.damage(&path, change);
        let report = lake.verify();
        assert_eq!(problems(&report), [(FileChanged, path.as_str())]);
        assert!(report.problems[0].detail.contains(says), "{report:#?}");
    }
}

/// Large files are compared with their checksum only when that is asked for; whoever asks for a
/// topic is told of no other.
#[test]
fn large_files_are_read_whole_on_demand() {
    let mut lake = Lake::new();
    lake.begin("long", 0).text = 100_000;
    lake.commit(2);
    let path = lake.file(2, 1, 0);
    lake.damage(&path, |bytes| bytes[1_000] ^= 1);
    assert!(lake.verify().holds());
    let report = lake.verify_in(&Scope::whole(PIPELINE));
    assert_eq!(problems(&report), [(FileChanged, path.as_str())]);
    let other = Scope {
        topic: Some("flights"),
        ..Scope::whole(PIPELINE)
    };
    assert!(lake.verify_in(&other).holds());
}

/// A file that vanished is missed, with the record that names it.
#[test]
fn missing_files_are_named() {
    let lake = Lake::new();
    let path = lake.file(1, 3, 0);
    lake.store.remove_file(&path);
    let report = lake.verify();
    assert_eq!(problems(&report), [(FileMissing, path.as_str())]);
    assert!(
        report.problems[0]
            .detail
            .contains(&lake.record(1, 3).path())
    );
    assert_eq!(report.partitions[1].problems, 1);
}

/// What readers see twice, or see although it never became part of a commit, is named.
#[test]
fn orphans_are_named() {
    let mut lake = Lake::new();
    let path = lake.file(0, 2, 0);
    let bytes = lake.store.remove_file(&path).expect("a file");
    lake.store.put_file(&path, bytes.clone());
    let beside = path.replace(".snappy", "-copy.snappy");
    let elsewhere = path.replace("hour=00", "hour=07");
    let foreign = "air/flights/dt=2026-01-01/hour=00/part-0.parquet";
    for copy in [&beside, &elsewhere] {
        lake.store.put_file(copy, bytes.clone());
    }
    lake.store.put_file(foreign, "of another".into());
    // An attempt that lost, and was published by mistake.
    let attempt = lake.attempt();
    let lost = lake.chains[0].commit(attempt);
    lake.commit(0);
    let lost = &lost.files[0];
    lake.store.put_file(&lost.path, lost.bytes.to_bytes());

    let report = lake.verify();
    let mut expected = [
        (FileCopied, beside.as_str()),
        (FileCopied, &elsewhere),
        (FileForeign, foreign),
        (FileUncommitted, &lost.path),
    ];
    expected.sort_by_key(|(_, path)| *path);
    assert_eq!(problems(&report), expected);
    assert_eq!(report.partitions[0].orphans.files, 3);
}

/// A hole in a chain is one problem, and the files of the lost record are another.
#[test]
fn holes_in_a_chain_are_named() {
    for (lost, says) in [(0, "begins with record 1"), (2, "2 to 2 are missing")] {
        let lake = Lake::new();
        let record = lake.record(0, lost);
        assert!(lake.store.remove_control(&record.path()));
        let report = lake.verify();
        let after = lake.record(0, lost + 1).path();
        let mut expected = vec![(RecordMissing, after.as_str())];
        let files = record
            .files
            .iter()
            .map(|file| (FileUncommitted, file.path.as_str()));
        expected.extend(files);
        assert_eq!(problems(&report), expected);
        assert!(report.problems[0].detail.contains(says), "{report:#?}");
    }
}

/// A chain that lost its newest records looks whole: the files of these tell.
#[test]
fn a_chain_that_went_back_is_named_by_its_files() {
    let lake = Lake::new();
    let records: Vec<_> = [3, 4].map(|seq| lake.record(0, seq)).to_vec();
    lake.forget(0, 3);
    let report = lake.verify();
    let files = records.iter().flat_map(|record| &record.files);
    let mut files: Vec<_> = files
        .map(|file| (FileUncommitted, file.path.as_str()))
        .collect();
    files.sort_unstable();
    assert_eq!(problems(&report), files);
    assert_eq!(report.partitions[0].orphans.files, 4);
}

/// Chains that are gone altogether are named by what is left of them, even if no chain of their
/// topic, or of the pipeline, is there any more.
#[test]
fn lost_chains_are_named_by_their_files() {
    for lost in [&[1][..], &[0, 1]] {
        let lake = Lake::new();
        for chain in lost {
            lake.forget(*chain, 0);
        }
        let report = lake.verify();
        let named: Vec<_> = report
            .problems
            .iter()
            .filter(|told| told.kind == ChainLost)
            .collect();
        let chains: Vec<_> = lost
            .iter()
            .map(|chain| lake.chains[*chain].id.prefix())
            .collect();
        assert_eq!(
            named.iter().map(|told| &told.path).collect::<Vec<_>>(),
            chains.iter().collect::<Vec<_>>()
        );
        assert!(
            named[0].detail.contains("8 files of offsets 0 to 40"),
            "{named:#?}"
        );
        assert_eq!(report.problems_found, 9 * lost.len() as u64);
        assert_eq!(
            (
                report.partitions[1].records,
                report.partitions[1].orphans.files
            ),
            (0, 8)
        );
    }
}

/// What cannot be read is said to be unreadable, and nothing is concluded from it: its files are no
/// orphans, its neighbours no strangers.
#[test]
fn unreadable_records_are_named() {
    let lake = Lake::new();
    let [path, other] = [1, 2].map(|seq| lake.chains[0].id.path(seq));
    let foreign = lake.record(1, 2).to_bytes().expect("JSON");
    for bytes in [b"{".to_vec(), b"".to_vec(), b"{\"v\":99}".to_vec(), foreign] {
        lake.replace(&path, bytes);
        assert_eq!(
            problems(&lake.verify()),
            [(RecordUnreadable, path.as_str())]
        );
    }
    lake.replace(&other, "[]");
    let both = [
        (RecordUnreadable, path.as_str()),
        (RecordUnreadable, &other),
    ];
    assert_eq!(problems(&lake.verify()), both);
}

/// Offsets in two records, or in none, and fates that do not add up, are named.
#[test]
fn contradictions_are_named() {
    let change = |change: fn(&mut CommitRecord)| {
        let lake = Lake::new();
        let mut record = lake.record(0, 2);
        change(&mut record);
        lake.replace(&record.path(), record.to_bytes().expect("JSON"));
        lake.verify()
    };
    for (range, says) in [
        (
            OffsetRange::new(5, 20),
            "offsets 5 to 10 are in two records",
        ),
        (
            OffsetRange::new(15, 20),
            "offsets 10 to 15 are in no record",
        ),
    ] {
        // A function pointer captures nothing.
        let report = match range.start {
            5 => change(|record| record.range.start = 5),
            _ => change(|record| record.range.start = 15),
        };
        let told = report
            .problems
            .iter()
            .find(|told| told.kind == RecordsContradict);
        let told = told.unwrap_or_else(|| panic!("{report:#?}"));
        assert!(told.detail.contains(says), "{told:?}");
    }
    let report = change(|record| record.prev = None);
    assert_eq!(report.problems[0].kind, RecordsContradict, "{report:#?}");
    for changed in [
        change(|record| record.count.golden += 1),
        change(|record| assert!(record.duplicates.insert(10, 13))),
        change(|record| record.gaps.push(OffsetRange::new(19, 20))),
    ] {
        let kinds: Vec<_> = changed.problems.iter().map(|told| told.kind).collect();
        assert!(kinds.contains(&FatesDiffer), "{changed:#?}");
    }
}

/// Rows are told apart by their offsets: two of one offset are found although every count is right.
#[test]
fn rows_that_are_there_twice_are_named() {
    for (rows, kind) in [
        // Twice in one file; in two; out of the range.
        ([43, 43, 45, 46, 47, 48], FileChanged),
        ([43, 44, 45, 43, 47, 48], FatesDiffer),
        ([43, 44, 45, 46, 47, 58], FileChanged),
        ([43, 44, 45, 46, 47, 41], FatesDiffer),
    ] {
        let mut lake = Lake::new();
        let attempt = lake.attempt();
        let commit = lake.chains[0].commit_rows(attempt, &rows);
        let record = lake.stage(commit);
        lake.create(&record);
        lake.publish(&record);
        let report = lake.verify();
        assert_eq!(
            report.problems.first().map(|told| told.kind),
            Some(kind),
            "{report:#?}"
        );
    }
}

/// Without the column `_kafka` rows are only counted, and that is said.
#[test]
fn rows_without_offsets_are_counted() {
    let mut lake = Lake::new();
    lake.begin("bare", 0).drop_kafka_column();
    lake.commit(2);
    let report = lake.verify();
    assert!(report.holds(), "{report:#?}");
    assert_eq!(report.partitions[0].files_without_offsets, 2);
}

/// What was lost to retention is on record, and told.
#[test]
fn gaps_of_retention_are_told() {
    let mut lake = Lake::new();
    for _ in 0..2 {
        let (attempt, chain) = (lake.attempt(), &mut lake.chains[0]);
        let start = chain.tail.end;
        let mut record = CommitRecord::after(&chain.tail, chain.id.clone(), attempt, start + 5);
        record.gaps.push(record.range);
        chain.tail = record.tail();
        lake.create(&record);
    }
    let report = lake.verify();
    assert!(report.holds(), "{report:#?}");
    let proof = &report.partitions[0];
    assert_eq!(
        (proof.lost, &proof.gaps[..]),
        (10, &[OffsetRange::new(40, 50)][..])
    );
}

/// Files of other pipelines are theirs to judge, in tables of their own and in ours.
#[test]
fn other_pipelines_are_left_alone() {
    let mut lake = Lake::new();
    let other = |table: &str, lake: &mut Lake| {
        let chain = lake.begin("theirs", 0);
        let spec = TableSpec {
            pipeline: "other".to_owned(),
            table: table.to_owned(),
            ..TableSpec::clone(&chain.table)
        };
        chain.set_table(spec);
        let attempt = lake.attempt();
        let commit = lake.chains[2].commit(attempt);
        for file in &commit.files {
            lake.store.put_file(&file.path, file.bytes.to_bytes());
        }
        lake.forget(2, 0);
        lake.chains.truncate(2);
    };
    for table in ["flights", "theirs", "a"] {
        other(table, &mut lake);
    }
    for index in 0..20 {
        lake.store
            .put_file(&format!("air/logs/{index}.txt"), "x".into());
        lake.store.put_file(&format!("{index}.txt"), "x".into());
    }
    let report = lake.verify();
    assert!(report.holds(), "{report:#?}");
}
