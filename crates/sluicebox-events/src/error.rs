/// Why bytes are no event that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Larger than any event of Sluicebox.
    #[error("{bytes} bytes are too large: at most {bytes_max} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A version, of `CloudEvents` or of the data, that this version does not know.
    #[error("version `{0}` is not known: upgrade this Sluicebox, or send what it knows")]
    UnknownVersion(String),
    /// A type that is not ours: nothing is wrong with the event, it is for somebody else.
    #[error("type `{0}` is none of Sluicebox's")]
    UnknownType(String),
    /// No event, or one whose data does not fit its type.
    #[error("malformed: {0}")]
    Malformed(String),
}

impl EventError {
    /// A word for metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::UnknownVersion(_) => "unknown_version",
            Self::UnknownType(_) => "unknown_type",
            Self::Malformed(_) => "malformed",
        }
    }

    /// Names the attribute; values stay out of messages where they may be anything.
    pub(crate) fn attribute(name: &str, why: &str) -> Self {
        Self::Malformed(format!("attribute `{name}` {why}"))
    }
}
