mod progress;

use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message as _, Offset, TopicPartitionList};
use sluicebox_config::KafkaSection;
use sluicebox_pipeline::ports::{EventIntake, IncomingMessage, Way};
use sluicebox_types::Clock;

use self::progress::Progress;
use crate::error::KafkaError;
use crate::oauth::TokenSource;
use crate::properties;
use crate::quiet::Quiet;

/// Messages that were taken in and not dealt with, at most; then the topic waits.
const UNSETTLED_MAX: usize = 10_000;
const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// Pause after an error of the client, which goes on by itself.
const PAUSE: Duration = Duration::from_secs(1);
/// KiB that the client fetches ahead.
const QUEUE_KIB: &str = "4096";
/// Bytes that one fetch asks for; an event is a few hundred.
const RESPONSE_BYTES: u64 = 64 << 10;

/// Which topic tells of changes.
#[derive(Clone, Debug)]
pub struct KafkaEventsSettings {
    /// The cluster; its group is another one than the pipeline's.
    pub kafka: KafkaSection,
    /// The consumer group.
    pub group_id: String,
    /// The topic.
    pub topic: String,
}

/// A consumer of events. A group of its own begins at the topic's start; an offset is committed when
/// everything before it was dealt with, so a crash repeats messages and loses none.
pub struct KafkaEvents {
    consumer: StreamConsumer<Quiet>,
    topic: String,
}

impl std::fmt::Debug for KafkaEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaEvents")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

impl KafkaEvents {
    /// Makes the consumer. Does not wait for a broker.
    ///
    /// # Errors
    /// When librdkafka refuses a setting or cannot load a certificate.
    pub fn connect(
        settings: &KafkaEventsSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KafkaError> {
        let kafka = &settings.kafka;
        let mut properties = properties::consumer(kafka, RESPONSE_BYTES)?;
        for (name, value) in [
            ("group.id", settings.group_id.as_str()),
            ("auto.offset.reset", "earliest"),
            ("enable.partition.eof", "false"),
            ("queued.max.messages.kbytes", QUEUE_KIB),
        ] {
            properties.set(name, value);
        }
        let context = Quiet {
            tokens: TokenSource::of(kafka, clock),
        };
        let consumer = StreamConsumer::from_config_and_context(&properties, context)
            .map_err(|error| KafkaError::of_creation(error, kafka))?;
        consumer
            .subscribe(&[&settings.topic])
            .map_err(|error| KafkaError::of_creation(error, kafka))?;
        Ok(Self {
            consumer,
            topic: settings.topic.clone(),
        })
    }

    /// Takes messages in, until it is dropped.
    pub async fn run(self, intake: &dyn EventIntake) {
        let progress = Arc::new(Progress::default());
        let mut commit_due = tokio::time::interval(COMMIT_EVERY);
        loop {
            tokio::select! {
                message = self.consumer.recv(), if progress.unsettled() < UNSETTLED_MAX => match message {
                    Ok(message) => take(&message, &progress, intake).await,
                    Err(error) => {
                        tracing::warn!(topic = self.topic, %error, "events cannot be read; trying again");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                _ = commit_due.tick() => self.commit(&progress),
            }
        }
    }

    /// Only what is still ours: somebody else may have taken a partition over, and be further.
    fn commit(&self, progress: &Progress) {
        let Ok(assigned) = self.consumer.assignment() else {
            return;
        };
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in progress.to_commit() {
            let is_ours = assigned.find_partition(&self.topic, partition).is_some();
            let offset = Offset::Offset(offset);
            if is_ours
                && let Err(error) = offsets.add_partition_offset(&self.topic, partition, offset)
            {
                tracing::debug!(%error, partition, "an offset is not committed");
            }
        }
        if offsets.count() > 0
            && let Err(error) = self.consumer.commit(&offsets, CommitMode::Async)
        {
            tracing::debug!(%error, "offsets are not committed; the next ones will be");
        }
    }
}

async fn take(message: &BorrowedMessage<'_>, progress: &Arc<Progress>, intake: &dyn EventIntake) {
    let receipt = progress.receipt(message.partition(), message.offset());
    let headers = message
        .headers()
        .into_iter()
        .flat_map(rdkafka::message::Headers::iter);
    let headers = headers.filter_map(|header| {
        let value = str::from_utf8(header.value?).ok()?;
        Some((header.key, value))
    });
    let taken = intake.take(IncomingMessage {
        way: Way::Kafka,
        headers: headers.collect(),
        body: message.payload().unwrap_or_default(),
        receipt: Some(receipt),
    });
    for reason in taken.await.refused {
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        tracing::warn!(topic, partition, offset, reason, "an event cannot be used");
    }
}
