use std::net::SocketAddr;

use anyhow::{Context, Result};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, BrokerId, FindCoordinatorResponse, ListOffsetsRequest,
    ListOffsetsResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::{Shared, Topic};
use crate::load::PartitionLog;

/// The controller of the cluster and the coordinator of every group.
const CONTROLLER: BrokerId = BrokerId(1);

/// The earliest offset, and the latest one, as times that are asked for.
const EARLIEST: i64 = -2;
const LATEST: i64 = -1;

/// No offset: nothing was committed, or nothing is that late.
pub(super) const NO_OFFSET: i64 = -1;

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

impl Shared {
    /// The brokers and the topics that were asked for: all if none is named, and none beyond, since
    /// librdkafka cannot read of topics that it does not know to have asked about.
    pub(super) fn metadata(&self, asked: MetadataRequest) -> Result<MetadataResponse> {
        let brokers = self.brokers.iter().map(|(id, address)| {
            MetadataResponseBroker::default()
                .with_node_id(*id)
                .with_host(host(*address))
                .with_port(address.port().into())
        });
        let topics: Result<_> = match asked.topics {
            None => self
                .topics
                .iter()
                .map(|topic| self.metadata_of_known(topic))
                .collect(),
            Some(asked) => asked.iter().map(|topic| self.metadata_of(topic)).collect(),
        };
        Ok(MetadataResponse::default()
            .with_brokers(brokers.collect())
            .with_controller_id(CONTROLLER)
            .with_topics(topics?))
    }

    fn metadata_of(&self, asked: &MetadataRequestTopic) -> Result<MetadataResponseTopic> {
        let known = match &asked.name {
            Some(name) => self.topic(name),
            None => self.topic_of_id(asked.topic_id),
        };
        let unknown = || {
            MetadataResponseTopic::default()
                .with_error_code(ResponseError::UnknownTopicOrPartition.code())
                .with_name(asked.name.clone())
                .with_topic_id(asked.topic_id)
        };
        known.map_or_else(|| Ok(unknown()), |topic| self.metadata_of_known(topic))
    }

    /// Partitions are led in turn.
    fn metadata_of_known(&self, topic: &Topic) -> Result<MetadataResponseTopic> {
        let leaders = self.brokers.keys().cycle();
        let partitions = (0..i32::try_from(topic.partitions.len())?).zip(leaders);
        let partitions = partitions.map(|(partition, leader)| {
            MetadataResponsePartition::default()
                .with_partition_index(partition)
                .with_leader_id(*leader)
                .with_replica_nodes(vec![*leader])
                .with_isr_nodes(vec![*leader])
        });
        Ok(MetadataResponseTopic::default()
            .with_name(Some(topic.name.clone()))
            .with_topic_id(topic.id)
            .with_partitions(partitions.collect()))
    }

    pub(super) fn find_coordinator(&self) -> Result<FindCoordinatorResponse> {
        let address = self
            .brokers
            .get(&CONTROLLER)
            .context("a cluster of no brokers")?;
        Ok(FindCoordinatorResponse::default()
            .with_node_id(CONTROLLER)
            .with_host(host(*address))
            .with_port(address.port().into()))
    }

    /// Both ends of the log; of no other time is an offset known.
    pub(super) fn list_offsets(&self, asked: ListOffsetsRequest) -> ListOffsetsResponse {
        let topics = asked.topics.into_iter().map(|topic| {
            let known = self.topic(&topic.name);
            let partitions = topic.partitions.into_iter().map(|partition| {
                let index = partition.partition_index;
                let log = known.and_then(|topic| topic.log(index));
                let end = log.map_or(NO_OFFSET, PartitionLog::end);
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(index)
                    .with_error_code(error_of(log))
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

    /// The topic of that name.
    pub(super) fn topic(&self, name: &TopicName) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == *name)
    }

    /// The topic of that id.
    pub(super) fn topic_of_id(&self, id: Uuid) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == id)
    }
}

fn host(address: SocketAddr) -> StrBytes {
    StrBytes::from_string(address.ip().to_string())
}

impl Topic {
    pub(super) fn log(&self, partition: i32) -> Option<&PartitionLog> {
        self.partitions.get(usize::try_from(partition).ok()?)
    }
}

/// 0, or that there is no such partition.
pub(super) fn error_of(log: Option<&PartitionLog>) -> i16 {
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    log.map_or(unknown, |_| 0)
}
