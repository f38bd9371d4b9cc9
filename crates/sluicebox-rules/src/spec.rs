use std::fmt;

/// The longest expression, in bytes. A longer one is refused.
pub const EXPRESSION_BYTES_MAX: usize = 8 * 1024;

/// The deepest nesting of operators and calls in an expression, where each further `AND` or `+` of
/// a chain nests one deeper. What goes deeper is refused.
pub const NESTING_MAX: usize = 100;

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// Rejects the rows for which the expression is false.
    Expect,
    /// Leaves out the rows for which the expression is not true.
    Where,
    /// Adds a column with the expression's value.
    ///
    /// The column's type is the expression's, or the next larger one that every engine reads alike:
    /// unsigned integers become signed or decimal, times are cut to microseconds.
    Derive {
        /// The column's name: lower snake case, and of no other column.
        column: String,
    },
}

/// One rule of the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSpec {
    /// Its name, in metrics and rejects; of no other rule of the list.
    pub name: String,
    /// What it does.
    pub kind: RuleKind,
    /// Its expression.
    pub sql: String,
}

/// A mistake in a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    /// The rule's name.
    pub rule: String,
    /// What is wrong, and what would be right.
    pub message: String,
    /// Where in the expression: line and column, both counted from 1, columns in characters. `None`
    /// if the mistake is not in the expression.
    pub position: Option<(usize, usize)>,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule `{}`: {}", self.rule, self.message)?;
        match self.position {
            Some((line, column)) => write!(f, " (line {line}, column {column})"),
            None => Ok(()),
        }
    }
}
