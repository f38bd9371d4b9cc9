use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value};

use crate::values::{ByteSize, HumanDuration};

/// The smallest duration or size that is taken, as text.
pub(super) const MINIMUM: &str = "x-minimum";
/// The largest duration or size that is taken, as text.
pub(super) const MAXIMUM: &str = "x-maximum";

/// A bound of a duration or size.
struct Bound {
    text: String,
    limit: Measure,
    is_minimum: bool,
}

/// The two things that are bounded; no text is both.
enum Measure {
    Millis(u64),
    Bytes(u64),
}

/// Makes the check of one of the two keywords.
pub(super) fn bound<'a>(
    _: &'a Map<String, Value>,
    bound: &'a Value,
    at: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let limit = measure(bound).ok_or_else(|| ValidationError::schema("no duration or size"))?;
    let text = bound.as_str().unwrap_or_default().to_owned();
    let is_minimum = at.as_str().ends_with(MINIMUM);
    Ok(Box::new(Bound {
        text,
        limit,
        is_minimum,
    }))
}

impl<'i> Keyword<'i> for Bound {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            return Ok(());
        }
        let word = if self.is_minimum { "least" } else { "most" };
        Err(ValidationError::custom(format!(
            "must be at {word} {}",
            self.text
        )))
    }

    /// What is not of the kind that is bounded is told by its type or format.
    fn is_valid(&self, instance: &'i Value) -> bool {
        let (size, limit) = match (measure(instance), &self.limit) {
            (Some(Measure::Millis(millis)), Measure::Millis(limit)) => (millis, *limit),
            (Some(Measure::Bytes(bytes)), Measure::Bytes(limit)) => (bytes, *limit),
            _ => return true,
        };
        if self.is_minimum {
            size >= limit
        } else {
            size <= limit
        }
    }
}

fn measure(value: &Value) -> Option<Measure> {
    let Some(text) = value.as_str() else {
        return value.as_u64().map(Measure::Bytes);
    };
    let millis = text
        .parse()
        .map(|duration: HumanDuration| Measure::Millis(duration.as_millis()));
    millis
        .or_else(|_| {
            text.parse()
                .map(|size: ByteSize| Measure::Bytes(size.get()))
        })
        .ok()
}
