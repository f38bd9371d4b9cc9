use std::collections::BTreeMap;

use serde_json::Value;

use super::{Topics, section};
use crate::report::Report;
use crate::sections::{
    CatalogSection, CrawlerSection, GlueSection, LakeSection, Layout, TopicSelector,
};

/// What a catalog asks of the lake and the topics.
pub(super) fn check(
    config: &Value,
    lake: Option<&LakeSection>,
    topics: &Topics,
    report: &mut Report,
) {
    let catalog: Option<CatalogSection> = section(config, "/catalog", report);
    let crawler: Option<CrawlerSection> = section(config, "/crawler", report);
    if let Some(CatalogSection::Glue(glue)) = &catalog {
        check_keys(glue, report);
    }
    if catalog.is_some()
        && let Some(lake) = lake
    {
        check_location(lake, report);
    }
    let is_plain = lake.is_some_and(|lake| lake.layout == Layout::Plain);
    if catalog.is_none() || !is_plain {
        return;
    }
    if crawler.is_some_and(|crawler| crawler.projection_since.is_some()) {
        let message = "the folders of `lake.layout: plain` are spelled by no date column";
        let help = "leave it out, or take the layout `hive`".to_owned();
        report.error("/crawler/projection_since", message, Some(help));
    }
    check_shared_tables(topics, report);
}

/// Tables carry the lake's address, and engines have to understand it.
fn check_location(lake: &LakeSection, report: &mut Report) {
    if lake.url.scheme() == "az" {
        let message = "engines that ask a catalog do not know az://, only Hadoop's form";
        let help = "write abfss://container@account.dfs.core.windows.net/prefix".to_owned();
        report.error("/lake/url", message, Some(help));
    }
}

/// An access key has two parts.
fn check_keys(glue: &GlueSection, report: &mut Report) {
    let (id, secret) = (&glue.access_key_id, &glue.secret_access_key);
    let lone = match (id, secret) {
        (Some(_), None) => Some(("access_key_id", "secret_access_key")),
        (None, Some(_)) => Some(("secret_access_key", "access_key_id")),
        (None, None) if glue.session_token.is_some() => Some(("session_token", "access_key_id")),
        _ => None,
    };
    if let Some((name, needed)) = lone {
        report.error(
            &format!("/catalog/glue/{name}"),
            format!("needs `{needed}`"),
            None,
        );
    }
}

/// In the plain layout each topic has a folder, and a partition of a catalog has one.
fn check_shared_tables(topics: &Topics, report: &mut Report) {
    let mut first: BTreeMap<String, &TopicSelector> = BTreeMap::new();
    for (at, topic) in topics {
        let table = topic.table.to_string();
        let is_many = matches!(topic.name, TopicSelector::Regex(_)) && !table.contains("{topic}");
        let other = *first.entry(table).or_insert(&topic.name);
        if is_many || *other != topic.name {
            let message = format!(
                "several topics share the table {}; with `lake.layout: plain` each has a folder of \
                 its own, and a partition in the catalog has one",
                topic.table
            );
            let help = "give each topic its own table, or take the layout `hive`".to_owned();
            report.error(&format!("{at}/table"), message, Some(help));
        }
    }
}
