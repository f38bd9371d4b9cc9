use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use sluicebox_chain::Counts;
use sluicebox_pipeline::{PartitionStatus, Phase};
use sluicebox_types::{Offset, TopicPartition};

use crate::health::readiness;
use crate::view::View;

#[derive(Serialize)]
pub(crate) struct Status {
    pipeline: String,
    version: &'static str,
    #[serde(flatten)]
    readiness: Value,
    partitions: Vec<Partition>,
}

#[derive(Serialize)]
struct Partition {
    topic: String,
    partition: i32,
    phase: &'static str,
    position: Offset,
    committed: Offset,
    log_end: Option<Offset>,
    lag_records: u64,
    caught_up: bool,
    counts: Counts,
}

pub(crate) async fn show(State(view): State<View>) -> Json<Status> {
    Json(Status {
        pipeline: view.pipeline.to_string(),
        version: view.version,
        readiness: readiness(view.readiness.reasons()),
        partitions: view.status.snapshot().iter().map(Partition::of).collect(),
    })
}

impl Partition {
    fn of((partition, status): (&TopicPartition, &PartitionStatus)) -> Self {
        Self {
            topic: partition.topic.to_string(),
            partition: partition.partition,
            phase: match status.phase {
                Phase::Assigning => "assigning",
                Phase::Reading => "reading",
                Phase::Halted => "halted",
            },
            position: status.position,
            committed: status.committed,
            log_end: status.log_end,
            lag_records: status.lag_records(),
            caught_up: status.caught_up,
            counts: status.counts,
        }
    }
}
