use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use sluicebox_pipeline::ports::{RecordQueue, SourceBatch, SourceError, SourceEvent};
use sluicebox_types::{SourceRecord, TopicPartition};

use crate::native::{Message, Messages, NativeQueue};

/// One worker's records. librdkafka's threads fetch, check and decompress; this end only takes
/// pointers, so that a record costs a fraction of what a poll by itself costs.
#[derive(Debug)]
pub struct KafkaQueue {
    queue: Arc<NativeQueue>,
    /// Names seen so far: as many as topics are read, so that a record needs no allocation.
    topics: HashSet<Arc<str>>,
}

impl KafkaQueue {
    pub(crate) fn new(queue: Arc<NativeQueue>) -> Self {
        Self {
            queue,
            topics: HashSet::new(),
        }
    }

    fn partition_of(&mut self, message: &Message) -> TopicPartition {
        let name = message.topic();
        let topic = self.topics.get(name.as_ref()).cloned().unwrap_or_else(|| {
            let topic: Arc<str> = Arc::from(name.as_ref());
            self.topics.insert(Arc::clone(&topic));
            topic
        });
        TopicPartition::new(topic, message.partition())
    }
}

impl RecordQueue for KafkaQueue {
    type Batch = KafkaBatch;

    fn poll(&mut self, records_max: usize, timeout: Duration) -> KafkaBatch {
        let messages = self.queue.messages(records_max, timeout);
        let mut partitions = Vec::new();
        let mut partition_of = Vec::with_capacity(messages.len());
        let mut previous: Option<&Message> = None;
        for message in messages.iter() {
            if !previous.is_some_and(|previous| previous.same_partition(message)) {
                partitions.push(self.partition_of(message));
            }
            partition_of.push(partitions.len() - 1);
            previous = Some(message);
        }
        KafkaBatch {
            messages,
            partitions,
            partition_of,
        }
    }
}

/// Records borrowed from librdkafka's fetch buffers.
pub struct KafkaBatch {
    messages: Messages,
    /// The partition of each run of messages.
    partitions: Vec<TopicPartition>,
    /// Index into `partitions`, for each message.
    partition_of: Vec<usize>,
}

impl std::fmt::Debug for KafkaBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaBatch")
            .field("len", &self.messages.len())
            .finish_non_exhaustive()
    }
}

impl SourceBatch for KafkaBatch {
    fn len(&self) -> usize {
        self.messages.len()
    }

    fn event(&self, index: usize) -> Option<SourceEvent<'_>> {
        let message = self.messages.get(index)?;
        let partition = self.partitions.get(*self.partition_of.get(index)?)?;
        Some(match message.code() {
            RDKafkaErrorCode::NoError => SourceEvent::Record(partition, record(message)),
            RDKafkaErrorCode::PartitionEOF => {
                SourceEvent::EndOfPartition(partition, message.offset())
            }
            code => SourceEvent::Failed(partition, failure(partition, message, code)),
        })
    }
}

fn record(message: &Message) -> SourceRecord<'_> {
    let (timestamp_millis, timestamp_type) = message.timestamp();
    SourceRecord {
        offset: message.offset(),
        timestamp_millis,
        timestamp_type,
        key: message.key(),
        value: message.value(),
        headers: message,
    }
}

fn failure(partition: &TopicPartition, message: &Message, code: RDKafkaErrorCode) -> SourceError {
    let text = message.error_text();
    match code {
        RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange => {
            SourceError::OffsetOutOfRange(format!(
                "{partition} has no offset {}: retention has passed it, or the topic was made anew \
                 ({text})",
                message.offset()
            ))
        }
        RDKafkaErrorCode::TopicAuthorizationFailed => SourceError::Forbidden(format!(
            "reading {partition} is not allowed: grant READ on the topic to this user ({text})"
        )),
        RDKafkaErrorCode::BadMessage | RDKafkaErrorCode::BadCompression => {
            SourceError::Permanent(format!(
                "{partition} is damaged near offset {}: compare its replicas on the brokers ({text})",
                message.offset()
            ))
        }
        _ => SourceError::Transient(format!("{partition} cannot be fetched now: {text}")),
    }
}
