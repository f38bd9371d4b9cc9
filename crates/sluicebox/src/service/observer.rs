use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use sluicebox_chain::Counts;
use sluicebox_pipeline::{PartitionStatus, Readiness, Relay, StatusBoard};
use sluicebox_telemetry::Metrics;
use sluicebox_types::{Clock, TopicPartition};

use crate::service::gauges::{TopicGauges, as_gauge};
use crate::wiring::Shared;

/// How often a line is logged and gauges are set.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Looks at the work from the side: sets gauges, and logs a line every ten seconds.
#[derive(Debug)]
pub(crate) struct Observer {
    clock: Arc<dyn Clock>,
    status: Arc<StatusBoard>,
    readiness: Arc<Readiness>,
}

impl Observer {
    pub(crate) fn new(shared: &Shared) -> Self {
        Self {
            clock: Arc::clone(&shared.clock),
            status: Arc::clone(&shared.status),
            readiness: Arc::clone(&shared.readiness),
        }
    }

    /// Goes on until it is aborted.
    pub(crate) async fn observe(self, metrics: Metrics, relay: Arc<Relay>) {
        let mut before = self.status.snapshot();
        let mut looked_at = self.clock.monotonic();
        let mut gauges = TopicGauges::default();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.clock.monotonic();
            let after = self.status.snapshot();
            gauges.set(&after, self.clock.now_millis(), now);
            set_backlogs(&relay);
            self.log(&before, &after, now.saturating_sub(looked_at));
            metrics.run_upkeep();
            (before, looked_at) = (after, now);
        }
    }

    fn log(
        &self,
        before: &BTreeMap<TopicPartition, PartitionStatus>,
        after: &BTreeMap<TopicPartition, PartitionStatus>,
        elapsed: Duration,
    ) {
        let Progress {
            partitions,
            caught_up,
            read,
            uncommitted,
            lag,
            counts,
        } = Progress::between(before, after);
        let waiting: Vec<String> = self
            .readiness
            .reasons()
            .into_iter()
            .map(|(dependency, why)| format!("{dependency}: {why}"))
            .collect();
        tracing::info!(
            partitions,
            caught_up,
            read_per_second = read / elapsed.as_secs().max(1),
            uncommitted,
            lag,
            golden = counts.golden,
            rejected = counts.rejected,
            duplicates = counts.duplicate,
            skipped = counts.skipped,
            waiting_for = waiting.join("; "),
            "progress"
        );
    }
}

fn set_backlogs(relay: &Relay) {
    for (target, records) in relay.backlogs() {
        let records = usize::try_from(records).unwrap_or(usize::MAX);
        gauge!("sluicebox_notify_backlog", "target" => target).set(as_gauge(records));
    }
}

/// What happened between two looks, in offsets, and what has been committed since the partitions
/// were taken over.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Progress {
    pub(crate) partitions: usize,
    pub(crate) caught_up: usize,
    pub(crate) read: u64,
    pub(crate) uncommitted: u64,
    pub(crate) lag: u64,
    pub(crate) counts: Counts,
}

impl Progress {
    pub(crate) fn between(
        before: &BTreeMap<TopicPartition, PartitionStatus>,
        after: &BTreeMap<TopicPartition, PartitionStatus>,
    ) -> Self {
        let mut progress = Self {
            partitions: after.len(),
            ..Self::default()
        };
        for (partition, status) in after {
            let position_before = before
                .get(partition)
                .map_or(status.committed, |b| b.position);
            progress.read += distance(position_before, status.position);
            progress.uncommitted += distance(status.committed, status.position);
            progress.lag += status.lag_records();
            progress.caught_up += usize::from(status.caught_up);
            progress.counts += status.counts;
        }
        progress
    }
}

pub(crate) fn distance(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: i64, committed: i64) -> PartitionStatus {
        PartitionStatus {
            position,
            committed,
            ..PartitionStatus::default()
        }
    }

    /// Partitions that came, went, or were read again (a replay) do not distort the rate.
    #[test]
    fn progress_counts_what_was_read_here() {
        let partition = |number| TopicPartition::new("t", number);
        let before = BTreeMap::from([
            (partition(0), at(100, 80)),
            (partition(1), at(50, 50)),
            (partition(2), at(70, 70)),
        ]);
        let after = BTreeMap::from([
            (partition(0), at(130, 100)),
            (partition(1), at(40, 40)),
            (partition(3), at(1_010, 1_000)),
        ]);
        let progress = Progress::between(&before, &after);
        assert_eq!(
            (progress.partitions, progress.read, progress.uncommitted),
            (3, 40, 40)
        );
    }
}
