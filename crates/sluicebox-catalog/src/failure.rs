use crate::{CatalogError, Class};

/// Longest part of a catalog's own words that is passed on, in characters.
const WORDS_MAX: usize = 300;

/// Why a call failed. [`Failure::during`] adds what was asked, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What to do.
    pub(crate) class: Class,
    /// What happened and, where known, the cure. One line, no secrets.
    pub(crate) message: String,
}

impl Failure {
    /// A passing failure.
    pub(crate) fn retry(message: impl Into<String>) -> Self {
        let (class, message) = (Class::Retry, message.into());
        Self { class, message }
    }

    /// Somebody else was quicker.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        let (class, message) = (Class::Conflict, message.into());
        Self { class, message }
    }

    /// A failure that a person has to heal.
    pub(crate) fn fatal(message: impl Into<String>) -> Self {
        let (class, message) = (Class::Fatal, message.into());
        Self { class, message }
    }

    /// The failure of an operation on a table.
    pub(crate) fn during(
        self,
        catalog: &'static str,
        operation: &'static str,
        database: &str,
        table: &str,
    ) -> CatalogError {
        CatalogError {
            catalog,
            operation,
            subject: format!("{database}.{table}").escape_debug().to_string(),
            message: self.message,
            class: self.class,
        }
    }
}

/// A foreign text for people: in one line, without what is too long to read.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= WORDS_MAX {
        return line;
    }
    let start: String = line.chars().take(WORDS_MAX).collect();
    format!("{start} …")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of a foreign stack trace becomes one line that fits a log.
    #[test]
    fn foreign_texts_become_one_short_line() {
        assert_eq!(one_line(" a\n\tb\r\nc "), "a b c");
        let long = one_line(&"ä\n".repeat(10_000));
        assert_eq!(long.chars().count(), WORDS_MAX + 2);
        assert!(!long.contains('\n'));
    }
}
