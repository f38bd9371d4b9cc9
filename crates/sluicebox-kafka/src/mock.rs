//! A Kafka inside the process: librdkafka's mock cluster, for demonstrations and tests. It speaks
//! the protocol over local ports and keeps about 5 MiB of each partition; older records vanish
//! without an error. No authentication, no transactions across clients, no new partitions.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use sluicebox_types::HeaderList as _;
use sluicebox_types::OwnedRecord;

use crate::error::KafkaError;

const BROKERS: i32 = 1;
const FLUSH_TIMEOUT: Duration = Duration::from_secs(30);

/// A cluster of one broker that lives until this is dropped.
pub struct MockKafka {
    producer: BaseProducer,
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl std::fmt::Debug for MockKafka {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MockKafka")
            .field("brokers", &self.brokers())
            .finish_non_exhaustive()
    }
}

impl MockKafka {
    /// Starts a cluster on free local ports.
    ///
    /// # Errors
    /// When no port can be opened.
    pub fn start() -> Result<Self, KafkaError> {
        let cluster = MockCluster::new(BROKERS).map_err(refused)?;
        let mut properties = ClientConfig::new();
        properties.set("bootstrap.servers", cluster.bootstrap_servers());
        properties.set("message.max.bytes", "100000000");
        let producer = properties.create().map_err(refused)?;
        Ok(Self { producer, cluster })
    }

    /// What `kafka.brokers` takes.
    #[must_use]
    pub fn brokers(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// Makes a topic.
    ///
    /// # Errors
    /// When it exists.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), KafkaError> {
        self.cluster
            .create_topic(topic, partitions, BROKERS)
            .map_err(refused)
    }

    /// Answers that `topic` does not exist, as a cluster does that makes none by itself, until
    /// [`allow_topic`](Self::allow_topic).
    ///
    /// # Errors
    /// When the name is none.
    pub fn deny_topic(&self, topic: &str) -> Result<(), KafkaError> {
        let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        self.cluster.topic_error(topic, code).map_err(refused)
    }

    /// Knows `topic` again.
    ///
    /// # Errors
    /// When the name is none.
    pub fn allow_topic(&self, topic: &str) -> Result<(), KafkaError> {
        let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        self.cluster.topic_error(topic, code).map_err(refused)
    }

    /// Answers the next `times` commits of offsets as a cluster does in the middle of a rebalance.
    pub fn interrupt_commits(&self, times: usize) {
        let code = RDKafkaRespErr::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
        let codes = vec![code; times];
        self.cluster
            .request_errors(RDKafkaApiKey::OffsetCommit, &codes);
    }

    /// Hangs up, and takes no connection until [`come_back`](Self::come_back).
    ///
    /// # Errors
    /// When the cluster is gone.
    pub fn go_away(&self) -> Result<(), KafkaError> {
        self.cluster.broker_down(-1).map_err(refused)
    }

    /// Takes connections again.
    ///
    /// # Errors
    /// When the cluster is gone.
    pub fn come_back(&self) -> Result<(), KafkaError> {
        self.cluster.broker_up(-1).map_err(refused)
    }

    /// Appends a record with its key, value, headers and timestamp; its offset is the cluster's.
    /// It can be read after [`flush`](Self::flush).
    ///
    /// # Errors
    /// When the client refuses the record.
    pub fn produce(
        &self,
        topic: &str,
        partition: i32,
        record: &OwnedRecord,
    ) -> Result<(), KafkaError> {
        let headers = (0..record.count()).filter_map(|index| record.get(index));
        let headers = headers.fold(OwnedHeaders::new(), |all, (name, value)| {
            all.insert(Header {
                key: &String::from_utf8_lossy(name),
                value,
            })
        });
        let outgoing = BaseRecord::<[u8], [u8]> {
            topic,
            partition: Some(partition),
            payload: record.value.as_deref(),
            key: record.key.as_deref(),
            timestamp: record.timestamp_millis,
            headers: Some(headers),
            delivery_opaque: (),
        };
        self.producer
            .send(outgoing)
            .map_err(|(error, _)| refused(error))
    }

    /// Waits until everything produced so far can be read.
    ///
    /// # Errors
    /// When it takes longer than 30 seconds.
    pub fn flush(&self) -> Result<(), KafkaError> {
        self.producer.flush(FLUSH_TIMEOUT).map_err(refused)
    }
}

fn refused(error: rdkafka::error::KafkaError) -> KafkaError {
    KafkaError::Mock(error.to_string())
}
