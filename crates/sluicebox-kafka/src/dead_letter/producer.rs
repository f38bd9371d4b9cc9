use std::error::Error;
use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::client::OAuthToken;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, ProducerContext};
use rdkafka::{ClientConfig, ClientContext};
use sluicebox_config::KafkaSection;
use sluicebox_types::Clock;

use super::headers::headers;
use super::outbox::{Fault, Letter, Refusal};
use crate::error::{KafkaError, code_of};
use crate::health::{self, Health};
use crate::oauth::TokenSource;

/// A producer; its answers wait in [`DeliveryContext::take_answers`].
pub(super) fn connect(
    properties: &ClientConfig,
    kafka: &KafkaSection,
    health: &Arc<Health>,
    clock: &Arc<dyn Clock>,
) -> Result<BaseProducer<DeliveryContext>, KafkaError> {
    let context = DeliveryContext {
        health: Arc::clone(health),
        tokens: TokenSource::of(kafka, Arc::clone(clock)),
        answers: Mutex::default(),
    };
    BaseProducer::from_config_and_context(properties, context)
        .map_err(|error| KafkaError::of_creation(error, kafka))
}

/// Hands a letter to the client, which copies it.
pub(super) fn produce(
    producer: &BaseProducer<DeliveryContext>,
    number: usize,
    letter: &Letter,
) -> Result<(), RDKafkaErrorCode> {
    let record = &letter.content.record;
    let headers = headers(
        &letter.content,
        &letter.route.header_prefix,
        letter.headers,
        letter.own_time,
    );
    let headers = headers
        .iter()
        .fold(OwnedHeaders::new(), |all, (name, value)| {
            all.insert(Header {
                key: name,
                value: value.as_deref(),
            })
        });
    let outgoing = BaseRecord::<[u8], [u8], usize> {
        topic: &letter.route.topic,
        partition: None,
        payload: record.value.as_deref(),
        key: record.key.as_deref(),
        timestamp: record.timestamp_millis.filter(|_| letter.own_time),
        headers: Some(headers),
        delivery_opaque: number,
    };
    producer
        .send(outgoing)
        .map_err(|(error, _)| code_of(&error).unwrap_or(RDKafkaErrorCode::Fail))
}

/// Whether the letter is to blame, another one, or their topic. Of a batch with more than one bad
/// record, librdkafka tells which they are but not what is wrong with them; a letter that is alone
/// gets the broker's own answer (KIP-467).
pub(super) const fn refusal(code: RDKafkaErrorCode) -> Refusal {
    match code {
        RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::MessageBatchTooLarge => {
            Refusal::Letter(Fault::TooLarge)
        }
        RDKafkaErrorCode::InvalidTimestamp => Refusal::Letter(Fault::Timestamp),
        RDKafkaErrorCode::InvalidRecord => Refusal::Letter(Fault::Content),
        RDKafkaErrorCode::InvalidDifferentRecord => Refusal::Neighbour,
        _ => Refusal::Topic,
    }
}

/// What librdkafka tells of the producer, on its thread, inside the poll.
pub(super) struct DeliveryContext {
    health: Arc<Health>,
    tokens: Option<TokenSource>,
    answers: Mutex<Vec<(usize, Result<(), RDKafkaErrorCode>)>>,
}

impl DeliveryContext {
    /// What the brokers said since this was last asked: the number of a letter and its answer.
    pub(super) fn take_answers(&self) -> Vec<(usize, Result<(), RDKafkaErrorCode>)> {
        std::mem::take(&mut *self.answers.lock())
    }
}

impl ClientContext for DeliveryContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        health::log(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        self.health.error(&error, reason);
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.tokens
            .as_ref()
            .ok_or("kafka.sasl names no token endpoint")?
            .token()
    }
}

impl ProducerContext for DeliveryContext {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let answer = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(code_of(error).unwrap_or(RDKafkaErrorCode::Fail)),
        };
        self.answers.lock().push((number, answer));
    }
}
