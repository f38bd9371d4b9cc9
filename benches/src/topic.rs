//! A shape's config, as the parts of the data plane want it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use arrow::datatypes::SchemaRef;
use sluicebox_config::{Config, DedupKey, Environment, RuleSection, TopicSection};
use sluicebox_decode::{DecodeOptions, JsonDecoder};
use sluicebox_dedup::{KeyHasher, WindowSpec};
use sluicebox_parquet::{Compression, Layout, TableSpec, schema_fingerprint, table_schema};
use sluicebox_rules::{RuleKind, RuleSpec, Rules};
use sluicebox_types::{FileKind, TableSchema};

use crate::shapes::Shape;

/// The only topic of a shape's config.
#[derive(Debug)]
pub struct Topic {
    config: Config,
    section: TopicSection,
}

impl Topic {
    /// Reads the config of a shape.
    ///
    /// # Errors
    /// Its mistakes.
    pub fn of(shape: Shape) -> Result<Self> {
        let nowhere = Environment::from_iter([
            ("BENCH_BROKERS", "127.0.0.1:1"),
            ("BENCH_LAKE", "./lake"),
            ("BENCH_CONTROL", "./control"),
        ]);
        let config = sluicebox_config::load(&shape.config(), &[], &nowhere)?;
        let section = config.topics.first().cloned().context("a topic")?;
        Ok(Self { config, section })
    }

    /// Its columns.
    #[must_use]
    pub const fn schema(&self) -> &TableSchema {
        &self.section.schema
    }

    /// Its decoder.
    ///
    /// # Errors
    /// The mistakes of the schema.
    pub fn decoder(&self) -> Result<JsonDecoder> {
        let options = DecodeOptions::default();
        Ok(JsonDecoder::new(&self.section.schema, options)?)
    }

    /// Its rules, over rows of `schema`.
    ///
    /// # Errors
    /// Their mistakes.
    pub fn rules(&self, schema: &SchemaRef) -> Result<Rules> {
        let specs: Vec<_> = self.section.rules.iter().filter_map(expectation).collect();
        Rules::compile(&specs, schema).map_err(|mistakes| anyhow!("{mistakes:?}"))
    }

    /// What makes the keys of rows of `schema`.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn key_hasher(&self, schema: &SchemaRef) -> Result<KeyHasher> {
        let dedup = self.section.dedup.as_ref().context("dedup is on")?;
        let DedupKey::Fields(fields) = &dedup.key else {
            return Err(anyhow!("the key is made of columns"));
        };
        Ok(KeyHasher::for_fields(schema, fields)?)
    }

    /// Its dedup window.
    #[must_use]
    pub fn window(&self) -> WindowSpec {
        WindowSpec::default()
    }

    /// Its table, of rows of `schema`.
    ///
    /// # Errors
    /// When a column is of no type that a table can have.
    pub fn table(&self, schema: &SchemaRef) -> Result<Arc<TableSpec>> {
        let topic = self.section.name.as_str();
        let table = self.section.table.for_topic(topic);
        let schema = table_schema(schema)?;
        Ok(Arc::new(TableSpec {
            kind: FileKind::Golden,
            database: table.database,
            table: table.table,
            topic: topic.to_owned(),
            layout: Layout::Hive,
            granularity: self.config.lake.partition_by.into(),
            schema_fingerprint: schema_fingerprint(&schema),
            schema,
            row_group_bytes: self.section.file.row_group_bytes.as_usize(),
            compression: Compression::Snappy,
            pipeline: self.config.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            dictionary: BTreeMap::new(),
            bloom_filters: Vec::new(),
        }))
    }
}

/// The configs of the shapes have no other rules.
fn expectation(section: &RuleSection) -> Option<RuleSpec> {
    match section {
        RuleSection::Expect { name, expect } => Some(RuleSpec {
            name: name.clone(),
            kind: RuleKind::Expect,
            sql: expect.clone(),
        }),
        RuleSection::Where { .. } | RuleSection::Derive { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contents::Contents;
    use crate::records::{Fate, Records};

    /// The configs take what the generators make: every good record is a row, keeps every rule and
    /// has no field that the schema lacks (but for the shape of which most are left out); every
    /// malformed one is rejected.
    #[test]
    fn configs_take_what_the_generators_make() {
        for shape in Shape::STANDARD {
            let topic = Topic::of(shape).expect("a config");
            let mut decoder = topic.decoder().expect("a schema");
            for record in Records::new(&Contents::of(shape, 1.0), 3).take(3000) {
                let is_row = decoder.push(&record.value).is_ok();
                assert_eq!(is_row, record.fate != Fate::Malformed, "{shape}");
            }
            assert_eq!(decoder.unknown_fields() > 0, shape == Shape::B10);
            let rows = decoder.finish();
            let rules = topic.rules(&rows.schema()).expect("rules");
            assert_eq!(rules.apply(rows.clone()).fates, None);
            let hasher = topic.key_hasher(&rows.schema());
            assert!(hasher.is_ok() && topic.table(&rows.schema()).is_ok());
        }
    }
}
