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
    limit: u64,
    is_minimum: bool,
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

    /// What is no duration or size at all is told by its format.
    fn is_valid(&self, instance: &'i Value) -> bool {
        match measure(instance) {
            Some(size) if self.is_minimum => size >= self.limit,
            Some(size) => size <= self.limit,
            None => true,
        }
    }
}

/// Milliseconds or bytes; no text is both.
fn measure(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => {
            let duration = text.parse().map(HumanDuration::as_millis);
            duration.or_else(|_| text.parse().map(ByteSize::get)).ok()
        }
        value => value.as_u64(),
    }
}
