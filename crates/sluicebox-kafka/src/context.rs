use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use crate::error::code_of;
use crate::health::{self, Health};
use crate::native::Consumer;
use crate::oauth::TokenSource;

/// What the group wants of us.
#[derive(Debug)]
pub(crate) enum Rebalance {
    /// These partitions are offered.
    Assign(TopicPartitionList),
    /// These partitions are to be given back.
    Revoke(TopicPartitionList),
}

/// What librdkafka tells, on the polling thread, inside the poll.
///
/// A rebalance is only noted here, and carried out by the polling thread when the poll has
/// returned: librdkafka waits for the assignment, not for the callback, and there everything that
/// is needed is at hand without a cycle of references.
#[derive(Debug)]
pub(crate) struct SourceContext {
    health: Arc<Health>,
    group_id: String,
    tokens: Option<TokenSource>,
    rebalances: Mutex<VecDeque<Rebalance>>,
    topics_suspect: AtomicBool,
}

const GROUP: &str = "kafka group";

impl SourceContext {
    pub(crate) fn new(health: Arc<Health>, group_id: &str, tokens: Option<TokenSource>) -> Self {
        Self {
            health,
            group_id: group_id.to_owned(),
            tokens,
            rebalances: Mutex::default(),
            topics_suspect: AtomicBool::new(false),
        }
    }

    /// The next rebalance that was noted.
    pub(crate) fn next_rebalance(&self) -> Option<Rebalance> {
        self.rebalances.lock().pop_front()
    }

    /// Whether an error named a topic since this was last asked.
    pub(crate) fn take_topics_suspect(&self) -> bool {
        self.topics_suspect.swap(false, Ordering::AcqRel)
    }
}

impl ClientContext for SourceContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        health::log(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        match code_of(&error) {
            Some(
                RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::TopicAuthorizationFailed,
            ) => self.topics_suspect.store(true, Ordering::Release),
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => self.health.readiness().down(
                GROUP,
                format!(
                    "group {} may not be joined; grant READ on the group to this user",
                    self.group_id
                ),
            ),
            _ => self.health.error(&error, reason),
        }
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.tokens
            .as_ref()
            .ok_or("kafka.sasl names no token endpoint")?
            .token()
    }
}

impl ConsumerContext for SourceContext {
    fn rebalance(
        &self,
        _consumer: &Consumer,
        event: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        self.health.readiness().up(GROUP);
        let partitions = partitions.clone();
        self.rebalances.lock().push_back(match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Rebalance::Assign(partitions),
            _ => Rebalance::Revoke(partitions),
        });
    }
}
