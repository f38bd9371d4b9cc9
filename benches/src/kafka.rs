//! A load in a real Kafka: the prepared batches go there as they are, as a producer would send them.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, ProduceRequest, ProduceResponse, RequestHeader, ResponseHeader,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};

use sluicebox_tests::harness::Kafka;

use crate::load::{Load, TopicLog};

const VERSION: i16 = 9;
const ALL_REPLICAS: i16 = -1;
const TIMEOUT_MILLIS: i32 = 30_000;

/// Makes topics that hold a load, and keep it whatever its age.
///
/// # Errors
/// When the broker refuses.
pub fn make(server: &Kafka, load: &Load) -> Result<()> {
    for topic in &load.topics {
        let partitions = i32::try_from(topic.partitions.len())?;
        let made = server.try_create_topic(&topic.name, partitions, &[("retention.ms", "-1")]);
        tokio::runtime::Runtime::new()?.block_on(made)?;
        fill(&server.brokers, topic)?;
    }
    Ok(())
}

/// Fills a topic that is there and empty, whose partitions `broker` (`host:port`) leads.
fn fill(broker: &str, topic: &TopicLog) -> Result<()> {
    let mut stream = TcpStream::connect(broker)?;
    let name = topic.name.as_str();
    for (index, log) in topic.partitions.iter().enumerate() {
        let mut offset = 0;
        while let Some((mut batch, next)) = log.batch_at(offset)? {
            // The offset is the broker's to give; from a producer it takes nothing but zero.
            batch[..size_of::<i64>()].fill(0);
            let batch = PartitionProduceData::default()
                .with_index(i32::try_from(index)?)
                .with_records(Some(batch.freeze()));
            produce(&mut stream, name, batch)
                .with_context(|| format!("partition {index} of {name} at offset {offset}"))?;
            offset = next;
        }
        ensure!(offset == log.end(), "the load has a gap");
    }
    Ok(())
}

fn produce(stream: &mut TcpStream, topic: &str, batch: PartitionProduceData) -> Result<()> {
    let topic = TopicProduceData::default()
        .with_name(StrBytes::from_string(topic.to_owned()).into())
        .with_partition_data(vec![batch]);
    let request = ProduceRequest::default()
        .with_acks(ALL_REPLICAS)
        .with_timeout_ms(TIMEOUT_MILLIS)
        .with_topic_data(vec![topic]);
    let header = RequestHeader::default()
        .with_request_api_key(ApiKey::Produce as i16)
        .with_request_api_version(VERSION)
        .with_client_id(Some(StrBytes::from_static_str("sluicebox-benches")));
    let mut bytes = BytesMut::new();
    bytes.put_u32(0); // the length
    header.encode(&mut bytes, ProduceRequest::header_version(VERSION))?;
    request.encode(&mut bytes, VERSION)?;
    let length = u32::try_from(bytes.len() - size_of::<u32>())?;
    bytes[..size_of::<u32>()].copy_from_slice(&length.to_be_bytes());
    stream.write_all(&bytes)?;
    accepted(stream)
}

fn accepted(stream: &mut TcpStream) -> Result<()> {
    let mut length = [0; size_of::<u32>()];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    stream.read_exact(&mut answer)?;
    let mut answer = Bytes::from(answer);
    let header_version = ProduceResponse::header_version(VERSION);
    ResponseHeader::decode(&mut answer, header_version)?;
    let answer = ProduceResponse::decode(&mut answer, VERSION)?;
    let mut partitions = answer
        .responses
        .iter()
        .flat_map(|topic| &topic.partition_responses);
    let refused = partitions.find(|partition| partition.error_code != 0);
    ensure!(refused.is_none(), "the broker refused: {refused:?}");
    Ok(())
}
