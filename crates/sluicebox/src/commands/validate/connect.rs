use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use sluicebox_config::{Config, LogFormat, LogLevel};
use sluicebox_kafka::{DeadLetterSettings, KafkaDeadLetters, KafkaSource, SourceSettings};
use sluicebox_pipeline::ports::{AssignmentHandler, StartAt};
use sluicebox_pipeline::{Readiness, is_claimed};
use sluicebox_types::{Clock, SystemClock, TopicPartition};

use crate::commands::{short_runtime, throwaway_group};
use crate::failure::Failure;
use crate::service::init_logs;
use crate::wiring;

/// How long Kafka may take to give partitions to a group of one.
const KAFKA_TIMEOUT: Duration = Duration::from_secs(30);

/// Dials what the config names: Kafka for the topics, the store for a proof.
pub(crate) fn check(config: &Config, json: bool) -> Result<(), Failure> {
    init_logs(LogLevel::Error, LogFormat::Text)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = wiring::store(&config.lake, &clock)?;
    let store = short_runtime()?.block_on(async {
        store.probe().await.map_err(|error| error.to_string())?;
        let claimed = is_claimed(store.as_ref(), &config.name).await;
        claimed.map(drop).map_err(|error| error.to_string())
    });
    let kafka = topics(config, &clock)?;
    let mut out = io::stdout().lock();
    if json {
        let answer = json!({
            "store": store.as_ref().err(),
            "kafka": kafka.as_ref().err(),
            "partitions": kafka.as_ref().ok(),
        });
        writeln!(out, "{answer:#}")?;
    } else {
        match &store {
            Ok(()) => writeln!(out, "store: can be trusted with a lake")?,
            Err(why) => writeln!(out, "store: {why}")?,
        }
        match &kafka {
            Ok(topics) => {
                for (topic, count) in topics {
                    writeln!(out, "kafka: topic {topic} has {count} partitions")?;
                }
            }
            Err(reasons) => {
                for why in reasons {
                    writeln!(out, "{why}")?;
                }
            }
        }
    }
    if store.is_ok() && kafka.is_ok() {
        Ok(())
    } else {
        Err(Failure::CheckTold)
    }
}

/// How many partitions each topic has, or everything that keeps its records from being read or its
/// rejects from being sent: a line each.
type Topics = Result<BTreeMap<String, usize>, Vec<String>>;

fn topics(config: &Config, clock: &Arc<dyn Clock>) -> Result<Topics, Failure> {
    let readiness = Arc::new(Readiness::default());
    let topics = partitions(config, clock, &readiness)?;
    let down = readiness.reasons();
    let is_reached = down.iter().all(|(what, _)| what != "kafka");
    let mut reasons: Vec<String> = down
        .iter()
        .map(|(what, why)| format!("{what}: {why}"))
        .collect();
    if down.iter().any(|(what, _)| what == "kafka group") {
        reasons.push(format!(
            "kafka group: this check joins a group of its own, as not to disturb the pipeline's; a \
             right on all groups that begin with {} is good for both",
            config.kafka.group_id
        ));
    }
    if topics.is_none() && reasons.is_empty() {
        reasons.push(format!(
            "kafka: the group got no partitions within {} s",
            KAFKA_TIMEOUT.as_secs()
        ));
    }
    if is_reached {
        let complaints = KafkaDeadLetters::check(&DeadLetterSettings::from(config), clock)?;
        reasons.extend(complaints.iter().map(|why| format!("dead_letter: {why}")));
    }
    Ok(match topics {
        Some(topics) if reasons.is_empty() => Ok(topics),
        _ => Err(reasons),
    })
}

/// Joins a group of its own, and reads nothing; what is wrong comes to `readiness`.
fn partitions(
    config: &Config,
    clock: &Arc<dyn Clock>,
    readiness: &Arc<Readiness>,
) -> Result<Option<BTreeMap<String, usize>>, Failure> {
    let mut settings = SourceSettings::from(config);
    settings.kafka.group_id = throwaway_group(config);
    let (source, _queues) = KafkaSource::connect(&settings, 1, Arc::clone(readiness))?;
    let onlooker = Onlooker {
        clock: Arc::clone(clock),
        deadline: clock.monotonic() + KAFKA_TIMEOUT,
        readiness: Arc::clone(readiness),
        topics: Mutex::default(),
        stop: AtomicBool::new(false),
    };
    source.run(&onlooker, &onlooker.stop)?;
    Ok(onlooker.topics.lock().take())
}

/// Takes partitions without reading them, and ends at the first answer.
struct Onlooker {
    clock: Arc<dyn Clock>,
    deadline: Duration,
    readiness: Arc<Readiness>,
    topics: Mutex<Option<BTreeMap<String, usize>>>,
    stop: AtomicBool,
}

impl AssignmentHandler for Onlooker {
    fn assigned(&self, partitions: &[TopicPartition]) -> Vec<StartAt> {
        let mut topics = self.topics.lock();
        let topics = topics.get_or_insert_default();
        for partition in partitions {
            *topics.entry(partition.topic.to_string()).or_default() += 1;
        }
        vec![StartAt::Parked { worker: 0 }; partitions.len()]
    }

    fn revoked(&self, _partitions: &[TopicPartition], _lost: bool) {}

    fn polled(&self) {
        let answered = self.topics.lock().is_some();
        let refused = !self.readiness.reasons().is_empty();
        if answered || refused || self.clock.monotonic() > self.deadline {
            self.stop.store(true, Ordering::Release);
        }
    }
}
