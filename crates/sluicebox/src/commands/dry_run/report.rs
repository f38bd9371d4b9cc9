use std::collections::BTreeMap;
use std::io::{self, Write};

use arrow::datatypes::{DataType, Fields, Schema};
use serde::Serialize;
use sluicebox_config::Config;
use sluicebox_pipeline::TopicCatalog as _;
use sluicebox_pipeline::ports::LakeObject;
use sluicebox_pipeline::verify::VerifyReport;
use sluicebox_types::RejectReason;

use crate::commands::fates::Fates;
use crate::wiring::ConfigCatalog;

/// What is said of a field whose name is not shown.
const UNKNOWN_FIELD: &str = "the schema does not declare a field; --show-values tells which";

/// Paths that are shown as examples.
const PATHS_MAX: usize = 3;

/// What would have become of the records.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    #[serde(flatten)]
    fates: Fates,
    /// Columns with their types, by topic.
    schemas: BTreeMap<String, Vec<(String, String)>>,
    /// Files as they would lie in the lake: the first few.
    files: Vec<String>,
}

impl Report {
    pub(super) fn new(
        config: &Config,
        proof: &VerifyReport,
        fates: Fates,
        files: &[LakeObject],
    ) -> Self {
        let mut schemas = BTreeMap::new();
        let catalog = ConfigCatalog::new(config.clone().into());
        for partition in &proof.partitions {
            let topic = &partition.chain.topic;
            if let Ok(spec) = catalog.spec(topic) {
                schemas.insert(topic.clone(), columns(&spec.golden.schema));
            }
        }
        let golden = files.iter().filter(|file| !file.path.starts_with('_'));
        let url = &config.lake.url;
        Self {
            fates,
            schemas,
            files: golden
                .take(PATHS_MAX)
                .map(|file| format!("{url}/{}", file.path))
                .collect(),
        }
    }

    /// Leaves out what may be confidential: values, and names that only a record knows.
    pub(super) fn hide_values(&mut self) {
        for reject in &mut self.fates.rejects {
            reject.value = None;
            if reject.reason == RejectReason::UnknownField.code() {
                UNKNOWN_FIELD.clone_into(&mut reject.message);
            }
        }
    }

    pub(super) fn print(&self, out: &mut impl Write, json: bool) -> io::Result<()> {
        if json {
            serde_json::to_writer_pretty(&mut *out, self)?;
            return writeln!(out);
        }
        for (topic, columns) in &self.schemas {
            writeln!(out, "{topic}")?;
            for (name, data_type) in columns {
                writeln!(out, "  {name:<24} {data_type}")?;
            }
            writeln!(out)?;
        }
        let read = self.fates.counts.read;
        writeln!(
            out,
            "{read} records read, nothing written to the lake. They would be:"
        )?;
        self.fates.print(out)?;
        if !self.fates.rejects.is_empty() {
            writeln!(out, "\nRejected, the first of each reason:")?;
        }
        for reject in &self.fates.rejects {
            reject.print(out)?;
        }
        if !self.files.is_empty() {
            writeln!(out, "\nFiles would be, for example:")?;
        }
        for path in &self.files {
            writeln!(out, "  {path}")?;
        }
        Ok(())
    }
}

fn columns(schema: &Schema) -> Vec<(String, String)> {
    let fields = schema.fields().iter();
    fields
        .map(|field| (field.name().clone(), type_name(field.data_type())))
        .collect()
}

/// The type as query engines call it.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 => "string".to_owned(),
        DataType::Binary => "binary".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp".to_owned(),
        DataType::Timestamp(_, None) => "timestamp_ntz".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Struct(members) => format!("struct<{}>", members_of(members)),
        DataType::List(element) => format!("list<{}>", type_name(element.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => {
                let types: Vec<String> = pair.iter().map(|f| type_name(f.data_type())).collect();
                format!("map<{}>", types.join(","))
            }
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

fn members_of(members: &Fields) -> String {
    let members = members.iter();
    let members = members.map(|field| format!("{}:{}", field.name(), type_name(field.data_type())));
    members.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use sluicebox_parquet::kafka_field;

    use super::*;

    /// Types read as in Hive and Trino, nested ones too.
    #[test]
    fn types_have_the_names_of_the_engines() {
        let name = type_name(kafka_field().data_type());
        assert_eq!(
            name,
            "struct<topic:string,partition:int,offset:bigint,timestamp:timestamp>"
        );
    }
}
