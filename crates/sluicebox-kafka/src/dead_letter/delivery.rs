use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{BaseProducer, Producer as _};
use sluicebox_config::KafkaSection;
use sluicebox_pipeline::Readiness;
use sluicebox_types::Clock;

use super::HEALTH;
use super::outbox::{Letter, Outbox, Outcome};
use super::producer::{self, DeliveryContext};
use crate::error::KafkaError;
use crate::health::Health;
use crate::properties;

/// How long one turn waits for answers, or for a letter when there is nothing to do.
const ANSWERS: Duration = Duration::from_millis(5);
const LETTERS: Duration = Duration::from_millis(100);
/// How long the brokers may take to tell of a topic.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause between two new producers: the first one may fail for the same reason.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// The pause between two looks at brokers that are away.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The thread that sends letters.
pub(super) struct Delivery {
    properties: ClientConfig,
    kafka: KafkaSection,
    producer: BaseProducer<DeliveryContext>,
    letters: Receiver<Letter>,
    outbox: Outbox,
    held_bytes: Arc<AtomicUsize>,
    health: Arc<Health>,
    clock: Arc<dyn Clock>,
    next_look: Duration,
    next_renewal: Duration,
}

impl Delivery {
    pub(super) fn new(
        kafka: &KafkaSection,
        letters: Receiver<Letter>,
        held_bytes: Arc<AtomicUsize>,
        clock: Arc<dyn Clock>,
        readiness: Arc<Readiness>,
    ) -> Result<Self, KafkaError> {
        let health = Arc::new(Health::new(HEALTH, &kafka.brokers, readiness));
        let properties = properties::producer(kafka)?;
        let producer = producer::connect(&properties, kafka, &health, &clock)?;
        Ok(Self {
            properties,
            kafka: kafka.clone(),
            producer,
            letters,
            outbox: Outbox::default(),
            held_bytes,
            health,
            clock,
            next_look: Duration::ZERO,
            next_renewal: Duration::ZERO,
        })
    }

    /// Goes on until the other end of the handover is gone. What is not acknowledged then keeps its
    /// receipt for ever: a receipt that is dropped says that the letter has arrived.
    pub(super) fn run(mut self) {
        while self.take_letters() {
            self.send();
            self.producer.poll(ANSWERS);
            self.take_answers();
            self.look_at_topics();
            self.renew_after_fatal_error();
        }
        self.take_answers();
        let left: Vec<Letter> = self.outbox.into_letters().collect();
        if !left.is_empty() {
            tracing::warn!(
                letters = left.len(),
                "dead letters are left unsent until the next start"
            );
        }
        for letter in left {
            std::mem::forget(letter.content.receipt);
        }
    }

    /// `false` when no more will come.
    fn take_letters(&mut self) -> bool {
        let wait = if self.outbox.is_idle() {
            LETTERS
        } else {
            Duration::ZERO
        };
        match self.letters.recv_timeout(wait) {
            Ok(letter) => self.outbox.push(letter),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        for letter in self.letters.try_iter() {
            self.outbox.push(letter);
        }
        true
    }

    fn send(&mut self) {
        while let Some((number, letter)) = self.outbox.next() {
            if let Err(code) = producer::produce(&self.producer, number, letter) {
                self.answered(number, Err(code));
            }
        }
    }

    fn take_answers(&mut self) {
        for (number, answer) in self.producer.context().take_answers() {
            self.answered(number, answer);
        }
    }

    fn answered(&mut self, number: usize, answer: Result<(), RDKafkaErrorCode>) {
        let now = self.clock.monotonic();
        let outcome = self
            .outbox
            .answered(number, answer.map_err(producer::refusal), now);
        match (outcome, answer) {
            (Outcome::Delivered(letter), _) => {
                self.health.answered();
                self.topic_works(&letter.route.topic);
                self.settle(letter, "sluicebox_dead_letter_records_total");
            }
            (Outcome::Undeliverable(letter), answer) => {
                let (topic, source) = (&letter.route.topic, &letter.content.source);
                let offset = letter.content.record.offset;
                let why = answer.err().map(|code| code.to_string());
                tracing::warn!(
                    %topic,
                    %source,
                    offset,
                    why,
                    "a dead letter is not taken by its topic even without headers; it is in \
                     quarantine only"
                );
                self.settle(letter, "sluicebox_dead_letter_undeliverable_total");
            }
            (Outcome::TopicRefused(topic), Err(code)) => self.topic_fails(&topic, code),
            (Outcome::TopicRefused(_) | Outcome::Waiting, _) => {}
        }
    }

    /// The letter is done with: its receipt is dropped here.
    fn settle(&self, letter: Letter, counter: &'static str) {
        self.held_bytes.fetch_sub(letter.bytes, Ordering::AcqRel);
        metrics::counter!(counter, "topic" => letter.route.topic.to_string()).increment(1);
    }

    /// Asks for the topics whose wait is over, and for the brokers while they are away.
    fn look_at_topics(&mut self) {
        let now = self.clock.monotonic();
        for topic in self.outbox.due(now) {
            match look(&self.producer, &topic) {
                Ok(None) => self.outbox.open(&topic),
                Ok(Some(code)) => {
                    self.topic_fails(&topic, code);
                    self.outbox.still_closed(&topic, self.clock.monotonic());
                }
                Err(error) => {
                    tracing::debug!(%topic, %error, "the brokers do not tell of the topic");
                    self.health.unanswered();
                    self.outbox.still_closed(&topic, self.clock.monotonic());
                }
            }
        }
        if self.health.is_down() && self.next_look <= now {
            self.next_look = now + LOOK_EVERY;
            if self
                .producer
                .client()
                .fetch_metadata(None, LOOK_TIMEOUT)
                .is_ok()
            {
                self.health.answered();
            }
        }
    }

    /// An idempotent producer that lost its place cannot be used any more: letters in flight are
    /// sent again by a new one, so that some may arrive twice.
    fn renew_after_fatal_error(&mut self) {
        let now = self.clock.monotonic();
        if now < self.next_renewal {
            return;
        }
        let Some((code, reason)) = self.producer.client().fatal_error() else {
            return;
        };
        self.next_renewal = now + RENEW_EVERY;
        match producer::connect(&self.properties, &self.kafka, &self.health, &self.clock) {
            Ok(producer) => {
                tracing::warn!(%code, reason, "the dead-letter producer failed and was made anew");
                self.producer = producer;
                self.outbox.recall(now);
            }
            Err(error) => tracing::error!(%error, "the dead-letter producer cannot be made anew"),
        }
    }

    fn topic_works(&self, topic: &str) {
        self.health.readiness().up(&dependency(topic));
    }

    fn topic_fails(&self, topic: &str, code: RDKafkaErrorCode) {
        let fatal = || self.producer.client().fatal_error();
        let code = match code {
            RDKafkaErrorCode::Fatal => fatal().map_or(code, |(code, _)| code),
            code => code,
        };
        self.health
            .readiness()
            .down(&dependency(topic), complaint(topic, code));
    }
}

/// Why a topic takes no letters, and what to do.
pub(super) fn complaint(topic: &str, code: RDKafkaErrorCode) -> String {
    match code {
        RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition => {
            format!("topic {topic} does not exist; create it")
        }
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            format!("topic {topic} may not be written; grant WRITE on it to this user")
        }
        RDKafkaErrorCode::ClusterAuthorizationFailed => format!(
            "topic {topic} may not be written idempotently; grant WRITE on it to this user \
             (brokers before 2.8: IDEMPOTENT_WRITE on the cluster)"
        ),
        code => format!("topic {topic} takes no letters now: {code}"),
    }
}

/// What the brokers say against a topic, as far as its metadata tells.
pub(super) fn look(
    producer: &BaseProducer<DeliveryContext>,
    topic: &str,
) -> Result<Option<RDKafkaErrorCode>, ClientError> {
    let metadata = producer
        .client()
        .fetch_metadata(Some(topic), LOOK_TIMEOUT)?;
    let topics = metadata.topics();
    let found = topics.iter().find(|found| found.name() == topic);
    Ok(found
        .and_then(MetadataTopic::error)
        .map(RDKafkaErrorCode::from))
}

fn dependency(topic: &str) -> String {
    format!("dead_letter {topic}")
}
