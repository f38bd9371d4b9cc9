//! What values mean together: mistakes that none of them shows on its own.

mod kafka;
mod librdkafka;
mod lake;
mod topics;
mod catalog;
mod expression;
mod topic;
mod schema;
mod notify;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::report::Report;
use crate::sections::{KafkaSection, LakeSection, NotifySection, TopicSection};

/// Reports mistakes between values. Each section is looked at as soon as its own values are right,
/// whatever is wrong with the others.
pub(crate) fn check(config: &Value, report: &mut Report) {
    topics::check_keys(config, report);
    librdkafka::check(config, report);
    let kafka: Option<KafkaSection> = section(config, "/kafka", report);
    let lake: Option<LakeSection> = section(config, "/lake", report);
    let topics = topics::sections(config, report);
    if let Some(kafka) = &kafka {
        kafka::check(kafka, report);
    }
    if let Some(lake) = &lake {
        lake::check(lake, report);
    }
    for (at, topic) in &topics {
        topic::check(at, topic, lake.as_ref(), report);
    }
    catalog::check(config, lake.as_ref(), &topics, report);
    topics::check_together(&topics, kafka.as_ref(), report);
    if config.get("notify").is_some()
        && let Some(targets) = section::<Vec<NotifySection>>(config, "/notify", report)
    {
        notify::check(&targets, &topics, report);
    }
}

/// The section at `at`, if nothing is wrong in it so far.
fn section<T: DeserializeOwned>(config: &Value, at: &str, report: &mut Report) -> Option<T> {
    let value = config.pointer(at).filter(|_| !report.is_wrong(at))?;
    match T::deserialize(value) {
        Ok(section) => Some(section),
        Err(error) => {
            report.error(at, error.to_string(), None);
            None
        }
    }
}

/// For helps that name a key of a topic's section.
type Topics = [(String, TopicSection)];
