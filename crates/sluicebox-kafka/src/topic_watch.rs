use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::Metadata;

use crate::context::SourceContext;
use crate::health::Health;

/// Short, because the polling thread waits for it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Looks whether the topics that were named exist and may be read, and shows on `/readyz` those
/// that do not. librdkafka reports such a topic once and never says when it has come.
#[derive(Debug)]
pub(crate) struct TopicWatch {
    topics: Vec<String>,
    /// Those that have not been seen well since something was wrong.
    suspects: BTreeSet<String>,
    health: Arc<Health>,
}

impl TopicWatch {
    /// Expressions are left out: no topic has to match one.
    pub(crate) fn new(subscriptions: &[String], health: Arc<Health>) -> Self {
        let named = subscriptions.iter().filter(|topic| !topic.starts_with('^'));
        let topics: Vec<_> = named.cloned().collect();
        Self {
            suspects: topics.iter().cloned().collect(),
            topics,
            health,
        }
    }

    /// Every topic is to be looked at again.
    pub(crate) fn suspect_all(&mut self) {
        self.suspects.extend(self.topics.iter().cloned());
    }

    /// Asks the brokers if there is reason to; returns soon when there is none.
    pub(crate) fn look(&mut self, client: &Client<SourceContext>) {
        let suspects: Vec<String> = self.suspects.iter().cloned().collect();
        if suspects.is_empty() && self.health.is_down() {
            self.ask(client, self.topics.first().map(String::as_str));
        }
        for topic in suspects {
            let Some(metadata) = self.ask(client, Some(&topic)) else {
                return;
            };
            if self.judge(&topic, &metadata) {
                self.suspects.remove(&topic);
            }
        }
    }

    fn ask(&self, client: &Client<SourceContext>, topic: Option<&str>) -> Option<Metadata> {
        match client.fetch_metadata(topic, ANSWER_TIMEOUT) {
            Ok(metadata) => {
                self.health.answered();
                Some(metadata)
            }
            Err(error) => {
                tracing::debug!(%error, "the brokers do not answer");
                self.health.unanswered();
                None
            }
        }
    }

    fn judge(&self, topic: &str, metadata: &Metadata) -> bool {
        let dependency = format!("kafka topic {topic}");
        let answer = metadata
            .topics()
            .iter()
            .find(|answer| answer.name() == topic);
        let code = answer.map_or(RDKafkaErrorCode::UnknownTopicOrPartition, |answer| {
            answer
                .error()
                .map_or(RDKafkaErrorCode::NoError, RDKafkaErrorCode::from)
        });
        let sentence = match code {
            RDKafkaErrorCode::NoError => {
                self.health.readiness().up(&dependency);
                return true;
            }
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => {
                format!("topic {topic} does not exist; create it or fix the keys of `topics`")
            }
            RDKafkaErrorCode::TopicAuthorizationFailed => {
                format!("topic {topic} may not be read; grant DESCRIBE and READ on it to this user")
            }
            code => format!("topic {topic} cannot be read: {code}"),
        };
        self.health.readiness().down(&dependency, sentence);
        false
    }
}
