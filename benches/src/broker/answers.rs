use anyhow::Result;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, BrokerId, FindCoordinatorResponse, ListOffsetsRequest,
    ListOffsetsResponse, MetadataResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::Shared;
use crate::load::PartitionLog;

const NODE: BrokerId = BrokerId(1);

/// The id of the only topic.
pub(super) const TOPIC_ID: Uuid = Uuid::from_u128(1);

/// The earliest offset, and the latest one, as times that are asked for.
const EARLIEST: i64 = -2;
const LATEST: i64 = -1;

/// No offset: nothing was committed, or nothing is that late.
const NO_OFFSET: i64 = -1;

/// What is understood, and in which versions: those that name one group or coordinator at a time.
const UNDERSTOOD: [(ApiKey, i16, i16); 12] = [
    // Never answered, but librdkafka fetches only from those who also take record batches.
    (ApiKey::Produce, 0, 9),
    (ApiKey::Fetch, 4, 16),
    (ApiKey::ListOffsets, 1, 7),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 8),
    (ApiKey::OffsetFetch, 1, 7),
    (ApiKey::FindCoordinator, 0, 3),
    (ApiKey::JoinGroup, 0, 5),
    (ApiKey::Heartbeat, 0, 3),
    (ApiKey::LeaveGroup, 0, 2),
    (ApiKey::SyncGroup, 0, 4),
    (ApiKey::ApiVersions, 0, 3),
];

pub(super) fn api_versions() -> ApiVersionsResponse {
    let versions = UNDERSTOOD.map(|(key, min, max)| {
        ApiVersion::default()
            .with_api_key(key as i16)
            .with_min_version(min)
            .with_max_version(max)
    });
    ApiVersionsResponse::default().with_api_keys(versions.into())
}

/// Offsets are a hint to whoever keeps a chain of commits: there are none.
pub(super) fn offset_fetch(asked: OffsetFetchRequest) -> OffsetFetchResponse {
    let topics = asked.topics.into_iter().flatten().map(|topic| {
        let partitions = topic.partition_indexes.into_iter().map(|partition| {
            OffsetFetchResponsePartition::default()
                .with_partition_index(partition)
                .with_committed_offset(NO_OFFSET)
                .with_metadata(Some(StrBytes::default()))
        });
        OffsetFetchResponseTopic::default()
            .with_name(topic.name)
            .with_partitions(partitions.collect())
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}

pub(super) fn offset_commit(asked: OffsetCommitRequest) -> OffsetCommitResponse {
    let topics = asked.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            OffsetCommitResponsePartition::default().with_partition_index(partition.partition_index)
        });
        OffsetCommitResponseTopic::default()
            .with_name(topic.name)
            .with_partitions(partitions.collect())
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

impl Shared {
    /// The whole cluster, whatever was asked for.
    pub(super) fn metadata(&self) -> Result<MetadataResponse> {
        let broker = MetadataResponseBroker::default()
            .with_node_id(NODE)
            .with_host(self.host())
            .with_port(self.address.port().into());
        let partitions = (0..i32::try_from(self.logs.len())?).map(|partition| {
            MetadataResponsePartition::default()
                .with_partition_index(partition)
                .with_leader_id(NODE)
                .with_replica_nodes(vec![NODE])
                .with_isr_nodes(vec![NODE])
        });
        let topic = MetadataResponseTopic::default()
            .with_name(Some(self.topic.clone()))
            .with_topic_id(TOPIC_ID)
            .with_partitions(partitions.collect());
        Ok(MetadataResponse::default()
            .with_brokers(vec![broker])
            .with_controller_id(NODE)
            .with_topics(vec![topic]))
    }

    pub(super) fn find_coordinator(&self) -> FindCoordinatorResponse {
        FindCoordinatorResponse::default()
            .with_node_id(NODE)
            .with_host(self.host())
            .with_port(self.address.port().into())
    }

    /// Both ends of the log; of no other time is an offset known.
    pub(super) fn list_offsets(&self, asked: ListOffsetsRequest) -> ListOffsetsResponse {
        let topics = asked.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.into_iter().map(|partition| {
                let index = partition.partition_index;
                let end = self.log(index).map_or(NO_OFFSET, PartitionLog::end);
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(index)
                    .with_error_code(self.error_of(index))
                    .with_offset(match partition.timestamp {
                        EARLIEST => 0,
                        LATEST => end,
                        _ => NO_OFFSET,
                    })
            });
            ListOffsetsTopicResponse::default()
                .with_name(topic.name)
                .with_partitions(partitions.collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }

    /// 0, or that there is no such partition.
    pub(super) fn error_of(&self, partition: i32) -> i16 {
        let unknown = ResponseError::UnknownTopicOrPartition.code();
        self.log(partition).map_or(unknown, |_| 0)
    }

    pub(super) fn log(&self, partition: i32) -> Option<&PartitionLog> {
        self.logs.get(usize::try_from(partition).ok()?)
    }

    fn host(&self) -> StrBytes {
        StrBytes::from_string(self.address.ip().to_string())
    }
}
