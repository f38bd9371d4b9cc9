use std::collections::HashMap;

use bytes::Bytes;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use kafka_protocol::messages::{
    GroupId, JoinGroupRequest, JoinGroupResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse, SyncGroupRequest, SyncGroupResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::answers::NO_OFFSET;

const MEMBER: StrBytes = StrBytes::from_static_str("member");

/// Groups of one, who therefore leads it and gives itself everything; there is one at a time.
#[derive(Debug, Default)]
pub(super) struct Group {
    generation: i32,
    assignment: Bytes,
    committed: HashMap<(GroupId, TopicName, i32), Committed>,
}

#[derive(Clone, Debug)]
struct Committed {
    offset: i64,
    metadata: Option<StrBytes>,
}

impl Group {
    /// Takes the only member in, again and again.
    pub(super) fn join(&mut self, asked: JoinGroupRequest) -> JoinGroupResponse {
        self.generation += 1;
        let protocol = asked.protocols.into_iter().next().unwrap_or_default();
        let member = JoinGroupResponseMember::default()
            .with_member_id(MEMBER)
            .with_metadata(protocol.metadata);
        JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_name(Some(protocol.name))
            .with_leader(MEMBER)
            .with_member_id(MEMBER)
            .with_members(vec![member])
    }

    /// Gives the member what it gave itself.
    pub(super) fn sync(&mut self, asked: SyncGroupRequest) -> SyncGroupResponse {
        if let Some(own) = asked.assignments.into_iter().next() {
            self.assignment = own.assignment;
        }
        SyncGroupResponse::default().with_assignment(self.assignment.clone())
    }

    /// What each partition's reader has committed.
    pub(super) fn offset_fetch(&self, asked: OffsetFetchRequest) -> OffsetFetchResponse {
        let group = &asked.group_id;
        let topics = asked.topics.into_iter().flatten().map(|topic| {
            let partitions = topic.partition_indexes.into_iter().map(|partition| {
                let place = (group.clone(), topic.name.clone(), partition);
                let committed = self.committed.get(&place).cloned();
                let committed = committed.unwrap_or(Committed {
                    offset: NO_OFFSET,
                    metadata: Some(StrBytes::default()),
                });
                OffsetFetchResponsePartition::default()
                    .with_partition_index(partition)
                    .with_committed_offset(committed.offset)
                    .with_metadata(committed.metadata)
            });
            OffsetFetchResponseTopic::default()
                .with_partitions(partitions.collect())
                .with_name(topic.name)
        });
        OffsetFetchResponse::default().with_topics(topics.collect())
    }

    /// Takes offsets on record.
    pub(super) fn offset_commit(&mut self, asked: OffsetCommitRequest) -> OffsetCommitResponse {
        let mut topics = Vec::new();
        for topic in asked.topics {
            let mut partitions = Vec::new();
            for partition in topic.partitions {
                let index = partition.partition_index;
                let committed = Committed {
                    offset: partition.committed_offset,
                    metadata: partition.committed_metadata,
                };
                let place = (asked.group_id.clone(), topic.name.clone(), index);
                self.committed.insert(place, committed);
                partitions
                    .push(OffsetCommitResponsePartition::default().with_partition_index(index));
            }
            topics.push(
                OffsetCommitResponseTopic::default()
                    .with_name(topic.name)
                    .with_partitions(partitions),
            );
        }
        OffsetCommitResponse::default().with_topics(topics)
    }
}
