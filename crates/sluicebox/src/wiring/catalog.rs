use std::sync::Arc;

use dashmap::DashMap;
use sluicebox_config::Config;
use sluicebox_pipeline::{TopicCatalog, TopicSpec};

use crate::wiring::topic_spec::topic_spec;

/// The topics of a config. Which topics an expression matches is known only when one of them is
/// assigned; its spec is made then, once.
#[derive(Debug)]
pub(crate) struct ConfigCatalog {
    config: Arc<Config>,
    specs: DashMap<String, Arc<TopicSpec>>,
}

impl ConfigCatalog {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            specs: DashMap::new(),
        }
    }
}

impl TopicCatalog for ConfigCatalog {
    fn spec(&self, topic: &str) -> Result<Arc<TopicSpec>, String> {
        if let Some(spec) = self.specs.get(topic) {
            return Ok(Arc::clone(&spec));
        }
        let section = self.config.topic(topic);
        let section = section.ok_or_else(|| format!("topic {topic} is not configured"))?;
        let spec = topic_spec(&self.config, section, topic).map_err(|mistakes| {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            format!(
                "topic {topic} cannot be read as configured: {}",
                mistakes.join("; ")
            )
        })?;
        let spec = Arc::new(spec);
        self.specs.insert(topic.to_owned(), Arc::clone(&spec));
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sluicebox_config::{Environment, parse};
    use sluicebox_types::FileKind;

    use super::*;

    const TOPICS: &str = r#"
  raw.flights:
    table: air.flights
    schema: { columns: [{ name: id, type: bigint }, { name: at, type: timestamp }] }
    dedup: { key: [id], window: 60s }
    event_time: { field: at }
    rules:
      - { derive: twice, as: "id * 2" }
      - { name: positive, expect: "twice > 0" }
  "^raw\\..*":
    table: raw.{topic}
    schema: { columns: [{ name: id, type: bigint }] }
    dedup: off
"#;

    fn catalog(topics: &str) -> ConfigCatalog {
        let text = format!(
            "name: test\nkafka: {{ brokers: \"localhost:9092\" }}\nlake: {{ url: ./lake }}\ntopics:\n{topics}"
        );
        let config = parse(
            &text,
            Path::new("/etc/test.yaml"),
            &[],
            &Environment::default(),
        );
        ConfigCatalog::new(Arc::new(config.unwrap_or_else(|errors| panic!("{errors}"))))
    }

    /// A topic's spec has its columns, those that rules derive, and the Kafka column, in this order.
    #[test]
    fn golden_tables_have_all_columns() {
        let spec = catalog(TOPICS)
            .spec("raw.flights")
            .expect("a topic of the config");
        let columns: Vec<_> = spec
            .golden
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        assert_eq!(columns, ["id", "at", "twice", "_kafka"]);
        assert_eq!(
            (spec.golden.database.as_str(), spec.golden.table.as_str()),
            ("air", "flights")
        );
        assert_eq!(spec.quarantine.kind, FileKind::Quarantine);
        assert!(spec.dedup.is_some() && spec.kafka_column && !spec.dead_letter);
    }

    /// Topics that an expression matches get tables of their own, each spec once.
    #[test]
    fn expressions_match_lazily() {
        let catalog = catalog(TOPICS);
        let trains = catalog.spec("raw.Trains").expect("matched");
        assert_eq!(trains.golden.table, "raw_trains");
        assert!(Arc::ptr_eq(
            &trains,
            &catalog.spec("raw.Trains").expect("matched")
        ));
        assert_eq!(
            catalog.spec("raw.ships").expect("matched").golden.table,
            "raw_ships"
        );
        assert!(
            catalog
                .spec("other")
                .expect_err("not matched")
                .contains("other")
        );
    }

    /// What decides fates changes the decision; what does not, does not.
    #[test]
    fn decisions_follow_what_decides_fates() {
        let decision = |topics: &str| {
            let spec = catalog(topics)
                .spec("raw.flights")
                .expect("a topic of the config");
            spec.decision.clone()
        };
        let before = decision(TOPICS);
        assert_eq!(
            before,
            decision(&TOPICS.replace("air.flights", "air.departures"))
        );
        assert_ne!(
            before,
            decision(&TOPICS.replace("window: 60s", "window: 61s"))
        );
        assert_ne!(before, decision(&TOPICS.replace("twice > 0", "twice > 1")));
        assert_ne!(
            before,
            decision(&TOPICS.replacen("type: bigint", "type: int", 1))
        );
    }
}
