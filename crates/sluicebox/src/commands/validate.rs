mod connect;

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Value, json};
use sluicebox_config::{Config, ConfigError, Environment, Position, TopicSection, TopicSelector};

use crate::cli::Validate;
use crate::failure::Failure;
use crate::wiring::{SpecMistake, topic_spec};

/// Says everything that is wrong with a config, at once.
pub(crate) fn execute(arguments: &Validate) -> Result<(), Failure> {
    let file = &arguments.config;
    let loaded = sluicebox_config::load(&file.path, &file.overrides, &Environment::of_process());
    let config = match loaded {
        Ok(config) => Arc::new(config),
        Err(errors) if arguments.json => return told(&errors.errors, &[]),
        Err(errors) => return Err(errors.into()),
    };
    let mistakes = mistakes(&config);
    if arguments.json {
        told(&mistakes, &config.warnings)?;
    } else {
        print(&config, &mistakes)?;
    }
    if arguments.connect {
        connect::check(&config, arguments.json)
    } else {
        Ok(())
    }
}

/// What only shows when schemas, rules and keys are put together.
pub(crate) fn mistakes(config: &Config) -> Vec<ConfigError> {
    let of_topic = |section: &TopicSection| {
        // Which topics an expression matches is Kafka's to say; any name will do here.
        let topic = match &section.name {
            TopicSelector::Name(name) => name.as_str(),
            TopicSelector::Regex(_) => "topic",
        };
        let found = topic_spec(config, section, topic).err().unwrap_or_default();
        found
            .iter()
            .map(|mistake| located(config, section, mistake))
            .collect::<Vec<_>>()
    };
    config.topics.iter().flat_map(of_topic).collect()
}

fn located(config: &Config, section: &TopicSection, mistake: &SpecMistake) -> ConfigError {
    let name = section.name.as_str();
    let key = name.replace('~', "~0").replace('/', "~1");
    let mut pointer = format!("/topics/{key}{}", mistake.pointer);
    let position = loop {
        if let Some(place) = config.places.get(&pointer) {
            break place.value.clone();
        }
        match pointer.rsplit_once('/') {
            Some((parent, _)) => pointer = parent.to_owned(),
            None => break Position::Derived,
        }
    };
    let name = if name.contains('.') {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    };
    ConfigError {
        position,
        path: format!("topics.{name}{}", mistake.pointer.replace('/', ".")),
        message: mistake.message.clone(),
        help: None,
    }
}

fn told(mistakes: &[ConfigError], warnings: &[ConfigError]) -> Result<(), Failure> {
    let list = |errors: &[ConfigError]| errors.iter().map(as_json).collect::<Vec<_>>();
    let answer = json!({
        "valid": mistakes.is_empty(),
        "mistakes": list(mistakes),
        "warnings": list(warnings),
    });
    writeln!(io::stdout().lock(), "{answer:#}")?;
    verdict(mistakes)
}

fn as_json(error: &ConfigError) -> Value {
    let position = match &error.position {
        Position::File { file, line, column } => {
            json!({ "file": file.as_ref(), "line": line, "column": column })
        }
        elsewhere => json!({ "elsewhere": elsewhere.to_string() }),
    };
    json!({
        "position": position,
        "path": error.path,
        "message": error.message,
        "help": error.help,
    })
}

fn print(config: &Config, mistakes: &[ConfigError]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for warning in &config.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    for mistake in mistakes {
        writeln!(out, "{mistake}")?;
    }
    verdict(mistakes)?;
    for topic in &config.topics {
        writeln!(
            out,
            "{} -> {} in {}",
            topic.name, topic.table, config.lake.url
        )?;
    }
    writeln!(out, "The configuration is valid.")?;
    Ok(())
}

fn verdict(mistakes: &[ConfigError]) -> Result<(), Failure> {
    match mistakes.len() {
        0 => Ok(()),
        1 => Err(Failure::configuration("1 mistake in the configuration")),
        count => Err(Failure::configuration(format!(
            "{count} mistakes in the configuration"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sluicebox_config::parse;

    use super::*;

    /// Mistakes that only show when the parts of a section meet are all found, each at its line.
    #[test]
    fn every_mistake_has_its_place() {
        let text = r#"
name: test
kafka: { brokers: "localhost:9092" }
lake: { url: ./lake }
topics:
  flights:
    table: air.flights
    schema: { columns: [{ name: id, type: bigint }] }
    event_time: { field: twice }
    dedup: off
    rules:
      - { derive: twice, as: "id * 2" }
  raw.trains:
    table: rail.trains
    schema: { columns: [{ name: id, type: bigint }] }
    dedup: off
    rules:
      - { name: good, expect: "id > 0" }
      - { name: bad, expect: "speed > 0" }
"#;
        let config = parse(text, Path::new("t.yaml"), &[], &Environment::default());
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        let found = mistakes(&config);
        let lines: Vec<_> = found
            .iter()
            .map(|mistake| match &mistake.position {
                Position::File { line, .. } => (mistake.path.as_str(), *line),
                elsewhere => panic!("{mistake} at {elsewhere}"),
            })
            .collect();
        let expected = [
            ("topics.flights.event_time.field", 9),
            ("topics.\"raw.trains\".rules.1", 19),
        ];
        assert_eq!(lines, expected, "{found:?}");
    }
}
