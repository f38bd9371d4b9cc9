//! A partition's place at its worker, and what is told about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use metrics::counter;
use sluicebox_types::{SourceRecord, TopicPartition};
use tokio::task::AbortHandle;

use crate::environment::Environment;
use crate::inbox::Ending;
use crate::lane::{Lane, LaneError, TopicTools};
use crate::ports::SourceControl;
use crate::status::Phase;

/// A lane with what its worker does to it.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) lane: Lane,
    pub(crate) ending: Option<Ending>,
    pub(crate) commit: Option<AbortHandle>,
    /// Kafka does not let it be read, as `/readyz` says.
    pub(crate) forbidden: bool,
}

impl Seat {
    /// Kafka does not let the partition be read; the client goes on asking.
    pub(crate) fn forbid(&mut self, env: &Environment, why: &str) {
        let partition = &self.lane.partition;
        tracing::warn!(%partition, why, "source");
        env.readiness.down(&format!("partition {partition}"), why);
        self.forbidden = true;
    }

    /// Something of the partition was read, be it that there is no more.
    pub(crate) fn permit(&mut self, env: &Environment) {
        if std::mem::take(&mut self.forbidden) {
            env.readiness
                .up(&format!("partition {}", self.lane.partition));
        }
    }
}

/// Puts a lane's place on the status board.
pub(crate) fn report(env: &Environment, lane: &Lane) {
    env.status.update(&lane.partition, |status| {
        status.phase = Phase::Reading;
        status.position = lane.position();
        status.read_timestamp_millis = lane.read_timestamp_millis();
        status.holding = lane.holding();
        status.caught_up = lane.caught_up;
    });
}

pub(crate) fn tools_of<'a>(
    tools: &'a mut BTreeMap<Arc<str>, TopicTools>,
    lane: &Lane,
) -> Result<&'a mut TopicTools, LaneError> {
    let topic = &lane.spec.topic;
    if !tools.contains_key(topic) {
        tools.insert(Arc::clone(topic), TopicTools::new(&lane.spec)?);
    }
    tools.get_mut(topic).ok_or(LaneError::NoTools)
}

pub(crate) fn count_consumed(partition: &TopicPartition, records: &[SourceRecord<'_>]) {
    let bytes = |record: &SourceRecord<'_>| record.value.map_or(0, |value| value.len() as u64);
    let topic = [("topic", partition.topic.to_string())];
    counter!("sluicebox_consumer_records_total", &topic).increment(records.len() as u64);
    counter!("sluicebox_consumer_bytes_total", &topic).increment(records.iter().map(bytes).sum());
}

/// Stops a partition until a person has looked.
pub(crate) fn halt_partition(
    env: &Environment,
    control: &dyn SourceControl,
    partition: &TopicPartition,
    why: &str,
) {
    tracing::error!(%partition, why, "halted");
    control.pause(std::slice::from_ref(partition));
    env.readiness.down(&format!("partition {partition}"), why);
    env.status
        .update(partition, |status| status.phase = Phase::Halted);
}
