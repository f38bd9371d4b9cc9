use std::borrow::Cow;
use std::fmt;

/// The step that judged a record bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Bytes did not become a row of the declared schema.
    Decode,
    /// A rule said no.
    Rules,
    /// The key of its dedup window could not be formed.
    Dedup,
    /// No usable event time, so no partition date.
    Partition,
}

impl Stage {
    /// The name used in headers, metrics and quarantine.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Rules => "rules",
            Self::Dedup => "dedup",
            Self::Partition => "partition",
        }
    }
}

macro_rules! reasons {
    ($($(#[doc = $meaning:literal])+ $name:ident = $code:literal @ $stage:ident,)+) => {
        /// Why a record was rejected: a closed list, one documented meaning each. The codes are
        /// part of the product's interface (headers, metrics, quarantine) and never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RejectReason {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl RejectReason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What the code means, for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($meaning),+).trim_ascii(),)+ }
            }

            /// The step that gives this reason.
            #[must_use]
            pub const fn stage(self) -> Stage {
                match self { $(Self::$name => Stage::$stage,)+ }
            }
        }
    };
}

reasons! {
    /// The value has zero bytes.
    EmptyValue = "empty_value" @ Decode,
    /// The value is null and the topic's tombstone policy is `dead_letter`.
    Tombstone = "tombstone" @ Decode,
    /// The value is larger than the topic's limit.
    TooLarge = "too_large" @ Decode,
    /// The value nests deeper than the topic's limit.
    TooDeep = "too_deep" @ Decode,
    /// The value is not UTF-8.
    InvalidUtf8 = "invalid_utf8" @ Decode,
    /// The value is not well-formed JSON, or is cut off.
    InvalidJson = "invalid_json" @ Decode,
    /// Something follows the first JSON document.
    TrailingData = "trailing_data" @ Decode,
    /// The value is JSON, but not an object.
    NotAnObject = "not_an_object" @ Decode,
    /// A field's JSON type is not the one its column takes.
    WrongType = "wrong_type" @ Decode,
    /// A required field is missing or null.
    MissingField = "missing_field" @ Decode,
    /// A number does not fit its column without loss.
    OutOfRange = "out_of_range" @ Decode,
    /// A text does not parse as its column's type (timestamp, date, decimal, uuid, base64).
    InvalidText = "invalid_text" @ Decode,
    /// An object names a declared field twice.
    DuplicateField = "duplicate_field" @ Decode,
    /// A declared field is absent, but one whose name differs in case only is there.
    FieldCase = "field_case" @ Decode,
    /// The record has a field that the schema does not declare and the policy is `reject`.
    UnknownField = "unknown_field" @ Decode,
    /// A rule's expression is false for the row.
    RuleFailed = "rule_failed" @ Rules,
    /// A rule's expression cannot be computed for the row (overflow, division by zero, bad cast).
    RuleError = "rule_error" @ Rules,
    /// The record lacks the key, header or field that its dedup key is made of.
    DedupKeyMissing = "dedup_key_missing" @ Dedup,
    /// The record has no event time and no fallback is configured.
    EventTimeMissing = "event_time_missing" @ Partition,
    /// The event time lies outside the topic's sanity range.
    EventTimeOutOfRange = "event_time_out_of_range" @ Partition,
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The verdict on one bad record. It is data, not an error: it is counted, kept and explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The code.
    pub reason: RejectReason,
    /// What exactly was wrong, naming the field and the type or rule, never the record's values.
    pub message: Cow<'static, str>,
}

impl Reject {
    /// A verdict.
    pub fn new(reason: RejectReason, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes are an interface: each is unique and in the form that labels and headers take.
    #[test]
    fn codes_are_unique_lower_snake_case_and_explained() {
        let mut codes: Vec<_> = RejectReason::ALL
            .iter()
            .map(|reason| reason.code())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RejectReason::ALL.len());
        for reason in RejectReason::ALL {
            let code = reason.code();
            assert!(
                code.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            assert!(reason.meaning().ends_with('.'), "{code} has no sentence");
        }
    }
}
