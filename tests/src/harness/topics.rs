use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use super::Kafka;

const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const AS_THE_BROKERS_HAVE_IT: TopicReplication<'_> = TopicReplication::Fixed(-1);

impl Kafka {
    /// Makes a topic with a name of its own that starts with `name`, and gives its name. Records of
    /// any age stay in it.
    ///
    /// # Panics
    ///
    /// If the broker refuses.
    pub async fn create_topic(&self, name: &str, partitions: i32) -> String {
        static TOPICS: AtomicUsize = AtomicUsize::new(0);
        let topic = format!("{name}-{}", TOPICS.fetch_add(1, Ordering::Relaxed));
        self.create_topic_with(&topic, partitions, &[("retention.ms", "-1")])
            .await;
        topic
    }

    /// Makes the topic `name` with these settings.
    ///
    /// # Panics
    ///
    /// If the broker refuses.
    pub async fn create_topic_with(&self, name: &str, partitions: i32, config: &[(&str, &str)]) {
        let made = self.try_create_topic(name, partitions, config).await;
        made.unwrap_or_else(|error| panic!("topic {name}: {error:#}"));
    }

    /// Makes the topic `name` with these settings.
    ///
    /// # Errors
    ///
    /// When the broker refuses, as it does while a topic of that name is being deleted.
    pub async fn try_create_topic(
        &self,
        name: &str,
        partitions: i32,
        config: &[(&str, &str)],
    ) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> = self
            .client_config()
            .create()
            .expect("an admin client needs no broker yet");
        let mut topic = NewTopic::new(name, partitions, AS_THE_BROKERS_HAVE_IT);
        for (key, value) in config {
            topic = topic.set(key, value);
        }
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_WITHIN));
        match admin.create_topics([&topic], &options).await?.first() {
            Some(Err((_, error))) => bail!("{error}"),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Writes records, in order per partition, and returns when all of them are in the log.
    ///
    /// # Panics
    ///
    /// If one of them is refused.
    pub fn produce<'a>(&self, records: impl IntoIterator<Item = BaseRecord<'a, [u8], [u8]>>) {
        self.try_produce(records)
            .unwrap_or_else(|error| panic!("produce: {error:#}"));
    }

    /// Every record of a topic that is committed now: partition by partition, in order.
    ///
    /// # Panics
    ///
    /// If there is no such topic, or the broker is gone.
    pub fn records(&self, topic: &str) -> Vec<OwnedMessage> {
        self.try_records(topic)
            .unwrap_or_else(|error| panic!("read {topic}: {error:#}"))
    }

    /// What a client of this broker is configured with.
    #[must_use]
    pub fn client_config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    fn try_produce<'a>(
        &self,
        records: impl IntoIterator<Item = BaseRecord<'a, [u8], [u8]>>,
    ) -> Result<()> {
        let mut config = self.client_config();
        config
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            // What is too large, the topic says.
            .set("message.max.bytes", "1000000000");
        let producer: BaseProducer<Refusals> = config.create_with_context(Refusals::default())?;
        for record in records {
            let mut unsent = Some(record);
            while let Some(record) = unsent.take() {
                match producer.send(record) {
                    Ok(()) => {}
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), record)) => {
                        producer.poll(Duration::from_millis(100));
                        unsent = Some(record);
                    }
                    Err((error, _)) => return Err(error.into()),
                }
            }
            producer.poll(Duration::ZERO);
        }
        producer.flush(ANSWER_WITHIN)?;
        match producer.context().refused.load(Ordering::SeqCst) {
            0 => Ok(()),
            refused => bail!("{refused} records were refused"),
        }
    }

    fn try_records(&self, topic: &str) -> Result<Vec<OwnedMessage>> {
        let mut config = self.client_config();
        config
            .set("group.id", "tests-reader")
            .set("enable.auto.commit", "false");
        config
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed");
        let consumer: BaseConsumer = config.create()?;
        let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
        let topic_metadata = metadata.topics().first().context("no such topic")?;
        let mut records = Vec::new();
        for partition in topic_metadata.partitions() {
            let mut assignment = TopicPartitionList::new();
            assignment.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
            consumer.assign(&assignment)?;
            loop {
                match consumer
                    .poll(ANSWER_WITHIN)
                    .context("the broker does not answer")?
                {
                    Ok(record) => records.push(record.detach()),
                    Err(KafkaError::PartitionEOF(_)) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(records)
    }
}

#[derive(Default)]
struct Refusals {
    refused: AtomicUsize,
}

impl ClientContext for Refusals {}

impl ProducerContext for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, delivery: &DeliveryResult<'_>, (): ()) {
        if delivery.is_err() {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
    }
}
