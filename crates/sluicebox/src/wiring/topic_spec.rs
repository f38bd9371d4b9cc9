use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use sluicebox_config::{
    self as config, Config, DedupKey, DedupMode, DedupSection, EventTimeFallback, EventTimeSection,
    RuleSection, TopicSection,
};
use sluicebox_decode::{DecodeOptions, JsonDecoder, UnknownFields};
use sluicebox_dedup::{KeyHasher, KeySpec, WindowMode, WindowSpec};
use sluicebox_parquet::{
    Compression, Layout, TableSpec, quarantine_schema, schema_fingerprint, table_schema,
};
use sluicebox_pipeline::{DedupSpec, EventTimeSpec, RollPolicy, Tombstones, TopicSpec};
use sluicebox_rules::{RuleError, RuleKind, RuleSpec, Rules};
use sluicebox_types::FileKind;
use xxhash_rust::xxh3::xxh3_128;

use crate::wiring::VERSION;

/// One thing in a topic's section that contradicts another: found by trying, not by reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpecMistake {
    /// Where in the section, as the end of a JSON pointer: `/rules/0`.
    pub(crate) pointer: String,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

impl SpecMistake {
    fn new(pointer: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.to_string(),
        }
    }
}

impl fmt::Display for SpecMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = self.pointer.trim_start_matches('/').replace('/', ".");
        write!(f, "{setting}: {}", self.message)
    }
}

/// Everything that decides what becomes of a topic's records.
///
/// # Errors
/// Every mistake of the section. A schema that is none hides those that build on it.
pub(crate) fn topic_spec(
    config: &Config,
    section: &TopicSection,
    topic: &str,
) -> Result<TopicSpec, Vec<SpecMistake>> {
    let decode = decode_options(section);
    let columns = declared_columns(section, &decode)?;
    let rules = rules(&section.rules, &columns)?;
    let columns = rules.output_schema();
    let dedup = section.dedup.as_ref().map(dedup_spec);
    let mut mistakes = Vec::new();
    check_event_time(&section.event_time, &columns, &mut mistakes);
    check_dedup_key(dedup.as_ref(), &columns, &mut mistakes);
    let golden = golden_schema(config, &columns).map_err(|mistake| mistakes.push(mistake));
    let (Ok(golden), true) = (golden, mistakes.is_empty()) else {
        return Err(mistakes);
    };

    Ok(TopicSpec {
        topic: topic.into(),
        schema: section.schema.clone(),
        decode,
        tombstones: tombstones(section.tombstones),
        rules,
        event_time: event_time(&section.event_time),
        dedup,
        kafka_column: config.lake.kafka_metadata_column,
        dead_letter: section.dead_letter.is_some(),
        golden: Arc::new(table_spec(config, section, topic, FileKind::Golden, golden)),
        quarantine: Arc::new(table_spec(
            config,
            section,
            topic,
            FileKind::Quarantine,
            quarantine_schema(),
        )),
        roll: roll_policy(section),
        quiet_after: config.lake.quiet_after.map(config::HumanDuration::get),
        decision: decision(section),
    })
}

fn decode_options(section: &TopicSection) -> DecodeOptions {
    DecodeOptions {
        unknown_fields: match section.unknown_fields {
            config::UnknownFields::Ignore => UnknownFields::Ignore,
            config::UnknownFields::Reject => UnknownFields::Reject,
            config::UnknownFields::Keep => UnknownFields::Keep,
        },
        max_depth: usize::from(section.max_depth),
        max_value_bytes: section.max_value_bytes.as_usize(),
    }
}

fn declared_columns(
    section: &TopicSection,
    decode: &DecodeOptions,
) -> Result<SchemaRef, Vec<SpecMistake>> {
    match JsonDecoder::new(&section.schema, decode.clone()) {
        Ok(decoder) => Ok(decoder.arrow_schema()),
        Err(error) => {
            let mistakes = error.mistakes().iter();
            Err(mistakes
                .map(|mistake| SpecMistake::new("/schema", mistake))
                .collect())
        }
    }
}

fn rules(sections: &[RuleSection], columns: &SchemaRef) -> Result<Rules, Vec<SpecMistake>> {
    let specs: Vec<RuleSpec> = sections.iter().map(rule_spec).collect();
    Rules::compile(&specs, columns).map_err(|errors| {
        let mistake = |error: &RuleError| {
            let index = specs
                .iter()
                .position(|spec| spec.name == error.rule)
                .unwrap_or(0);
            SpecMistake::new(format!("/rules/{index}"), error)
        };
        errors.iter().map(mistake).collect()
    })
}

fn rule_spec(section: &RuleSection) -> RuleSpec {
    let spec = |name: &str, kind, sql: &str| RuleSpec {
        name: name.to_owned(),
        kind,
        sql: sql.to_owned(),
    };
    match section {
        RuleSection::Expect { name, expect } => spec(name, RuleKind::Expect, expect),
        RuleSection::Where { name, filter } => spec(name, RuleKind::Where, filter),
        RuleSection::Derive { column, sql } => {
            let kind = RuleKind::Derive {
                column: column.clone(),
            };
            spec(&format!("derive {column}"), kind, sql)
        }
    }
}

fn check_event_time(section: &EventTimeSection, columns: &Schema, mistakes: &mut Vec<SpecMistake>) {
    let Some(name) = &section.field else { return };
    let pointer = "/event_time/field";
    let Ok(field) = columns.field_with_name(name) else {
        let names: Vec<&str> = columns
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        let message = format!(
            "there is no column `{name}`; there is: {}",
            names.join(", ")
        );
        mistakes.push(SpecMistake::new(pointer, message));
        return;
    };
    if !matches!(
        field.data_type(),
        DataType::Timestamp(TimeUnit::Microsecond, _) | DataType::Date32
    ) {
        let message = format!("column `{name}` must be a timestamp, timestamp_ntz or date");
        mistakes.push(SpecMistake::new(pointer, message));
    }
}

fn check_dedup_key(dedup: Option<&DedupSpec>, columns: &Schema, mistakes: &mut Vec<SpecMistake>) {
    if let Some(DedupSpec {
        key: KeySpec::Fields(fields),
        ..
    }) = dedup
        && let Err(error) = KeyHasher::for_fields(columns, fields)
    {
        mistakes.push(SpecMistake::new("/dedup/key", error));
    }
}

fn dedup_spec(section: &DedupSection) -> DedupSpec {
    let millis =
        |duration: config::HumanDuration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    DedupSpec {
        key: match &section.key {
            DedupKey::Fields(fields) => KeySpec::Fields(fields.clone()),
            DedupKey::Header(name) => KeySpec::Header(name.clone()),
            DedupKey::RecordKey => KeySpec::RecordKey,
            DedupKey::Payload => KeySpec::Payload,
        },
        window: WindowSpec {
            length_millis: millis(section.window),
            mode: match section.mode {
                DedupMode::Sliding => WindowMode::Sliding,
                DedupMode::Tumbling => WindowMode::Tumbling,
            },
            jump_millis: Some(millis(section.jump)),
        },
    }
}

/// The columns as they stand in golden files: with `_kafka` last, unless it is turned off.
fn golden_schema(config: &Config, columns: &Schema) -> Result<SchemaRef, SpecMistake> {
    let schema = table_schema(columns).map_err(|error| SpecMistake::new("/schema", error))?;
    if config.lake.kafka_metadata_column {
        return Ok(schema);
    }
    let own = schema.fields().iter().take(columns.fields().len()).cloned();
    Ok(Arc::new(Schema::new(own.collect::<Vec<_>>())))
}

fn table_spec(
    config: &Config,
    section: &TopicSection,
    topic: &str,
    kind: FileKind,
    schema: SchemaRef,
) -> TableSpec {
    let table = section.table.for_topic(topic);
    TableSpec {
        kind,
        database: table.database,
        table: table.table,
        topic: topic.to_owned(),
        layout: match config.lake.layout {
            config::Layout::Hive => Layout::Hive,
            config::Layout::Plain => Layout::Plain,
        },
        granularity: config.lake.partition_by.into(),
        schema_fingerprint: schema_fingerprint(&schema),
        schema,
        row_group_bytes: section.file.row_group_bytes.as_usize(),
        compression: match section.file.compression {
            config::Compression::Snappy => Compression::Snappy,
            config::Compression::Zstd => Compression::Zstd,
        },
        pipeline: config.name.clone(),
        version: VERSION.to_owned(),
        dictionary: BTreeMap::new(),
        bloom_filters: Vec::new(),
    }
}

const fn tombstones(policy: config::Tombstones) -> Tombstones {
    match policy {
        config::Tombstones::Skip => Tombstones::Skip,
        config::Tombstones::DeadLetter => Tombstones::DeadLetter,
        config::Tombstones::Write => Tombstones::Write,
    }
}

fn event_time(section: &EventTimeSection) -> EventTimeSpec {
    EventTimeSpec {
        column: section.field.clone(),
        fallback_to_kafka: section.fallback == EventTimeFallback::KafkaTimestamp,
        earliest_micros: section.earliest.as_micros(),
        // The config names the first moment that is no longer accepted.
        latest_micros: section.latest.as_micros().saturating_sub(1),
    }
}

fn roll_policy(section: &TopicSection) -> RollPolicy {
    RollPolicy {
        max_bytes: section.file.max_bytes.as_usize(),
        max_rows: section.file.max_rows,
        max_age: section.file.max_age.get(),
        max_idle: section.file.max_idle.get(),
    }
}

/// Two sections with one decision give every record the same fate.
fn decision(section: &TopicSection) -> String {
    let text = format!(
        "{:?}",
        (
            &section.schema,
            &section.rules,
            &section.dedup,
            &section.event_time,
            section.tombstones,
            section.unknown_fields,
            section.max_value_bytes,
            section.max_depth,
        )
    );
    format!("xxh3:{:032x}", xxh3_128(text.as_bytes()))
}
