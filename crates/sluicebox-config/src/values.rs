//! Values that are written as text: durations, sizes, moments, places, names, secrets.

mod duration;
mod byte_size;
mod timestamp;
mod lake_url;
mod table_name;
mod secret;

pub use byte_size::ByteSize;
pub use duration::HumanDuration;
pub use lake_url::{BucketScheme, LakeUrl};
pub use secret::Secret;
pub use table_name::TableName;
pub use timestamp::Timestamp;

/// Why a text is not the value it should be. Never holds the text itself, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub(crate) std::borrow::Cow<'static, str>);

impl ValueError {
    pub(crate) fn new(reason: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

/// Serde and JSON Schema for a type that is written as text and has `FromStr` and `Display`.
///
/// `format` is the name under which the schema check finds the type's `FromStr`; `expected` says to
/// people what is taken.
macro_rules! text_value {
    ($type:ident, types = $types:tt, format = $format:literal, pattern = $pattern:literal,
     expected = $expected:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = $crate::values::TextOrInteger::deserialize(deserializer)?;
                text.into_text().parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": $types,
                    "format": $format,
                    "pattern": $pattern,
                    "x-expected": $expected,
                })
            }
        }
    };
}
use text_value;

/// What a text value may be in YAML: `128MiB` is text, `5_000_000` is an integer.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum TextOrInteger {
    Text(String),
    Integer(u64),
}

impl TextOrInteger {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Integer(integer) => integer.to_string(),
        }
    }
}
