use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::FairMutex;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError as ClientError;
use sluicebox_config::{ByteSize, Config, KafkaSection, StartPosition, TopicSelector};
use sluicebox_pipeline::Readiness;
use sluicebox_pipeline::ports::{AssignmentHandler, SourceControl};
use sluicebox_types::SystemClock;

use crate::commit::Commits;
use crate::context::{Rebalance, SourceContext};
use crate::control::KafkaControl;
use crate::error::KafkaError;
use crate::first_sight::FirstSight;
use crate::health::Health;
use crate::native::{Consumer, NativeQueue};
use crate::oauth::TokenSource;
use crate::properties;
use crate::queue::KafkaQueue;
use crate::quiet::Quiet;
use crate::rebalance::Assignment;
use crate::selection::subscription;
use crate::topic_watch::TopicWatch;

/// How long the polling thread sleeps when nothing happens: the delay of a stop.
const POLL: Duration = Duration::from_millis(200);

/// Turns of the loop between two calls of [`AssignmentHandler::polled`]: about a second.
const TURNS_PER_LOOK: u32 = 5;

/// What to read, and from where.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// The cluster, the group and the fetch limits.
    pub kafka: KafkaSection,
    /// The limit of the process, of which what is fetched may take its part.
    pub memory: ByteSize,
    /// What to subscribe to, and where each begins when nothing was ever committed.
    pub topics: Vec<(TopicSelector, StartPosition)>,
}

impl From<&Config> for SourceSettings {
    fn from(config: &Config) -> Self {
        let topics = config
            .topics
            .iter()
            .map(|topic| (topic.name.clone(), topic.start.clone()));
        Self {
            kafka: config.kafka.clone(),
            memory: config.limits.memory,
            topics: topics.collect(),
        }
    }
}

/// The consumer, as its polling thread sees it. Polling never waits for the lake, and never hands
/// out a record: those go from librdkafka's threads straight to the workers' queues.
pub struct KafkaSource {
    consumer: Arc<Consumer>,
    assignment: Arc<Assignment>,
    /// Held during each turn of the polling thread, rebalances included.
    turn: Arc<FairMutex<()>>,
    commits: Arc<Commits>,
    control: Arc<KafkaControl>,
    subscriptions: Vec<String>,
    watch: TopicWatch,
}

impl fmt::Debug for KafkaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSource")
            .field("subscriptions", &self.subscriptions)
            .field("assignment", &self.assignment)
            .finish_non_exhaustive()
    }
}

impl KafkaSource {
    /// Makes the client and one queue for each worker. Does not wait for a broker: one that is away
    /// is shown on `/readyz` and waited for by [`run`](Self::run).
    ///
    /// # Errors
    /// When librdkafka refuses a setting or cannot load a certificate.
    pub fn connect(
        settings: &SourceSettings,
        workers: usize,
        readiness: Arc<Readiness>,
    ) -> Result<(Self, Vec<KafkaQueue>), KafkaError> {
        let kafka = &settings.kafka;
        let health = Arc::new(Health::new("kafka", &kafka.brokers, readiness));
        let tokens = TokenSource::of(kafka, Arc::new(SystemClock::new()));
        let context = SourceContext::new(Arc::clone(&health), &kafka.group_id, tokens);
        let response_bytes = properties::response_bytes_max(kafka, settings.memory);
        let properties = properties::consumer(kafka, response_bytes)?;
        let consumer = Consumer::from_config_and_context(&properties, context)
            .map_err(|error| KafkaError::of_creation(error, kafka))?;
        let consumer = Arc::new(consumer);

        let no_memory = || KafkaError::Client("librdkafka gave no queue".to_owned());
        let new_queue = |_| {
            NativeQueue::new(&consumer)
                .map(Arc::new)
                .ok_or_else(no_memory)
        };
        let queues: Vec<_> = (0..workers.max(1))
            .map(new_queue)
            .collect::<Result<_, _>>()?;
        let commits = Arc::new(Commits::new(&consumer).ok_or_else(no_memory)?);
        let assignment = Arc::new(Assignment::new(Arc::clone(&consumer), queues.clone()));
        let turn = Arc::new(FairMutex::new(()));
        let control = Arc::new(KafkaControl {
            consumer: Arc::clone(&consumer),
            onlooker: onlooker(kafka)?,
            assignment: Arc::clone(&assignment),
            turn: Arc::clone(&turn),
            commits: Arc::clone(&commits),
            topics: settings.topics.clone(),
            first_sight: FirstSight::default(),
        });
        let subscriptions: Vec<_> = settings
            .topics
            .iter()
            .map(|(topic, _)| subscription(topic, kafka.group_protocol))
            .collect();
        let watch = TopicWatch::new(&subscriptions, health);
        let ends = queues
            .iter()
            .map(|queue| KafkaQueue::new(Arc::clone(queue)))
            .collect();
        Ok((
            Self {
                consumer,
                assignment,
                turn,
                commits,
                control,
                subscriptions,
                watch,
            },
            ends,
        ))
    }

    /// The driver's handle on the consumer.
    #[must_use]
    pub fn control(&self) -> Arc<dyn SourceControl> {
        Arc::<KafkaControl>::clone(&self.control)
    }

    /// The body of the polling thread: joins the group, passes rebalances to `handler`, and goes on
    /// until `stop` is set. Then everything is given back (`handler.revoked(.., false)`) and the
    /// group is left.
    ///
    /// # Errors
    /// When the subscription is refused, or the client is beyond repair. The group has been left
    /// as well as that was possible; start the process again.
    pub fn run(
        mut self,
        handler: &dyn AssignmentHandler,
        stop: &AtomicBool,
    ) -> Result<(), KafkaError> {
        self.subscribe()?;
        let mut turns = 0u32;
        while !stop.load(Ordering::Acquire) {
            self.turn(Some(handler))?;
            if turns.is_multiple_of(TURNS_PER_LOOK) {
                handler.polled();
                self.commits
                    .again(|partition| self.assignment.has(partition));
                self.look_at_topics();
            }
            turns = turns.wrapping_add(1);
        }
        self.close(Some(handler))
    }

    fn subscribe(&self) -> Result<(), KafkaError> {
        let topics: Vec<_> = self.subscriptions.iter().map(String::as_str).collect();
        self.consumer
            .subscribe(&topics)
            .map_err(|error| KafkaError::Subscription {
                topics: topics.join(", "),
                reason: error.to_string(),
            })
    }

    /// One poll and what it brought.
    fn turn(&self, handler: Option<&dyn AssignmentHandler>) -> Result<(), KafkaError> {
        let _turn = self.turn.lock();
        let polled = self.consumer.poll(POLL);
        self.commits.serve();
        self.control.serve();
        while let Some(rebalance) = self.consumer.context().next_rebalance() {
            if let Rebalance::Revoke(revoked) = &rebalance {
                self.commits.forget(revoked);
            }
            self.assignment.rebalance(rebalance, handler)?;
        }
        match polled {
            Some(Err(ClientError::MessageConsumptionFatal(code))) => {
                let fatal = self.consumer.client().fatal_error();
                Err(KafkaError::Fatal(
                    fatal.map_or_else(|| code.to_string(), |(_, why)| why),
                ))
            }
            Some(Ok(message)) => Err(KafkaError::Fatal(misrouted(&message))),
            // Other errors have been told to the context.
            Some(Err(_)) | None => Ok(()),
        }
    }

    fn look_at_topics(&mut self) {
        if self.consumer.context().take_topics_suspect() {
            self.watch.suspect_all();
        }
        self.watch.look(self.consumer.client());
        if let Err(error) = self.control.look_at_first(POLL) {
            tracing::debug!(%error, "the topics are not known yet");
        }
    }

    fn close(&self, handler: Option<&dyn AssignmentHandler>) -> Result<(), KafkaError> {
        if self.consumer.closed() {
            return Ok(());
        }
        self.consumer
            .close_queue()
            .map_err(|error| KafkaError::Fatal(error.to_string()))?;
        while !self.consumer.closed() {
            self.turn(handler)?;
        }
        self.commits.serve();
        Ok(())
    }
}

/// librdkafka closes a consumer only when its partitions are given back, whatever the way out was.
impl Drop for KafkaSource {
    fn drop(&mut self) {
        if let Err(error) = self.close(None) {
            tracing::warn!(%error, "the group was not left; its session has to time out");
        }
    }
}

/// The client that asks the brokers about topics.
fn onlooker(kafka: &KafkaSection) -> Result<BaseConsumer<Quiet>, KafkaError> {
    let tokens = TokenSource::of(kafka, Arc::new(SystemClock::new()));
    BaseConsumer::from_config_and_context(&properties::onlooker(kafka)?, Quiet { tokens })
        .map_err(|error| KafkaError::of_creation(error, kafka))
}

/// A record outside of every worker's queue is one that nobody would count.
fn misrouted(message: &rdkafka::message::BorrowedMessage<'_>) -> String {
    use rdkafka::Message as _;
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    format!("record {topic}[{partition}]@{offset} came outside of the workers' queues")
}
