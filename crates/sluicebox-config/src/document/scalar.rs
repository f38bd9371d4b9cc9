use serde_json::{Number, Value};

/// The type of a plain scalar: YAML 1.2 core schema, and `_` between the digits of an integer.
/// So `off`, `no` and `12:30` are text.
pub(super) fn typed(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => integer(text)
            .or_else(|| float(text))
            .map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn integer(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().map(Number::from);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digit_first_and_last = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit());
    if !digit_first_and_last {
        return None;
    }
    let text = text.replace('_', "");
    let unsigned = text
        .strip_prefix('+')
        .unwrap_or(&text)
        .parse::<u64>()
        .ok()
        .map(Number::from);
    unsigned.or_else(|| text.parse::<i64>().ok().map(Number::from))
}

/// Only what JSON can say: `.inf` and `.nan` stay text.
fn float(text: &str) -> Option<Number> {
    let numeric = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(numeric) || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The traps of YAML 1.1 are closed: what looks like a word is one.
    #[test]
    fn plain_scalars_have_the_type_people_expect() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("true", json!(true)),
            ("off", json!("off")),
            ("no", json!("no")),
            ("5_000_000", json!(5_000_000)),
            ("-3", json!(-3)),
            ("+3", json!(3)),
            ("0x10", json!(16)),
            ("0o17", json!(15)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            ("12:30", json!("12:30")),
            ("2013-01-01", json!("2013-01-01")),
            ("128MiB", json!("128MiB")),
            ("1.2.3", json!("1.2.3")),
            ("_1", json!("_1")),
            ("-", json!("-")),
            (".", json!(".")),
            (".nan", json!(".nan")),
        ] {
            assert_eq!(typed(text), value, "{text}");
        }
    }
}
