use std::collections::BTreeSet;

use sluicebox_types::ColumnType;

use super::schema;
use crate::pointer;
use crate::report::Report;
use crate::sections::{
    DedupKey, LakeSection, RuleSection, Tombstones, TopicSection, UnknownFields,
};

/// One topic's section.
pub(super) fn check(
    at: &str,
    topic: &TopicSection,
    lake: Option<&LakeSection>,
    report: &mut Report,
) {
    let mut reserved = vec!["dt", "hour"];
    if lake.is_none_or(|lake| lake.kafka_metadata_column) {
        reserved.push("_kafka");
    }
    if topic.unknown_fields == UnknownFields::Keep {
        reserved.push("_extra");
    }
    schema::check(
        &format!("{at}/schema/columns"),
        &topic.schema.columns,
        &reserved,
        report,
    );
    check_rules(at, topic, report);
    check_event_time(at, topic, report);
    check_dedup(at, topic, report);
    check_tombstones(at, topic, report);
}

fn check_rules(at: &str, topic: &TopicSection, report: &mut Report) {
    let mut names = BTreeSet::new();
    let mut columns: BTreeSet<&str> = topic
        .schema
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    for (index, rule) in topic.rules.iter().enumerate() {
        let at = format!("{at}/rules/{index}");
        match rule {
            RuleSection::Expect { name, .. } | RuleSection::Where { name, .. } => {
                if !names.insert(name) {
                    let message = format!("another rule has the name `{name}` already");
                    report.error(&format!("{at}/name"), message, None);
                }
            }
            RuleSection::Derive { column, .. } => {
                if !columns.insert(column) {
                    let message = format!("there is a column `{column}` already");
                    report.error(&format!("{at}/derive"), message, None);
                }
            }
        }
    }
}

fn check_event_time(at: &str, topic: &TopicSection, report: &mut Report) {
    let event_time = &topic.event_time;
    if event_time.earliest >= event_time.latest {
        let message = format!("must be before latest, which is {}", event_time.latest);
        report.error(&format!("{at}/event_time/earliest"), message, None);
    }
    let Some(field) = &event_time.field else {
        return;
    };
    let at = format!("{at}/event_time/field");
    let column = topic
        .schema
        .columns
        .iter()
        .find(|column| column.name == *field);
    match column.map(|column| &column.data_type) {
        Some(ColumnType::Timestamp(_) | ColumnType::TimestampNtz(_) | ColumnType::Date) => {}
        Some(other) => {
            let message = format!("the column `{field}` is of type {other}, which is no time");
            let help = "declare it as timestamp, timestamp_ntz or date; a number needs its unit, \
                        such as timestamp(millis)";
            report.error(&at, message, Some(help.to_owned()));
        }
        None => check_column(&at, field, topic, report),
    }
}

fn check_dedup(at: &str, topic: &TopicSection, report: &mut Report) {
    let Some(DedupKey::Fields(fields)) = topic.dedup.as_ref().map(|dedup| &dedup.key) else {
        return;
    };
    for (index, field) in fields.iter().enumerate() {
        check_column(&format!("{at}/dedup/key/{index}"), field, topic, report);
    }
}

/// A name that must be that of a column, or of one that a rule derives.
fn check_column(at: &str, name: &str, topic: &TopicSection, report: &mut Report) {
    let derived = topic.rules.iter().filter_map(|rule| match rule {
        RuleSection::Derive { column, .. } => Some(column),
        _ => None,
    });
    let columns: Vec<String> = topic
        .schema
        .columns
        .iter()
        .map(|column| &column.name)
        .chain(derived)
        .cloned()
        .collect();
    if !columns.iter().any(|column| column == name) {
        let message = format!("there is no column `{name}`");
        report.error(
            at,
            message,
            Some(crate::check::suggest(name, &columns, "columns")),
        );
    }
}

fn check_tombstones(at: &str, topic: &TopicSection, report: &mut Report) {
    if topic.tombstones != Tombstones::Write {
        return;
    }
    if let Some(column) = topic.schema.columns.iter().find(|column| column.required) {
        let message = format!(
            "a row of nulls cannot be written: the column `{}` is required",
            column.name
        );
        let help = "make it optional, or take `skip` or `dead_letter`".to_owned();
        report.error(&pointer::child(at, "tombstones"), message, Some(help));
    }
}
