use std::sync::atomic::Ordering;
use std::time::Duration;

use sluicebox_kafka::KafkaError;
use sluicebox_kafka::mock::MockKafka;
use sluicebox_types::OwnedRecord;

use crate::commands::demo::TOPIC;
use crate::commands::demo::traffic::Traffic;
use crate::failure::Failure;
use crate::service::Process;

/// Records that come at their leisure while somebody watches.
const SLOW_RECORDS: usize = 3_000;
/// How many of them at once, and the pause in between.
const SLOW_BATCH: usize = 5;
const PAUSE: Duration = Duration::from_millis(500);

/// Produces everything there is.
pub(super) fn at_once(kafka: &MockKafka, records: &[(i32, OwnedRecord)]) -> Result<(), KafkaError> {
    for (partition, record) in records {
        kafka.produce(TOPIC, *partition, record)?;
    }
    kafka.flush()
}

/// Produces most at once and the rest slowly, until the process is to stop. Answers whether all
/// was produced.
pub(super) fn slowly(
    kafka: &MockKafka,
    traffic: &Traffic,
    process: &Process,
) -> Result<bool, Failure> {
    let (most, rest) = traffic
        .records
        .split_at(traffic.records.len().saturating_sub(SLOW_RECORDS));
    at_once(kafka, most)?;
    tracing::info!("the last {SLOW_RECORDS} records come slowly; Ctrl-C ends the demo");
    for batch in rest.chunks(SLOW_BATCH) {
        if process.stop.flag().load(Ordering::Acquire) {
            return Ok(false);
        }
        at_once(kafka, batch)?;
        let stopped = process.stop.requested();
        // Waits for the pause or the wish to stop, whichever comes first.
        drop(
            process
                .runtime
                .block_on(async { tokio::time::timeout(PAUSE, stopped).await }),
        );
    }
    tracing::info!("all records have come; Ctrl-C ends the demo");
    process.runtime.block_on(process.stop.requested());
    Ok(true)
}
