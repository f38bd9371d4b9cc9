use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::describe::{expected, got, nearest, one_of, suggest, words};
use super::{formats, union};
use crate::document::Document;
use crate::pointer;
use crate::report::Report;

/// Puts what a schema checker says into the words of a person who knows the file.
pub(super) struct Explainer<'a> {
    pub(super) schema: &'a Value,
    pub(super) document: &'a Document,
    pub(super) report: &'a mut Report,
}

impl<'a> Explainer<'a> {
    /// Reports one error, or those of the branch that was meant.
    pub(super) fn explain(&mut self, error: &ValidationError<'_>) {
        let at = error.instance_path().as_str();
        if self
            .document
            .broken
            .iter()
            .any(|broken| pointer::lies_in(at, broken))
        {
            return;
        }
        if pointer::is_secret(at) {
            return self.secret(at);
        }
        match error.kind() {
            Kind::AdditionalProperties { unexpected } => {
                let known = self.keys_of(error);
                for key in unexpected {
                    self.unknown_key(at, key, &known, self.schema_of(error));
                }
            }
            Kind::Required { property } => {
                self.missing_key(
                    at,
                    property.as_str().unwrap_or_default(),
                    self.schema_of(error),
                );
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                self.union(error, context);
            }
            Kind::Custom { message, .. } => {
                let message = format!("{message}; got {}", self.got(at));
                self.report.error(at, message, None);
            }
            Kind::Minimum { limit } => self.out_of_bounds(at, "least", limit),
            Kind::Maximum { limit } => self.out_of_bounds(at, "most", limit),
            Kind::MinItems { .. } | Kind::MinProperties { .. } | Kind::MinLength { .. } => {
                self.report.error(at, "must not be empty", None);
            }
            Kind::MaxLength { limit } => {
                self.report
                    .error(at, format!("must have at most {limit} characters"), None);
            }
            Kind::UniqueItems => self.report.error(at, "names something twice", None),
            _ => self.unexpected(at, self.schema_of(error)),
        }
    }

    /// Of a secret that is written wrongly not even its keys are shown.
    fn secret(&mut self, at: &str) {
        let message = match self.value_at(at).as_str() {
            Some("") => "must not be empty",
            _ => "expected {file: path}, {env: VARIABLE} or text with ${VARIABLE}",
        };
        self.report.error(at, message, None);
    }

    fn union(&mut self, error: &ValidationError<'_>, context: &[Vec<ValidationError<'static>>]) {
        let at = error.instance_path().as_str();
        match union::meant(at, context) {
            union::Meant::Branch(errors) => errors.iter().for_each(|error| self.explain(error)),
            union::Meant::Tag { at, words } => {
                let got = self.got(&at);
                let help = self
                    .value_at(&at)
                    .as_str()
                    .and_then(|w| did_you_mean(w, &words));
                let message = format!("expected {}; got {got}", one_of(&words));
                self.report.error(&at, message, help);
            }
            union::Meant::Keys { unknown } => {
                let known: Vec<String> = context
                    .iter()
                    .flatten()
                    .flat_map(|error| self.keys_of(error))
                    .collect();
                for key in unknown {
                    self.unknown_key(at, &key, &known, self.schema_of(error));
                }
            }
            union::Meant::None => self.unexpected(at, self.schema_of(error)),
        }
    }

    /// A value that is not what its schema takes.
    fn unexpected(&mut self, at: &str, schema: &Value) {
        let value = self.value_at(at);
        let text = value.as_str().unwrap_or_default();
        let unsupported = list_of(schema, "x-unsupported");
        if unsupported.iter().any(|word| word == text) {
            let message = format!(
                "`{text}` is not supported by this build; it has {}",
                one_of(&words(schema))
            );
            return self.report.error(at, message, None);
        }
        let message = format!("expected {}; got {}", expected(schema), self.got(at));
        let format = schema.get("format").and_then(Value::as_str);
        let wants_text = schema.get("type").is_some_and(|kind| kind == "string");
        let help = match (value, format) {
            (Value::Number(number), Some(format)) => formats::reason(format, &number.to_string()),
            (Value::Number(_) | Value::Bool(_), None) if wants_text => {
                Some("write it in quotes".to_owned())
            }
            (Value::String(text), Some(format)) => formats::reason(format, text),
            (Value::String(text), None) => did_you_mean(text, &words(schema)),
            _ => None,
        };
        self.report.error(at, message, help);
    }

    fn unknown_key(&mut self, at: &str, key: &str, known: &[String], schema: &Value) {
        let child = pointer::child(at, key);
        if list_of(schema, "x-unsupported")
            .iter()
            .any(|word| word == key)
        {
            let message = format!("`{key}` is not supported by this build");
            return self.report.key_error(&child, message, None);
        }
        if schema.get("patternProperties").is_some() {
            let message = format!("a key here is a whole number; got `{key}`");
            return self.report.key_error(&child, message, None);
        }
        let mut known: Vec<String> = known.to_vec();
        known.dedup();
        let help = suggest(key, &known, "keys");
        self.report
            .key_error(&child, format!("unknown key `{key}`"), Some(help));
    }

    fn missing_key(&mut self, at: &str, key: &str, schema: &Value) {
        let property = schema
            .get("properties")
            .and_then(|properties| properties.get(key));
        let description = property.and_then(|property| property.get("description"));
        let help = description.and_then(Value::as_str).map(|text| {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let end = text.find(". ").map_or(text.len(), |end| end + 1);
            format!("{key}: {}", text.split_at(end).0)
        });
        self.report
            .key_error(at, format!("the key `{key}` is missing"), help);
    }

    fn out_of_bounds(&mut self, at: &str, word: &str, limit: &Value) {
        let message = format!("must be at {word} {limit}; got {}", self.got(at));
        self.report.error(at, message, None);
    }

    fn got(&self, at: &str) -> String {
        got(at, self.value_at(at), self.document)
    }

    fn value_at(&self, at: &str) -> &'a Value {
        self.document.value.pointer(at).unwrap_or(&Value::Null)
    }

    /// The schema object whose keyword was not fulfilled.
    fn schema_of(&self, error: &ValidationError<'_>) -> &'a Value {
        let keyword = error.schema_path().as_str();
        self.schema
            .pointer(pointer::parent(keyword))
            .unwrap_or(&Value::Null)
    }

    fn keys_of(&self, error: &ValidationError<'_>) -> Vec<String> {
        let properties = self
            .schema_of(error)
            .get("properties")
            .and_then(Value::as_object);
        properties
            .map(|properties| properties.keys().cloned().collect())
            .unwrap_or_default()
    }
}

fn did_you_mean(word: &str, known: &[String]) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

fn list_of(schema: &Value, keyword: &str) -> Vec<String> {
    let words = schema.get(keyword).and_then(Value::as_array);
    let text = |word: &Value| word.as_str().map(str::to_owned);
    words
        .map(|words| words.iter().filter_map(text).collect())
        .unwrap_or_default()
}
