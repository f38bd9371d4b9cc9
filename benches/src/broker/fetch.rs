use std::thread;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchRequest, FetchResponse};

use super::Shared;
use super::answers::error_of;
use crate::load::PartitionLog;

impl Shared {
    /// What there is from the wanted offsets on. Waits, as long as the client allows, when that is
    /// nothing: nothing more will come.
    pub(super) fn fetch(&self, asked: FetchRequest) -> Result<FetchResponse> {
        let mut room = usize::try_from(asked.max_bytes)?;
        let mut is_empty = true;
        let mut topics = Vec::new();
        for topic in asked.topics {
            // Newer versions name a topic by its id alone.
            let known = self.topic_of_id(topic.topic_id);
            let known = known.or_else(|| self.topic(&topic.topic));
            let mut partitions = Vec::new();
            for partition in &topic.partitions {
                let log = known.and_then(|topic| topic.log(partition.partition));
                let data = read(log, partition, room, is_empty)?;
                let bytes = data.records.as_ref().map_or(0, Bytes::len);
                let is_cut = bytes == 0 && data.high_watermark > partition.fetch_offset;
                // Kafka would fill what is left with a part of a batch.
                room = if is_cut {
                    0
                } else {
                    room.saturating_sub(bytes)
                };
                is_empty &= bytes == 0 && data.error_code == 0;
                partitions.push(data);
            }
            topics.push(
                FetchableTopicResponse::default()
                    .with_topic(topic.topic)
                    .with_topic_id(topic.topic_id)
                    .with_partitions(partitions),
            );
        }
        if is_empty {
            let wait = u64::try_from(asked.max_wait_ms)?;
            thread::sleep(Duration::from_millis(wait));
        }
        Ok(FetchResponse::default().with_responses(topics))
    }
}

/// A batch for which there is no room still comes where it is the first of a response (KIP-74).
fn read(
    log: Option<&PartitionLog>,
    asked: &FetchPartition,
    room: usize,
    is_first: bool,
) -> Result<PartitionData> {
    let data = PartitionData::default()
        .with_partition_index(asked.partition)
        .with_error_code(error_of(log));
    let Some(log) = log else {
        return Ok(data);
    };
    let data = data
        .with_high_watermark(log.end())
        .with_last_stable_offset(log.end())
        .with_log_start_offset(0);
    if !(0..=log.end()).contains(&asked.fetch_offset) {
        return Ok(data.with_error_code(ResponseError::OffsetOutOfRange.code()));
    }
    let room = room.min(usize::try_from(asked.partition_max_bytes)?);
    let mut records = Bytes::new();
    if room > 0 {
        records = log.read(asked.fetch_offset, room)?.freeze();
    }
    if records.len() > room && !is_first {
        records = Bytes::new();
    }
    Ok(data.with_records(Some(records)))
}
