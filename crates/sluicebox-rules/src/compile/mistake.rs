use datafusion_common::utils::datafusion_strsim::levenshtein;
use datafusion_common::{DataFusionError, SchemaError};
use datafusion_sql::sqlparser::tokenizer::Location;

/// What is wrong with a rule, and where in its expression.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    pub(super) message: String,
    pub(super) position: Option<(usize, usize)>,
}

impl Mistake {
    /// A mistake that is not in the expression.
    pub(super) fn elsewhere(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            position: None,
        }
    }

    /// A mistake in the expression.
    pub(super) fn at(message: impl Into<String>, location: Location) -> Self {
        let line = usize::try_from(location.line).ok().filter(|line| *line > 0);
        let column = usize::try_from(location.column).ok();
        Self {
            message: message.into(),
            position: line.zip(column),
        }
    }
}

/// What a planning error says to the author of a rule.
pub(super) fn explain(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::SchemaError(schema_error, _) => match schema_error.as_ref() {
            SchemaError::FieldNotFound {
                field,
                valid_fields,
            } => {
                let name = field
                    .relation
                    .as_ref()
                    .map_or_else(|| field.name(), |table| table.table());
                let columns = valid_fields.iter().map(|valid| valid.name());
                unknown("column", name, columns)
            }
            other => other.to_string(),
        },
        DataFusionError::Internal(message) => without_backtrace(message),
        root => without_backtrace(&root.message()),
    }
}

/// Says that there is nothing of this name, and which of the `known` names may be meant.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let close = known
        .map(|known| {
            (
                levenshtein(&name.to_lowercase(), &known.to_lowercase()),
                known,
            )
        })
        .filter(|(edits, known)| edits * 3 <= name.len().max(known.len()))
        .min();
    close.map_or_else(
        || format!("there is no {what} `{name}`"),
        |(_, known)| format!("there is no {what} `{name}`; did you mean `{known}`?"),
    )
}

fn without_backtrace(message: &str) -> String {
    let message = message
        .split(DataFusionError::BACK_TRACE_SEP)
        .next()
        .unwrap_or(message);
    message.trim_end_matches('.').to_owned()
}
