//! A naive reading of a record: `serde_json`'s tree, then a row of it.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use sluicebox_decode::JsonDecoder;
use sluicebox_types::{Column, ColumnType};

use super::rows::rows;

/// What a decoder of default options takes.
const DEPTH_MAX: usize = 64;

/// Whether the decoder, which is empty and made for these columns, accepts what the naive reading
/// accepts, and makes the same row of it; if not, what each of them says.
pub(crate) fn agrees(
    decoder: &mut JsonDecoder,
    columns: &[Column],
    bytes: &[u8],
) -> Result<(), String> {
    let pushed = decoder.push(bytes).is_ok();
    let row = rows(&decoder.finish()).pop();
    let naive = match Naive::judge(columns, bytes) {
        Verdict::Unsure => return Ok(()),
        Verdict::Row(row) => Some(row),
        Verdict::Reject => None,
    };
    let same = match (&row, &naive) {
        (Some(row), Some(naive)) => is_same(row, naive),
        (row, naive) => row.is_none() && naive.is_none(),
    };
    if same && pushed == row.is_some() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(bytes);
    Err(format!("decoder {row:?}\nnaive {naive:?}\n{text}"))
}

/// Equal, but for the last digits of floats, which `serde_json` as built here does not always get
/// right.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| one.0 == other.0 && is_same(one.1, other.1))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() && other.is_f64() => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= 4.0 * f64::EPSILON * one.abs().max(f64::MIN_POSITIVE)
                || one.abs().max(other.abs()) < f64::MIN_POSITIVE * 10.0
        }
        _ => one == other,
    }
}

/// What the naive reading says of a document.
enum Verdict {
    Row(Value),
    Reject,
    /// `serde_json` refuses numbers that no double can hold, which the grammar allows; and of some
    /// doubles it cannot be told whether they were written as integers.
    Unsure,
}

/// A JSON tree that keeps repeated names.
enum Naive {
    Scalar(Value),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Naive {
    fn judge(columns: &[Column], bytes: &[u8]) -> Verdict {
        match serde_json::from_slice::<Self>(bytes) {
            Ok(tree) if tree.depth() > DEPTH_MAX => Verdict::Reject,
            Ok(tree @ Self::Object(_)) if tree.is_unclear() => Verdict::Unsure,
            Ok(tree @ Self::Object(_)) => {
                let row = tree.read(&ColumnType::Struct(columns.to_vec()));
                row.map_or(Verdict::Reject, Verdict::Row)
            }
            Err(error) if error.to_string().contains("out of range") => Verdict::Unsure,
            _ => Verdict::Reject,
        }
    }

    fn depth(&self) -> usize {
        let inner = match self {
            Self::Scalar(_) => return 0,
            Self::List(elements) => elements.iter().map(Self::depth).max(),
            Self::Object(fields) => fields.iter().map(|(_, value)| value.depth()).max(),
        };
        1 + inner.unwrap_or(0)
    }

    /// Whether there is a double in it that may have been an integer: one that 64 bits do not hold,
    /// or `-0`.
    fn is_unclear(&self) -> bool {
        match self {
            Self::Scalar(Value::Number(number)) if number.is_f64() => {
                let double = number.as_f64().unwrap_or_default();
                double.abs() >= 9e18 || (double == 0.0 && double.is_sign_negative())
            }
            Self::Scalar(_) => false,
            Self::List(elements) => elements.iter().any(Self::is_unclear),
            Self::Object(fields) => fields.iter().any(|(_, value)| value.is_unclear()),
        }
    }

    fn read(&self, data_type: &ColumnType) -> Option<Value> {
        if let Self::Scalar(Value::Null) = self {
            return Some(Value::Null);
        }
        match (data_type, self) {
            (ColumnType::Boolean, Self::Scalar(Value::Bool(value))) => Some(json!(value)),
            (ColumnType::String, Self::Scalar(Value::String(value))) => Some(json!(value)),
            (ColumnType::Bigint, Self::Scalar(value)) => Some(json!(value.as_i64()?)),
            (ColumnType::Int, Self::Scalar(value)) => {
                Some(json!(i32::try_from(value.as_i64()?).ok()?))
            }
            (ColumnType::Double, Self::Scalar(value)) => double(value),
            (ColumnType::List(element), Self::List(elements)) => {
                elements.iter().map(|value| value.read(element)).collect()
            }
            (ColumnType::Map(value), Self::Object(entries)) => {
                let mut keys: Vec<_> = entries.iter().map(|(key, _)| key).collect();
                keys.sort();
                keys.dedup();
                let pair = |(key, entry): &(String, Self)| Some(json!([key, entry.read(value)?]));
                let pairs: Option<Value> = entries.iter().map(pair).collect();
                pairs.filter(|_| keys.len() == entries.len())
            }
            (ColumnType::Struct(members), Self::Object(fields)) => {
                let member = |member: &Column| {
                    Some((member.name.clone(), member_of(member, members, fields)?))
                };
                members.iter().map(member).collect()
            }
            _ => None,
        }
    }
}

fn member_of(member: &Column, members: &[Column], fields: &[(String, Naive)]) -> Option<Value> {
    let mut found = fields.iter().filter(|(name, _)| *name == member.name);
    let value = match (found.next(), found.next()) {
        (Some((_, value)), None) => value.read(&member.data_type)?,
        (None, _) => {
            let declared = |name: &String| members.iter().any(|member| member.name == *name);
            let in_other_case =
                |(name, _): &(String, Naive)| name.to_lowercase() == member.name && !declared(name);
            if fields.iter().any(in_other_case) {
                return None;
            }
            Value::Null
        }
        (Some(_), Some(_)) => return None,
    };
    (!(member.required && value.is_null())).then_some(value)
}

/// Integers must survive the way to a double and back.
fn double(value: &Value) -> Option<Value> {
    let double = value.as_f64()?;
    let exact = !(value.is_i64() || value.is_u64()) || format!("{double:.0}") == format!("{value}");
    exact.then(|| json!(double))
}

impl<'de> Deserialize<'de> for Naive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tree;

        impl<'de> Visitor<'de> for Tree {
            type Value = Naive;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Naive, E> {
                Ok(Naive::Scalar(Value::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Naive, E> {
                Ok(Naive::Scalar(json!(value)))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Naive, E> {
                Ok(Naive::Scalar(json!(value)))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Naive, E> {
                Ok(Naive::Scalar(json!(value)))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Naive, E> {
                Ok(Naive::Scalar(json!(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Naive, E> {
                Ok(Naive::Scalar(json!(value)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Naive, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    elements.push(element);
                }
                Ok(Naive::List(elements))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Naive, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Naive::Object(fields))
            }
        }

        deserializer.deserialize_any(Tree)
    }
}
