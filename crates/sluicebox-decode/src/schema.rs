//! What is wrong with a declared schema, all of it at once.

use std::collections::HashSet;
use std::fmt;

use sluicebox_types::{Column, ColumnType, TableSchema};

/// How deep the declared types of a table may nest, whatever the limit for records is.
pub(crate) const NESTING_MAX: usize = 64;

const RESERVED: [&str; 4] = ["_kafka", "_extra", "dt", "hour"];

/// A schema that no table can have. Holds every mistake, not only the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SchemaError {
    mistakes: Vec<SchemaMistake>,
}

impl SchemaError {
    /// The mistakes, in the order of the columns; never empty.
    #[must_use]
    pub fn mistakes(&self) -> &[SchemaMistake] {
        &self.mistakes
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the schema cannot be used:")?;
        for mistake in &self.mistakes {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}

/// One mistake of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaMistake {
    /// The dotted path of the column: `legs.element.origin`; empty for the table itself.
    pub path: String,
    /// What is wrong with it.
    pub problem: SchemaProblem,
}

impl fmt::Display for SchemaMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return self.problem.fmt(f);
        }
        write!(f, "{}: {}", self.path, self.problem)
    }
}

/// What can be wrong with a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaProblem {
    /// A table or struct without columns.
    #[error("it has no columns; declare at least one")]
    Empty,
    /// A name that some engine would fold or refuse.
    #[error("the name must be lower snake case: a letter or `_`, then letters, digits and `_`")]
    Name,
    /// Two columns of one table or struct that engines cannot tell apart.
    #[error("another column has the same name (engines ignore case); rename one of them")]
    Duplicate,
    /// A name that the lake uses itself.
    #[error("the name is used by the table itself; choose another, and `from` to find the field")]
    Reserved,
    /// A decimal that no engine can store.
    #[error("decimal takes a precision of 1 to 38 and a scale of 0 to the precision")]
    Decimal,
    /// A column whose `from` leads nowhere.
    #[error("`from` is empty; name the field to read")]
    EmptyPath,
    /// Two columns from one field, or one from inside a field that is another's.
    #[error(
        "`from: {from}` meets another column at the field `{conflict}`; a field fills one column"
    )]
    PathTaken {
        /// The path of this column.
        from: String,
        /// Where it meets another's.
        conflict: String,
    },
    /// A type that nests deeper than records may, or than 64 levels.
    #[error("the type nests deeper than {0} levels of objects and arrays")]
    TooDeep(usize),
    /// A default that would not be accepted in a record.
    #[error("the default does not fit the type: {0}")]
    Default(String),
}

/// Mistakes as they are found.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<SchemaMistake>);

impl Mistakes {
    pub(crate) fn add(&mut self, path: &str, problem: SchemaProblem) {
        self.0.push(SchemaMistake {
            path: path.to_owned(),
            problem,
        });
    }

    pub(crate) fn into_result(self) -> Result<(), SchemaError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(SchemaError { mistakes: self.0 })
        }
    }
}

/// Finds the mistakes that names and types have by themselves. Paths and defaults are judged where
/// columns are built from them; a schema that nests too deep to build them is an error at once.
pub(crate) fn check(schema: &TableSchema, depth_max: usize) -> Result<Mistakes, SchemaError> {
    let mut check = Check {
        depth_max: depth_max.min(NESTING_MAX),
        mistakes: Mistakes::default(),
    };
    for column in &schema.columns {
        if RESERVED.contains(&column.name.to_lowercase().as_str()) {
            check.mistakes.add(&column.name, SchemaProblem::Reserved);
        }
    }
    check.columns(&schema.columns, "", 1);
    let mut problems = check.mistakes.0.iter().map(|mistake| &mistake.problem);
    if problems.any(|problem| matches!(problem, SchemaProblem::TooDeep(_))) {
        check.mistakes.into_result()?;
        return Ok(Mistakes::default());
    }
    Ok(check.mistakes)
}

/// The path of a column inside another.
pub(crate) fn dotted(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

struct Check {
    depth_max: usize,
    mistakes: Mistakes,
}

impl Check {
    /// `depth` is that of the JSON object the columns are read from.
    fn columns(&mut self, columns: &[Column], path: &str, depth: usize) {
        if columns.is_empty() {
            self.mistakes.add(path, SchemaProblem::Empty);
        }
        let mut names = HashSet::new();
        for column in columns {
            let path = dotted(path, &column.name);
            if !is_lower_snake_case(&column.name) {
                self.mistakes.add(&path, SchemaProblem::Name);
            }
            if !names.insert(column.name.to_lowercase()) {
                self.mistakes.add(&path, SchemaProblem::Duplicate);
            }
            if column.from.is_empty() {
                self.mistakes.add(&path, SchemaProblem::EmptyPath);
            }
            let depth = depth + column.from.len().saturating_sub(1);
            self.data_type(&column.data_type, &path, depth);
        }
    }

    /// `depth` is that of the JSON object or array around the value.
    fn data_type(&mut self, data_type: &ColumnType, path: &str, depth: usize) {
        if depth > self.depth_max {
            return self
                .mistakes
                .add(path, SchemaProblem::TooDeep(self.depth_max));
        }
        match data_type {
            ColumnType::Decimal { precision, scale }
                if !(1..=38).contains(precision) || scale > precision =>
            {
                self.mistakes.add(path, SchemaProblem::Decimal);
            }
            ColumnType::Struct(members) => self.columns(members, path, depth + 1),
            ColumnType::List(element) => {
                self.data_type(element, &format!("{path}.element"), depth + 1);
            }
            ColumnType::Map(value) => self.data_type(value, &format!("{path}.value"), depth + 1),
            _ => {}
        }
    }
}

fn is_lower_snake_case(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(inner)
        && !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
}
