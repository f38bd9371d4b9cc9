use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sluicebox_pipeline::ports::SourceControl;
use sluicebox_pipeline::{Phase, Readiness, StatusBoard};

use super::elsewhere::Elsewhere;
use crate::failure::Failure;
use crate::service::Stop;

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The brokers are asked about others less often than our own state is looked at.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Makes the wish to stop when the end is reached. Answers which partitions wait for a person then,
/// and why; none when the process was told to stop before the end.
pub(crate) async fn watch(
    status: Arc<StatusBoard>,
    readiness: Arc<Readiness>,
    control: Arc<dyn SourceControl>,
    stop: Arc<Stop>,
) -> Option<Vec<String>> {
    tokio::select! {
        () = stop.requested() => return None,
        () = end(&status, &readiness, control) => {}
    }
    let halted = halted(&status, &readiness);
    stop.request();
    Some(halted)
}

async fn end(status: &StatusBoard, readiness: &Readiness, control: Arc<dyn SourceControl>) {
    let mut elsewhere = Elsewhere::new(control);
    loop {
        let pause = match is_end(status, readiness) {
            true if elsewhere.is_read(status).await => return,
            true => ASK_EVERY,
            false => LOOK_EVERY,
        };
        tokio::time::sleep(pause).await;
    }
}

/// A pass is good when every partition was read and committed to its end. What halted is named with
/// its reason; so is what went away uncommitted in the last drain.
pub(crate) fn judge(mut unread: Vec<String>, status: &StatusBoard) -> Result<(), Failure> {
    for (partition, why) in status.left_behind() {
        let named = format!("partition {partition}: ");
        if !unread.iter().any(|line| line.starts_with(&named)) {
            unread.push(format!("{named}{why}"));
        }
    }
    if unread.is_empty() {
        return Ok(());
    }
    Err(Failure::check(format!(
        "not read to the end:\n  {}",
        unread.join("\n  ")
    )))
}

/// Whether all of our partitions were read to their end (or halted), and nothing is waited for that
/// could bring more.
fn is_end(status: &StatusBoard, readiness: &Readiness) -> bool {
    status.all_caught_up() && readiness.reasons().len() == halted(status, readiness).len()
}

fn halted(status: &StatusBoard, readiness: &Readiness) -> Vec<String> {
    let reasons: BTreeMap<String, String> = readiness.reasons().into_iter().collect();
    let partitions = status.snapshot().into_iter();
    let halted = partitions.filter(|(_, status)| status.phase == Phase::Halted);
    halted
        .map(|(partition, _)| {
            let dependency = format!("partition {partition}");
            let why = reasons.get(&dependency).map_or("halted", String::as_str);
            format!("{dependency}: {why}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use sluicebox_types::TopicPartition;

    use super::*;

    fn board(entries: &[(i32, Phase, bool)]) -> StatusBoard {
        let board = StatusBoard::default();
        for (partition, phase, caught_up) in entries {
            board.update(&TopicPartition::new("t", *partition), |status| {
                status.phase = phase.clone();
                status.caught_up = *caught_up;
            });
        }
        board
    }

    /// The end is reached when all are caught up or halted; who halted is named with the reason.
    #[test]
    fn ends_when_all_are_caught_up_or_halted() {
        let readiness = Readiness::default();
        let reading = board(&[(0, Phase::Reading, true), (1, Phase::Reading, false)]);
        assert!(!is_end(&reading, &readiness));
        readiness.down("partition t[1]", "its chain is ahead of Kafka");
        let over = board(&[(0, Phase::Reading, true), (1, Phase::Halted, false)]);
        assert!(is_end(&over, &readiness));
        assert_eq!(
            halted(&over, &readiness),
            ["partition t[1]: its chain is ahead of Kafka"]
        );
    }

    /// What the last drain could not commit fails the pass, even if all was caught up before it.
    #[test]
    fn what_was_left_behind_fails_the_pass() {
        let status = board(&[(0, Phase::Reading, true)]);
        judge(Vec::new(), &status).unwrap();
        status.leave_behind(&TopicPartition::new("t", 0), "not committed in time");
        let failure = judge(Vec::new(), &status).unwrap_err().to_string();
        assert!(
            failure.contains("partition t[0]: not committed in time"),
            "{failure}"
        );
    }

    /// Before anything was assigned, and while a dependency may still bring records, it is not the
    /// end.
    #[test]
    fn goes_on_while_something_is_waited_for() {
        let readiness = Readiness::default();
        assert!(!is_end(&board(&[]), &readiness));
        let status = board(&[(0, Phase::Reading, true)]);
        readiness.down("kafka", "no broker answers");
        assert!(!is_end(&status, &readiness));
        readiness.up("kafka");
        assert!(is_end(&status, &readiness));
    }
}
