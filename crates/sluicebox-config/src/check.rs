//! The file against its JSON Schema: every mistake that a value shows on its own.

mod formats;
mod bounds;
mod describe;
mod union;
mod explain;

use jsonschema::Validator;
use serde_json::Value;

use crate::document::Document;
use crate::json_schema::json_schema;
use crate::report::Report;

pub(crate) use describe::suggest;
pub(crate) use formats::topic_name;

/// Reports all values that are not what the schema says.
pub(crate) fn check(document: &Document, report: &mut Report) {
    let schema = json_schema();
    let validator = match validator(&schema) {
        Ok(validator) => validator,
        Err(message) => return report.error("", message, None),
    };
    let mut explainer = explain::Explainer {
        schema: &schema,
        document,
        report,
    };
    for error in validator.iter_errors(&document.value) {
        explainer.explain(&error);
    }
}

fn validator(schema: &Value) -> Result<Validator, String> {
    let mut options = jsonschema::options().should_validate_formats(true);
    for (name, parse) in formats::FORMATS {
        options = options.with_format(*name, move |text: &str| parse(text).is_ok());
    }
    for keyword in [bounds::MINIMUM, bounds::MAXIMUM] {
        options = options.with_keyword(keyword, bounds::bound);
    }
    options
        .build(schema)
        .map_err(|error| format!("the schema of the config is broken: {error}"))
}
