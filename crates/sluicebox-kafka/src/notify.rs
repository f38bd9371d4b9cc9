use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use sluicebox_config::{KafkaSection, NotifyMode};
use sluicebox_events::{Event, MEDIA_TYPE};
use sluicebox_pipeline::ports::{NotifyError, NotifyTarget};
use sluicebox_types::Clock;

use crate::error::{KafkaError, code_of};
use crate::oauth::TokenSource;
use crate::properties;
use crate::quiet::Quiet;

const CONTENT_TYPE: &str = "content-type";
const JSON: &str = "application/json";

/// Which topic is told, and how.
#[derive(Clone, Debug)]
pub struct KafkaTargetSettings {
    /// The cluster.
    pub kafka: KafkaSection,
    /// The topic.
    pub topic: String,
    /// Whole events, or headers and data.
    pub mode: NotifyMode,
}

/// A Kafka topic that is told of commits, by an idempotent producer. The message's key is the
/// event's partition key, so that a table's events stay in one partition, in order; without
/// compaction, for a table has many events.
pub struct KafkaTarget {
    settings: KafkaTargetSettings,
    properties: ClientConfig,
    clock: Arc<dyn Clock>,
    producer: Mutex<FutureProducer<Quiet>>,
}

impl fmt::Debug for KafkaTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaTarget")
            .field("topic", &self.settings.topic)
            .finish_non_exhaustive()
    }
}

impl KafkaTarget {
    /// Makes the producer. Does not wait for a broker.
    ///
    /// # Errors
    /// When librdkafka refuses a setting or cannot load a certificate.
    pub fn connect(
        settings: KafkaTargetSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KafkaError> {
        let properties = properties::impatient_producer(&settings.kafka)?;
        let producer = connect(&properties, &settings.kafka, &clock)?;
        Ok(Self {
            settings,
            properties,
            clock,
            producer: Mutex::new(producer),
        })
    }

    fn failed(&self, error: &ClientError) -> NotifyError {
        let topic = &self.settings.topic;
        match code_of(error) {
            Some(
                RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::MessageBatchTooLarge,
            ) => NotifyError::permanent(format!(
                "topic {topic} takes no message of this size; raise its max.message.bytes"
            )),
            Some(RDKafkaErrorCode::InvalidRecord) => NotifyError::permanent(format!(
                "topic {topic} refuses the message; see the brokers' log"
            )),
            Some(RDKafkaErrorCode::Fatal) => {
                self.renew();
                NotifyError::retry(format!("topic {topic}: the producer had to be made anew"))
            }
            _ => NotifyError::retry(format!("topic {topic}: {error}")),
        }
    }

    /// A producer that has failed for good is of no more use (it may have lost count of what the
    /// brokers have); the event that it failed on is sent again.
    fn renew(&self) {
        match connect(&self.properties, &self.settings.kafka, &self.clock) {
            Ok(producer) => *self.producer.lock() = producer,
            Err(error) => tracing::warn!(%error, "notify: no new producer"),
        }
    }
}

#[async_trait]
impl NotifyTarget for KafkaTarget {
    async fn send(&self, event: &Event) -> Result<(), NotifyError> {
        let message = message(event, self.settings.mode);
        let (headers, value) =
            message.map_err(|error| NotifyError::permanent(error.to_string()))?;
        let record = FutureRecord::to(&self.settings.topic)
            .key(&event.attributes.partitionkey)
            .payload(&value)
            .headers(headers);
        let queued = self.producer.lock().send_result(record);
        let answer = queued.map_err(|(error, _record)| self.failed(&error))?;
        match answer.await {
            Ok(Ok(_delivered)) => Ok(()),
            Ok(Err((error, _message))) => Err(self.failed(&error)),
            Err(_producer_is_gone) => Err(NotifyError::retry("the producer was made anew")),
        }
    }
}

/// Headers and value, as the Kafka binding of `CloudEvents` says.
fn message(event: &Event, mode: NotifyMode) -> Result<(OwnedHeaders, Vec<u8>), serde_json::Error> {
    let with = |headers: OwnedHeaders, key: &str, value: &str| {
        headers.insert(Header {
            key,
            value: Some(value),
        })
    };
    match mode {
        NotifyMode::Structured => {
            let headers = with(OwnedHeaders::new(), CONTENT_TYPE, MEDIA_TYPE);
            Ok((headers, event.to_json()?))
        }
        NotifyMode::Binary => {
            let headers = with(OwnedHeaders::new(), CONTENT_TYPE, JSON);
            let attributes = event.kafka_headers().into_iter();
            let headers = attributes.fold(headers, |headers, (name, value)| {
                with(headers, &name, &value)
            });
            Ok((headers, event.data_json()?))
        }
    }
}

fn connect(
    properties: &ClientConfig,
    kafka: &KafkaSection,
    clock: &Arc<dyn Clock>,
) -> Result<FutureProducer<Quiet>, KafkaError> {
    let context = Quiet {
        tokens: TokenSource::of(kafka, Arc::clone(clock)),
    };
    FutureProducer::from_config_and_context(properties, context)
        .map_err(|error| KafkaError::of_creation(error, kafka))
}
