use serde_json::Value;

use crate::document::Document;
use crate::pointer;

/// The longest text of a config that is repeated in a message.
const SHOWN_MAX: usize = 60;

const NOT_SHOWN: &str = "a value that is not shown here";

/// What a schema takes, for people.
pub(super) fn expected(schema: &Value) -> String {
    if let Some(expected) = schema.get("x-expected").and_then(Value::as_str) {
        return expected.to_owned();
    }
    let words = words(schema);
    if !words.is_empty() {
        return one_of(&words);
    }
    let bound = |keyword| schema.get(keyword).and_then(Value::as_i64);
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => "a mapping".to_owned(),
        Some("array") => "a list".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => match (bound("minimum"), bound("maximum")) {
            (Some(minimum), Some(maximum)) => format!("a whole number, {minimum} to {maximum}"),
            (Some(minimum), None) => format!("a whole number, {minimum} or more"),
            _ => "a whole number".to_owned(),
        },
        Some("number") => "a number".to_owned(),
        Some("string") => "text".to_owned(),
        _ => "something else".to_owned(),
    }
}

/// The words of an enumeration.
pub(super) fn words(schema: &Value) -> Vec<String> {
    let of_value = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().filter_map(of_value).collect();
    }
    let branches = schema
        .get("oneOf")
        .or_else(|| schema.get("anyOf"))
        .and_then(Value::as_array);
    let word = |branch: &Value| match branch.get("const") {
        Some(value) => of_value(value).into_iter().collect(),
        None => words(branch),
    };
    branches
        .map(|branches| branches.iter().flat_map(word).collect())
        .unwrap_or_default()
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn one_of(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The known word nearest to one that is not known, when it is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, known: &'a [String]) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let begins = |known: &&String| known.len() > 2 && lower.starts_with(known.as_str());
    if let Some(known) = known.iter().find(begins) {
        return Some(known);
    }
    let distance = |known: &String| strsim::damerau_levenshtein(&lower, &known.to_lowercase());
    let (nearest, distance) = known
        .iter()
        .map(|known| (known, distance(known)))
        .min_by_key(|(_, distance)| *distance)?;
    let longest = nearest.chars().count().max(lower.chars().count());
    (distance <= 1 + longest / 4 && distance < longest).then_some(nearest)
}

/// What to do about a word that is not known.
pub(crate) fn suggest(word: &str, known: &[String], what: &str) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the {what} here are {}", known.join(", ")),
    }
}

/// The value as it stands in the file, unless it may be secret.
pub(super) fn got(at: &str, value: &Value, document: &Document) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(members) if members.is_empty() => "an empty mapping".to_owned(),
        Value::Object(members) => {
            let keys: Vec<_> = members.keys().take(5).map(String::as_str).collect();
            let more = if members.len() > keys.len() {
                ", …"
            } else {
                ""
            };
            format!("a mapping with {}{more}", keys.join(", "))
        }
        _ if document.hidden.contains(at) || pointer::holds_secrets(at) => NOT_SHOWN.to_owned(),
        Value::String(text) if holds_credentials(text) => NOT_SHOWN.to_owned(),
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(text) => {
            let mut shown: String = text.chars().take(SHOWN_MAX).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            format!("{shown:?}")
        }
        scalar => scalar.to_string(),
    }
}

/// Whether a text is an address into which somebody may have put a password.
fn holds_credentials(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, rest)| rest.contains('@'))
}
