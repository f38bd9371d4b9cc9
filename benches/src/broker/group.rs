use bytes::Bytes;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{
    JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

const MEMBER: StrBytes = StrBytes::from_static_str("member");

/// A group of one, who therefore leads it and gives itself everything.
#[derive(Debug, Default)]
pub(super) struct Group {
    generation: i32,
    assignment: Bytes,
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
}
