//! Records that were produced in transactions.

use sluicebox_tests::harness::Outcome::{Abort, Commit};
use sluicebox_tests::harness::{Outcome, Transaction, eventually, kafka};

use super::{Pipeline, caught_up, committed, event, record, stopped};

/// Five events in a transaction of their own that is left open.
fn begin(topic: &str, first: i64) -> Transaction {
    let values: Vec<String> = (first..first + 5).map(event).collect();
    let id = format!("{topic}-{first}");
    kafka().begin(&id, values.iter().map(|value| record(topic, 0, value)))
}

/// Ends a transaction and waits until its marker is the `end`th entry of the log.
async fn end(topic: &str, transaction: Transaction, outcome: Outcome, end: i64) {
    transaction.end(outcome);
    eventually("the marker is written", async || {
        (kafka().log_ends(topic) == [Some(end)]).then_some(())
    })
    .await;
}

/// Records of aborted transactions never appear. Markers and what was aborted are offsets without a
/// record, also at the very end: a bounded pass ends there, lag is zero, the proof holds.
#[tokio::test]
async fn aborted_records_never_appear() {
    let topic = kafka().create_topic("transactions", 1).await;
    end(&topic, begin(&topic, 0), Commit, 6).await;
    end(&topic, begin(&topic, 5), Abort, 12).await;
    end(&topic, begin(&topic, 10), Commit, 18).await;
    let pipeline = Pipeline::new(&topic).with_topic(&topic, "db.events", &[]);
    pipeline.complete_pass();
    let both = [0, 1, 2, 3, 4, 10, 11, 12, 13, 14];
    assert_eq!(pipeline.ids("db/events"), both);
    pipeline.assert_no_lag(&topic);

    end(&topic, begin(&topic, 15), Abort, 24).await;
    pipeline.complete_pass();
    assert_eq!(pipeline.ids("db/events"), both);
    pipeline.assert_no_lag(&topic);
    let proof = pipeline.verify();
    assert_eq!(proof["partitions"][0]["counts"]["read"], 10);
    assert_eq!(proof["partitions"][0]["end"], 24);
}

/// An open transaction holds back what comes after it, and nothing else: when it ends, all of it is
/// read, in a service that had seen the end before.
#[tokio::test]
async fn an_open_transaction_is_waited_for() {
    let topic = kafka().create_topic("open-transaction", 1).await;
    end(&topic, begin(&topic, 0), Commit, 6).await;
    let open = begin(&topic, 5);
    let pipeline = Pipeline::new(&topic).with_topic(&topic, "db.events", &[]);
    let process = pipeline.run();
    caught_up(&process, 1).await;
    super::produce(&topic, 0, 10..15);
    end(&topic, open, Commit, 17).await;
    committed(&[&process], 17).await;
    stopped(process);
    assert_eq!(pipeline.ids("db/events"), (0..15).collect::<Vec<_>>());
    pipeline.assert_no_lag(&topic);
    pipeline.verify();
}
