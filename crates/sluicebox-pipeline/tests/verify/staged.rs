use futures::FutureExt as _;
use sluicebox_chain::CommitRecord;
use sluicebox_pipeline::ports::LakeStore;
use sluicebox_pipeline::verify::ProblemKind::StagedDataGone;
use sluicebox_pipeline::verify::{Amount, Scope, verify};
use sluicebox_storage::Operation;
use sluicebox_storage::memory::Moment;
use sluicebox_types::Staged;

use crate::commits::PIPELINE;
use crate::lake::{Lake, now, problems};

/// A commit whose record is made, and none of whose files is published.
fn committed(lake: &mut Lake) -> CommitRecord {
    let attempt = lake.attempt();
    let commit = lake.chains[0].commit(attempt);
    let record = lake.stage(commit);
    lake.create(&record);
    record
}

/// The newest record's files may wait for their publication; what is staged for no record yet may
/// wait as well. Both are told, and neither is a problem.
#[test]
fn what_is_on_its_way_is_pending() {
    let mut lake = Lake::new();
    let record = committed(&mut lake);
    let (first, second) = (&record.files[0], &record.files[1]);
    now(lake.store.publish(&first.path, first.bytes, &first.stage)).expect("publish");
    let attempt = lake.attempt();
    let next = lake.chains[1].commit(attempt);
    let next = lake.stage(next);
    let report = lake.verify();
    assert!(report.holds(), "{report:#?}");
    let waiting = Amount {
        files: 1,
        bytes: second.bytes,
    };
    let [zero, one] = &report.partitions[..] else {
        panic!("{report:#?}")
    };
    assert_eq!((zero.pending, zero.staged), (waiting, Some(waiting)));
    assert_eq!(one.pending, Amount::default());
    let staged = next.files.iter().map(|file| file.bytes).sum();
    assert_eq!(
        one.staged,
        Some(Amount {
            files: 2,
            bytes: staged
        })
    );
}

/// A committed file that is neither visible nor staged will halt its partition: that is said before.
#[test]
fn staged_data_that_is_gone_is_named() {
    let mut lake = Lake::new();
    let record = committed(&mut lake);
    let gone = &record.files[1];
    now(lake.store.abandon(&gone.path, &gone.stage)).expect("abandon");
    let report = lake.verify();
    assert_eq!(problems(&report), [(StagedDataGone, gone.path.as_str())]);
    assert_eq!(report.partitions[0].pending.files, 1);
}

/// A publish between the look at the tables and the look at staging is no loss.
#[test]
fn a_publish_between_two_looks_is_no_loss() {
    let mut lake = Lake::new();
    let record = committed(&mut lake);
    let clean = lake.store.clone();
    let folder = record.chain.prefix();
    let publishing = lake.store.with_faults(move |call| {
        let staging = call.operation == Operation::List && call.moment == Moment::Before;
        if staging && call.path == folder {
            for file in &record.files {
                let publish = clean.publish(&file.path, file.bytes, &file.stage);
                publish.now_or_never().expect("at once").expect("publish");
            }
        }
        None
    });
    let report = now(verify(&publishing, &Scope::whole(PIPELINE))).expect("a report");
    assert!(report.holds(), "{report:#?}");
    assert_eq!(report.partitions[0].pending, Amount::default());
}

/// Nothing can be known of an open upload: it stays pending.
#[test]
fn open_uploads_are_pending() {
    let mut lake = Lake::new();
    let attempt = lake.attempt();
    let commit = lake.chains[0].commit(attempt);
    let mut record = lake.stage(commit);
    for file in &mut record.files {
        file.stage = Staged::Multipart {
            upload: "of a bucket".to_owned(),
            parts: Vec::new(),
        };
    }
    lake.create(&record);
    let report = lake.verify();
    assert!(report.holds(), "{report:#?}");
    assert_eq!(report.partitions[0].pending.files, 2);
}
