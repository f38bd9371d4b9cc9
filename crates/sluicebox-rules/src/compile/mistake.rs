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
                let names: Vec<_> = valid_fields.iter().map(|valid| valid.name()).collect();
                unknown_column(field.name(), &names)
            }
            other => other.to_string(),
        },
        root => {
            let message = root.message();
            let (message, _) = message
                .split_once(DataFusionError::BACK_TRACE_SEP)
                .unwrap_or((&message, ""));
            message.trim_end_matches('.').to_owned()
        }
    }
}

fn unknown_column(name: &str, columns: &[&str]) -> String {
    let close = columns
        .iter()
        .map(|column| (edits(&name.to_lowercase(), &column.to_lowercase()), column))
        .filter(|(edits, column)| edits * 2 <= name.len().min(column.len()))
        .min();
    close.map_or_else(
        || {
            format!(
                "there is no column `{name}`; there is: {}",
                columns.join(", ")
            )
        },
        |(_, column)| format!("there is no column `{name}`; did you mean `{column}`?"),
    )
}

fn edits(one: &str, other: &str) -> usize {
    datafusion_common::utils::datafusion_strsim::levenshtein(one, other)
}
