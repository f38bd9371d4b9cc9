use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::expression::{self, Foreign};
use super::{Topics, section};
use crate::check::topic_name;
use crate::pointer;
use crate::report::Report;
use crate::sections::{KafkaSection, StartPosition, TopicSection, TopicSelector};

/// The keys of `topics`: names that Kafka takes, or expressions.
pub(super) fn check_keys(config: &Value, report: &mut Report) {
    for key in keys(config) {
        let at = pointer::child("/topics", key);
        if key.starts_with('^') {
            match Regex::new(key) {
                Ok(regex) => check_expression(&at, &regex, report),
                Err(error) => {
                    let error = error.to_string();
                    let reason = error.lines().last().unwrap_or_default();
                    let reason = reason.trim_start_matches("error: ").to_owned();
                    report.key_error(&at, "this is no regular expression", Some(reason));
                }
            }
        } else if let Err(error) = topic_name(key) {
            let help = format!("{error}; an expression starts with `^`");
            report.key_error(&at, "this is no name of a topic", Some(help));
        }
    }
}

/// What all who match topics read alike, and what leaves Kafka's own topics alone.
fn check_expression(at: &str, regex: &Regex, report: &mut Report) {
    if let Some(Foreign { part, instead }) = expression::foreign(regex.as_str()) {
        let message = format!(
            "`{part}` is not read alike by this program, by librdkafka and by the brokers, who all \
             match topics"
        );
        report.key_error(at, message, Some(format!("write instead: {instead}")));
    } else if let Some(topic) = expression::own_topic_matched(regex) {
        let message = format!("the expression matches Kafka's own topic {topic} too");
        let help = "begin with what your topics begin with, or with `^[^_]`".to_owned();
        report.key_error(at, message, Some(help));
    }
}

/// The sections that are right so far, each with its pointer, in the order of the file.
pub(super) fn sections(config: &Value, report: &mut Report) -> Vec<(String, TopicSection)> {
    let mut sections = Vec::new();
    for key in keys(config) {
        let at = pointer::child("/topics", key);
        if let Some(mut topic) = section::<TopicSection>(config, &at, report)
            && let Ok(name) = TopicSelector::of_key(key.clone())
        {
            topic.name = name;
            sections.push((at, topic));
        }
    }
    sections
}

fn keys(config: &Value) -> impl Iterator<Item = &String> {
    config
        .get("topics")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(serde_json::Map::keys)
}

/// What topics mean to each other.
pub(super) fn check_together(topics: &Topics, kafka: Option<&KafkaSection>, report: &mut Report) {
    check_loops(topics, report);
    check_shared_tables(topics, report);
    if let Some(StartPosition::Offsets(offsets)) = kafka.map(|kafka| &kafka.start) {
        for name in offsets.keys() {
            if !topics.iter().any(|(_, topic)| topic.name.matches(name)) && report.is_clean() {
                let at = pointer::child("/kafka/start/offsets", name);
                report.key_error(
                    &at,
                    format!("no key of `topics` is for the topic {name}"),
                    None,
                );
            }
        }
    }
}

/// A dead-letter topic that is read again would go round for ever.
fn check_loops(topics: &Topics, report: &mut Report) {
    for (at, topic) in topics {
        let Some(dead_letter) = &topic.dead_letter else {
            continue;
        };
        let reader = topics
            .iter()
            .find(|(_, other)| other.name.matches(&dead_letter.topic));
        if let Some((_, reader)) = reader {
            let message = format!(
                "the topic {} is read by this pipeline itself, under `{}`",
                dead_letter.topic, reader.name
            );
            let help = "rejected records would go round for ever; name another topic".to_owned();
            report.error(&format!("{at}/dead_letter/topic"), message, Some(help));
        }
    }
}

/// Topics may share a table if its columns are the same.
fn check_shared_tables(topics: &Topics, report: &mut Report) {
    let mut first: BTreeMap<String, &TopicSection> = BTreeMap::new();
    for (at, topic) in topics {
        let other = *first.entry(topic.table.to_string()).or_insert(topic);
        if other.schema != topic.schema {
            let message = format!(
                "the table {} has other columns under `{}`",
                topic.table, other.name
            );
            let help = "give each its own table, or the same schema".to_owned();
            report.error(&format!("{at}/table"), message, Some(help));
        }
    }
}
