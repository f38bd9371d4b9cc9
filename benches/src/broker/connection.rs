use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, FetchRequest, FindCoordinatorRequest, HeartbeatRequest,
    JoinGroupRequest, LeaveGroupRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
    OffsetFetchRequest, ResponseHeader, SyncGroupRequest,
};
use kafka_protocol::protocol::{
    Encodable, HeaderVersion, Request, decode_request_header_from_buffer,
};

use super::Shared;
use super::answers;

/// A request is a few hundred bytes; this is what a broken one is told from.
const REQUEST_BYTES_MAX: usize = 1 << 20;

/// Answers requests, one after the other, until the client hangs up.
pub(super) fn serve(stream: TcpStream, shared: &Shared) -> Result<()> {
    match answer_all(stream, shared) {
        Err(error) if error.downcast_ref().is_some_and(is_hang_up) => Ok(()),
        ended => ended,
    }
}

/// A client that ends does not wait for what it has asked.
fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}

fn answer_all(mut stream: TcpStream, shared: &Shared) -> Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut length = [0; size_of::<u32>()];
        stream.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length))?;
        if length > REQUEST_BYTES_MAX {
            bail!("a request of {length} bytes");
        }
        let mut request = vec![0; length];
        stream.read_exact(&mut request)?;
        let response = respond(request.into(), shared)?;
        stream.write_all(&u32::try_from(response.len())?.to_be_bytes())?;
        stream.write_all(&response)?;
    }
}

fn respond(mut request: Bytes, shared: &Shared) -> Result<BytesMut> {
    let header = decode_request_header_from_buffer(&mut request)?;
    let exchange = Exchange {
        version: header.request_api_version,
        correlation_id: header.correlation_id,
        request,
    };
    let key = ApiKey::try_from(header.request_api_key);
    match key.ok().context("an unknown request")? {
        ApiKey::ApiVersions => exchange.answer(|_: ApiVersionsRequest| Ok(answers::api_versions())),
        ApiKey::Metadata => exchange.answer(|asked: MetadataRequest| shared.metadata(asked)),
        ApiKey::ListOffsets => {
            exchange.answer(|asked: ListOffsetsRequest| Ok(shared.list_offsets(asked)))
        }
        ApiKey::Fetch => exchange.answer(|asked: FetchRequest| shared.fetch(asked)),
        ApiKey::FindCoordinator => {
            exchange.answer(|_: FindCoordinatorRequest| shared.find_coordinator())
        }
        ApiKey::OffsetFetch => {
            exchange.answer(|asked: OffsetFetchRequest| Ok(shared.group.lock().offset_fetch(asked)))
        }
        ApiKey::OffsetCommit => exchange
            .answer(|asked: OffsetCommitRequest| Ok(shared.group.lock().offset_commit(asked))),
        ApiKey::JoinGroup => {
            exchange.answer(|asked: JoinGroupRequest| Ok(shared.group.lock().join(asked)))
        }
        ApiKey::SyncGroup => {
            exchange.answer(|asked: SyncGroupRequest| Ok(shared.group.lock().sync(asked)))
        }
        ApiKey::Heartbeat => exchange.answer(|_: HeartbeatRequest| Ok(<_>::default())),
        ApiKey::LeaveGroup => exchange.answer(|_: LeaveGroupRequest| Ok(<_>::default())),
        other => bail!("nobody answers {other:?} here"),
    }
}

/// A request that waits for its answer.
struct Exchange {
    version: i16,
    correlation_id: i32,
    request: Bytes,
}

impl Exchange {
    fn answer<R: Request>(
        mut self,
        answer: impl FnOnce(R) -> Result<R::Response>,
    ) -> Result<BytesMut> {
        let response = answer(R::decode(&mut self.request, self.version)?)?;
        let mut bytes = BytesMut::with_capacity(response.compute_size(self.version)? + 16);
        ResponseHeader::default()
            .with_correlation_id(self.correlation_id)
            .encode(&mut bytes, R::Response::header_version(self.version))?;
        response.encode(&mut bytes, self.version)?;
        Ok(bytes)
    }
}
