mod headers;
mod outbox;
mod producer;
mod delivery;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError};
use sluicebox_config::{Config, DeadLetterSection, KafkaSection, TopicSelector};
use sluicebox_pipeline::Readiness;
use sluicebox_pipeline::ports::{DeadLetter, DeadLetterQueue, QueueFull};
use sluicebox_types::Clock;

use self::delivery::{Delivery, complaint, look};
use self::outbox::{Letter, Route};
use crate::error::KafkaError;
use crate::health::Health;
use crate::properties;
use crate::selection::for_topic;

const THREAD: &str = "dead-letters";
/// What `/readyz` calls the brokers when letters cannot be sent.
const HEALTH: &str = "dead_letter";

/// Letters that may lie between a worker and the sending thread. A worker that meets a full queue
/// is told so.
const HANDOVER_LETTERS_MAX: usize = 4_096;

/// How long a check waits for a login before it asks for the topics.
const LOGIN_WAIT: Duration = Duration::from_millis(200);

/// Where rejects are sent.
#[derive(Clone, Debug)]
pub struct DeadLetterSettings {
    /// The cluster.
    pub kafka: KafkaSection,
    /// Memory for letters that are not acknowledged yet. Half of it is ours; the client keeps a
    /// second copy of what is under way. A single letter that is larger is taken when it is alone.
    pub queue_bytes: usize,
    /// The dead-letter topic of each source topic, if it has one.
    pub topics: Vec<(TopicSelector, Option<DeadLetterSection>)>,
}

impl From<&Config> for DeadLetterSettings {
    fn from(config: &Config) -> Self {
        let topics = config.topics.iter();
        Self {
            kafka: config.kafka.clone(),
            queue_bytes: config.limits.dead_letter_queue_bytes.as_usize(),
            topics: topics
                .map(|topic| (topic.name.clone(), topic.dead_letter.clone()))
                .collect(),
        }
    }
}

/// Sends rejects to their topics by an idempotent producer with a thread of its own, as often as it
/// takes.
pub struct KafkaDeadLetters {
    /// Gone when it is dropped, which ends the thread.
    handover: Option<Sender<Letter>>,
    thread: Option<JoinHandle<()>>,
    held: Arc<AtomicUsize>,
    held_bytes_max: usize,
    routes: Vec<(TopicSelector, Option<Arc<Route>>)>,
}

impl fmt::Debug for KafkaDeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaDeadLetters")
            .field("held_bytes", &self.held)
            .field("held_bytes_max", &self.held_bytes_max)
            .finish_non_exhaustive()
    }
}

impl KafkaDeadLetters {
    /// Makes the producer and starts its thread. Does not wait for a broker.
    ///
    /// # Errors
    /// When librdkafka refuses a setting or cannot load a certificate.
    pub fn connect(
        settings: &DeadLetterSettings,
        clock: Arc<dyn Clock>,
        readiness: Arc<Readiness>,
    ) -> Result<Self, KafkaError> {
        let (handover, letters) = crossbeam_channel::bounded(HANDOVER_LETTERS_MAX);
        let held = Arc::new(AtomicUsize::new(0));
        let delivery = Delivery::new(
            &settings.kafka,
            letters,
            Arc::clone(&held),
            clock,
            readiness,
        )?;
        let thread = std::thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || delivery.run())
            .map_err(|error| KafkaError::Thread {
                thread: THREAD,
                reason: error.to_string(),
            })?;
        let route = |section: &DeadLetterSection| Arc::new(Route::from(section));
        let routes = settings.topics.iter();
        Ok(Self {
            handover: Some(handover),
            thread: Some(thread),
            held,
            held_bytes_max: settings.queue_bytes / 2,
            routes: routes
                .map(|(topic, to)| (topic.clone(), to.as_ref().map(route)))
                .collect(),
        })
    }

    /// Asks for every dead-letter topic and sends nothing: what is wrong, a sentence for each. That
    /// a topic is known but may not be written shows only when a letter is sent.
    ///
    /// # Errors
    /// When librdkafka refuses a setting or cannot load a certificate.
    pub fn check(
        settings: &DeadLetterSettings,
        clock: &Arc<dyn Clock>,
    ) -> Result<Vec<String>, KafkaError> {
        let routes = settings
            .topics
            .iter()
            .filter_map(|(_, route)| route.as_ref());
        let topics: BTreeSet<&str> = routes.map(|route| route.topic.as_str()).collect();
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        let readiness = Arc::new(Readiness::default());
        let health = Arc::new(Health::new(HEALTH, &settings.kafka.brokers, readiness));
        let properties = properties::producer(&settings.kafka)?;
        let producer = producer::connect(&properties, &settings.kafka, &health, clock)?;
        // A token is fetched inside the poll.
        producer.poll(LOGIN_WAIT);
        let complaints = topics
            .into_iter()
            .filter_map(|topic| match look(&producer, topic) {
                Ok(code) => Some(complaint(topic, code?)),
                Err(error) => Some(format!("the brokers do not tell of topic {topic}: {error}")),
            });
        Ok(complaints.collect())
    }

    /// Whether there is room for so many bytes; takes it if there is.
    fn reserve(&self, bytes: usize) -> bool {
        let room = |held: usize| {
            let after = held.saturating_add(bytes);
            (held == 0 || after <= self.held_bytes_max).then_some(after)
        };
        self.held
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, room)
            .is_ok()
    }
}

impl DeadLetterQueue for KafkaDeadLetters {
    fn send(&self, letter: DeadLetter) -> Result<(), QueueFull> {
        let route = for_topic(&self.routes, &letter.source.topic).and_then(Option::as_ref);
        // No topic was given for it: quarantine has it, and that is all that was asked for.
        let Some(route) = route else { return Ok(()) };
        let bytes = letter.record.memory_bytes();
        if !self.reserve(bytes) {
            return Err(QueueFull(Box::new(letter)));
        }
        let Some(handover) = &self.handover else {
            return Err(QueueFull(Box::new(letter)));
        };
        match handover.try_send(Letter::new(letter, Arc::clone(route), bytes)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(letter) | TrySendError::Disconnected(letter)) => {
                self.held.fetch_sub(bytes, Ordering::AcqRel);
                Err(QueueFull(Box::new(letter.content)))
            }
        }
    }
}

/// Ends the thread. Letters that are not acknowledged by then stay outstanding for ever: nothing is
/// committed past them, and they are sent again after the next start.
impl Drop for KafkaDeadLetters {
    fn drop(&mut self) {
        drop(self.handover.take());
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread {THREAD} panicked");
        }
    }
}
